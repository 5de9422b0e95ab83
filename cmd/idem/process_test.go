package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/models"
	"github.com/idem-id/idem/internal/store/storetest"
)

// The test binary is the program itself when this variable is set: what runs is
// what was compiled for the test, race detector included.
const asProgram = "IDEM_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// place is one installation: a data folder and the database beside it.
type place struct {
	data     string
	database string // empty: SQLite inside data
	models   string
	flags    []string // of the server
}

// eachDatabase runs f on an empty installation of either kind.
func eachDatabase(t *testing.T, f func(t *testing.T, p place)) {
	t.Run("sqlite", func(t *testing.T) { f(t, newPlace(t, "")) })
	t.Run("postgres", func(t *testing.T) { f(t, newPlace(t, storetest.PostgresURL(t))) })
}

func newPlace(t *testing.T, database string) place {
	t.Helper()
	folder, err := models.Dir(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	if err := models.Verify(t.Context(), folder); err != nil {
		t.Fatalf("the tests need the models: run make models (%v)", err)
	}
	return place{data: filepath.Join(t.TempDir(), "data"), database: database, models: folder}
}

func (p place) args(args ...string) []string {
	args = append(args, "--data", p.data, "--models", p.models)
	if p.database != "" {
		args = append(args, "--database", p.database)
	}
	return args
}

func program(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// try runs one command and returns its standard output and its failure, with
// what it said.
func (p place) try(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := program(t.Context(), p.args(args...)...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("idem %v: %w: %s", args, err, said.String())
	}
	return out.String(), nil
}

func (p place) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := p.try(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (p place) createOrg(t *testing.T, args ...string) createdOrg {
	t.Helper()
	var org createdOrg
	out := p.run(t, append([]string{"org", "create", "Bank", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &org); err != nil {
		t.Fatalf("org create printed %q: %v", out, err)
	}
	return org
}

// running is a server under test.
type running struct {
	url  string
	cmd  *exec.Cmd
	mu   sync.Mutex
	said bytes.Buffer
	done chan struct{}
}

var listening = regexp.MustCompile(`listening address=(\S+)`)

// serve starts the server on a free loopback port and waits until it listens.
func (p place) serve(t *testing.T, wrap ...string) *running {
	t.Helper()
	args := append(p.args("serve", "--listen", "127.0.0.1:0"), p.flags...)
	cmd := program(context.Background(), args...)
	if len(wrap) > 0 {
		cmd.Path, cmd.Args = wrap[0], append(append([]string{}, wrap...), cmd.Args...)
	}
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &running{cmd: cmd, done: make(chan struct{})}
	address := make(chan string, 1)
	go s.listen(pipe, address)
	t.Cleanup(func() { s.kill(syscall.SIGKILL) })
	select {
	case a := <-address:
		s.url = "http://" + a
	case <-s.done:
		t.Fatalf("the server ended: %s", s.log())
	case <-time.After(2 * time.Minute):
		t.Fatalf("the server does not listen: %s", s.log())
	}
	return s
}

func (s *running) listen(pipe io.Reader, address chan<- string) {
	defer close(s.done)
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		s.mu.Lock()
		s.said.WriteString(lines.Text() + "\n")
		s.mu.Unlock()
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			address <- m[1]
		}
	}
}

func (s *running) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

// kill ends the server by a signal and waits for it.
func (s *running) kill(signal syscall.Signal) error {
	if s.cmd.ProcessState != nil {
		return nil
	}
	_ = s.cmd.Process.Signal(signal)
	<-s.done
	err := s.cmd.Wait()
	var exit *exec.ExitError
	if signal == syscall.SIGKILL && errors.As(err, &exit) {
		return nil
	}
	return err
}
