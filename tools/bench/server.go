package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is an Idem process with a fresh organisation.
type server struct {
	cmd    *exec.Cmd
	url    string
	secret string
	client *http.Client
	ready  time.Duration // from the start of the process to readiness
}

var address = regexp.MustCompile(`listening address=(\S+)`)

// serve starts a server on the data folder, makes an organisation when secret
// is empty, and waits for readiness.
func (b *bench) serve(ctx context.Context, data, secret string) (*server, error) {
	began := time.Now()
	cmd := exec.CommandContext(ctx, b.program, "serve", "--data", data, "--listen", "127.0.0.1:0", "--models", b.models)
	cmd.Env = append(os.Environ(), b.env...)
	said, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd, secret: secret, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}}
	if s.url, err = findAddress(said); err == nil {
		err = s.waitReady(ctx)
	}
	s.ready = time.Since(began)
	if err == nil && secret == "" {
		s.secret, err = b.createOrg(ctx, data)
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func findAddress(said io.Reader) (string, error) {
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if m := address.FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, said) }()
			return "http://" + m[1], nil
		}
	}
	return "", fmt.Errorf("the server ended before it listened: %w", lines.Err())
}

func (s *server) waitReady(ctx context.Context) error {
	for range 60_000 {
		answer, err := s.client.Get(s.url + "/readyz")
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
	return fmt.Errorf("the server does not become ready")
}

func (b *bench) createOrg(ctx context.Context, data string) (secret string, err error) {
	out, err := b.idem(ctx, data, "org", "create", "Bench", "--json")
	if err != nil {
		return "", fmt.Errorf("create organisation: %w", err)
	}
	var org struct {
		Secret string `json:"secret_key"`
	}
	return org.Secret, json.Unmarshal(out, &org)
}

// idem runs a command on a data folder.
func (b *bench) idem(ctx context.Context, data string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, b.program, append(args, "--data", data)...)
	cmd.Env = append(os.Environ(), b.env...)
	return cmd.Output()
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// ticksPerSecond is the unit of /proc/PID/stat on Linux (USER_HZ).
const ticksPerSecond = 100

// cpu returns the CPU time that the server has used.
func (s *server) cpu() (time.Duration, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.cmd.Process.Pid), "stat"))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	total := int64(0)
	for _, field := range fields[11:15] { // user and system, its own and of the workers that ended
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		total += ticks
	}
	return time.Duration(total) * time.Second / ticksPerSecond, nil
}

// call sends one request and returns the body of a successful answer.
func (s *server) call(method, path, contentType string, body io.Reader) ([]byte, error) {
	request, err := http.NewRequest(method, s.url+path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+s.secret)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s %s", method, path, answer.Status, text)
	}
	return text, err
}
