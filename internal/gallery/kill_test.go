package gallery_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/gallerytest"
	"github.com/idem-id/idem/internal/store/storetest"
)

// TestKilledProcesses enrols faces in three processes that kill themselves at
// steps of the protocol or are killed at any moment, and are started again.
func TestKilledProcesses(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { killedProcesses(t, filepath.Join(t.TempDir(), "idem.db")) })
	t.Run("postgres", func(t *testing.T) { killedProcesses(t, storetest.PostgresURL(t)) })
}

func killedProcesses(t *testing.T, database string) {
	const atOnce = 8
	faces := rounds(t)
	future := &clock{}
	s, err := openDatabase(t.Context(), database, future.now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	id := storetest.NewOrganisation(t, s)
	live := newClient(s, sharedSealer{}, id, workerOptions)
	f := newFarm(t, database, id)
	var group errgroup.Group
	group.SetLimit(atOnce)
	for face := range faces {
		group.Go(func() error { return f.round(live, face) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	future.pass(time.Hour)
	settle(t, &f.history, f.acknowledged, faces, live, newClient(s, sharedSealer{}, id, workerOptions))
	f.compare(readTruth(t, live), faces)
	f.stop()
	t.Logf("%d enrolments, %d processes died", len(f.history.ops), f.died)
	if f.died == 0 {
		t.Error("no process died")
	}
}

// farm keeps three workers running and remembers what they answered.
type farm struct {
	t        *testing.T
	database string
	org      idem.OrgID
	history  history

	mu           sync.Mutex
	slots        [3]*process
	next         int
	died         int
	acknowledged map[int]idem.Seq
}

func newFarm(t *testing.T, database string, id idem.OrgID) *farm {
	f := &farm{t: t, database: database, org: id, acknowledged: map[int]idem.Seq{}}
	t.Cleanup(f.stop)
	return f
}

// round has every worker enrol the face at the same time. Now and then one is
// told to die at a step, or is killed from outside.
func (f *farm) round(live *client, face int) error {
	var group errgroup.Group
	for slot := range f.slots {
		fate := never
		if rand.IntN(20) == 0 {
			fate = step(rand.IntN(int(never)))
		}
		group.Go(func() error { return f.insist(slot, face, fate) })
	}
	if rand.IntN(20) == 0 {
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
		f.kill(rand.IntN(len(f.slots)))
	}
	err := group.Wait()
	_, identified := live.g.Identify(f.t.Context(), live.org, picture(face), anyone)
	return errors.Join(err, identified)
}

// insist repeats an enrolment until the client has a definite answer.
func (f *farm) insist(slot, face int, fate step) error {
	for {
		call := time.Now()
		answer, err := f.ask(slot, fmt.Sprintf("enrol %%d %d %d", face, fate))
		if err != nil {
			return err
		}
		result, text, _ := strings.Cut(answer, " ")
		switch outcome(result) {
		case accepted:
			seq, err := strconv.Atoi(text)
			if err != nil {
				return err
			}
			f.mu.Lock()
			f.acknowledged[face] = idem.Seq(seq)
			f.mu.Unlock()
			fallthrough
		case duplicate:
			f.history.add(face, outcome(result), call, time.Now())
			return nil
		case none, unknown:
			f.history.add(face, outcome(result), call, time.Now())
			fate = never
		default:
			return fmt.Errorf("enrol face %d: %s", face, answer)
		}
	}
}

// ask sends an order, in which %d stands for its number, and returns the
// answer: "unknown" when the process dies before it answers.
func (f *farm) ask(slot int, order string) (string, error) {
	p, id, err := f.process(slot)
	if err != nil {
		return "", err
	}
	return <-p.send(id, fmt.Sprintf(order, id)), nil
}

func (f *farm) process(slot int) (*process, int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	if p := f.slots[slot]; p != nil && !p.dead() {
		return p, f.next, nil
	}
	if f.slots[slot] != nil {
		f.died++
	}
	p, err := startProcess(f.database, f.org)
	f.slots[slot] = p
	return p, f.next, err
}

func (f *farm) kill(slot int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.slots[slot]; p != nil {
		_ = p.cmd.Process.Kill()
	}
}

// compare asks every worker for a whole gallery and holds it against the log.
func (f *farm) compare(w truth, faces int) {
	for face := 0; face < faces; face += 1 + faces/10 {
		var want []gallery.Match
		for _, c := range w.oracle.Search(gallerytest.Template(gallerytest.NewFaces(uint64(face)).Face()), anyone).Candidates {
			want = append(want, gallery.Match{Seq: c.Seq, Score: c.Score})
		}
		for slot := range f.slots {
			got, err := f.ask(slot, fmt.Sprintf("probe %%d %d", face))
			if err != nil || got != fmt.Sprint(digestMatches(want)) {
				f.t.Errorf("worker %d differs from the log: %s, %v", slot, got, err)
			}
		}
	}
}

// stop lets the workers end by themselves.
func (f *farm) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, p := range f.slots {
		if p != nil {
			_ = p.in.Close()
			<-p.gone
			f.slots[i] = nil
		}
	}
}

// process is one worker.
type process struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	gone chan struct{}

	mu      sync.Mutex
	waiting map[int]chan string // nil after the end
}

func startProcess(database string, id idem.OrgID) (*process, error) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envDatabase+"="+database, envOrg+"="+string(id))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, in: in, gone: make(chan struct{}), waiting: map[int]chan string{}}
	go p.read(out)
	return p, nil
}

func (p *process) dead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting == nil
}

// send gives an order; the answer comes through the channel, and always comes.
func (p *process) send(id int, order string) <-chan string {
	answer := make(chan string, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting == nil {
		answer <- string(unknown)
		return answer
	}
	p.waiting[id] = answer
	_, _ = io.WriteString(p.in, order+"\n") // a dead reader shows in read
	return answer
}

// read hands the answers out. At the end of the process all that wait learn
// that they will never know.
func (p *process) read(out io.Reader) {
	defer close(p.gone)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		text, answer, _ := strings.Cut(lines.Text(), " ")
		id, err := strconv.Atoi(text)
		p.mu.Lock()
		if ch := p.waiting[id]; ch != nil && err == nil {
			delete(p.waiting, id)
			ch <- answer
		}
		p.mu.Unlock()
	}
	_ = p.cmd.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, ch := range p.waiting {
		ch <- string(unknown)
	}
	p.waiting = nil
}
