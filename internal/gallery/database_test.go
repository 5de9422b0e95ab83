package gallery_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/gallerytest"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
	"github.com/idem-id/idem/match"
)

// rounds is how many faces the crash tests enrol: 200, or IDEM_ROUNDS.
func rounds(t *testing.T) int {
	text := os.Getenv("IDEM_ROUNDS")
	if text == "" {
		return 200
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("IDEM_ROUNDS is %q, want a positive number", text)
	}
	return n
}

// client enrols faces through one gallery, as a use case does.
type client struct {
	g   *gallery.Gallery
	s   store.Store
	org idem.OrgID
}

func newClient(s store.Store, sealer store.Sealer, id idem.OrgID, o gallery.Options) *client {
	return &client{gallery.New(s, sealer, newIndex(), gallerytest.Model, o), s, id}
}

// picture returns the template of one more picture of a numbered face.
func picture(face int) match.Template {
	source := gallerytest.NewFaces(uint64(face))
	vector := source.Face()
	return gallerytest.Template(gallerytest.NewFaces(rand.Uint64()).Mate(vector, 0.9))
}

// entryOf makes a fresh subject whose name tells the face.
func entryOf(face int) gallery.Entry {
	subject := fmt.Sprintf("%d:%s", face, uuid.NewString())
	return gallery.Entry{
		Set: idem.SetPhoto, Subject: subject, Sample: uuid.NewString(), Key: idem.DataKeyID(uuid.NewString()), Template: picture(face),
	}
}

func faceOf(subject string) int {
	text, _, _ := strings.Cut(subject, ":")
	face, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return face
}

// step is a place in an enrolment at which a client may die.
type step int

const (
	afterReserve step = iota
	afterSearch
	duringDecision
	afterDecision
	never
)

// errDied is the outcome of a client that died in the middle.
var errDied = errors.New("the client died")

// enrol runs one enrolment and returns what the client learned. die is called
// at every step; when it returns true the enrolment is abandoned there.
func (c *client) enrol(ctx context.Context, e gallery.Entry, die func(step) bool) (outcome, idem.Seq, error) {
	held, err := c.g.Reserve(ctx, c.org, []gallery.Entry{e}, nil)
	if err != nil {
		return none, 0, err
	}
	r := held[0]
	if die(afterReserve) {
		return unknown, r.Seq(), errDied
	}
	known, err := r.Search(ctx, rule)
	if err != nil {
		return none, r.Seq(), errors.Join(err, r.Withdraw(ctx))
	}
	for _, m := range known {
		if m.Seq >= r.Seq() {
			return none, r.Seq(), fmt.Errorf("entry %d found the later entry %d", r.Seq(), m.Seq)
		}
	}
	if die(afterSearch) {
		return unknown, r.Seq(), errDied
	}
	return c.decide(ctx, r, len(known) > 0, die)
}

func (c *client) decide(ctx context.Context, r *gallery.Reservation, isKnown bool, die func(step) bool) (outcome, idem.Seq, error) {
	result, act := accepted, r.Activate
	if isKnown {
		result, act = duplicate, r.WithdrawTx
	}
	err := c.s.Update(ctx, c.org, func(tx store.Tx) error {
		if err := act(ctx, tx); err != nil {
			return err
		}
		if die(duringDecision) {
			return errDied
		}
		return nil
	})
	switch {
	case errors.Is(err, errDied):
		return unknown, r.Seq(), err
	case err != nil:
		return none, r.Seq(), errors.Join(err, r.Withdraw(ctx))
	case die(afterDecision):
		return unknown, r.Seq(), errDied
	}
	return result, r.Seq(), nil
}

func alive(step) bool { return false }

// retryable reports refusals that a client answers by repeating its request.
func retryable(err error) bool {
	return errors.Is(err, gallery.ErrLeaseLost) || errors.Is(err, gallery.ErrBusy)
}

// insist enrols until the answer is definite and records every attempt.
func (c *client) insist(t *testing.T, h *history, face int, die func(step) bool) (outcome, idem.Seq) {
	for {
		call := time.Now()
		result, seq, err := c.enrol(t.Context(), entryOf(face), die)
		h.add(face, result, call, time.Now())
		switch {
		case err == nil || errors.Is(err, errDied):
			return result, seq
		case !retryable(err):
			t.Errorf("enrol face %d: %v", face, err)
			return result, seq
		}
	}
}

// truth is the content of a log by the plainest reading of it.
type truth struct {
	oracle  *gallerytest.Oracle
	active  map[idem.Seq]int // faces by entry
	pending map[idem.Seq]int
}

// readTruth reads the whole log and opens every template that stands.
func readTruth(t *testing.T, c *client) truth {
	t.Helper()
	if _, err := c.g.Verify(t.Context(), c.org); err != nil {
		t.Fatalf("verify the log: %v", err)
	}
	var rows []store.StoredRow
	err := c.s.View(t.Context(), c.org, func(tx store.Tx) (err error) {
		rows, err = tx.Gallery().Rows(t.Context(), gallerytest.Model.ID, 0, 1_000_000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tell(t, c, rows)
}

func tell(t *testing.T, c *client, rows []store.StoredRow) truth {
	t.Helper()
	out := truth{gallerytest.NewOracle(), map[idem.Seq]int{}, map[idem.Seq]int{}}
	for _, row := range rows {
		change := gallery.Change{Seq: row.Seq, Op: row.Op, Ref: row.Ref, Set: row.Set}
		switch row.Op {
		case idem.OpReserve:
			out.pending[row.Ref] = faceOf(row.Subject)
			if row.Sealed != nil {
				e, err := c.g.Entry(t.Context(), c.org, row.Seq)
				if err != nil {
					t.Fatal(err)
				}
				change.Template = e.Template
			}
		case idem.OpActivate:
			face, ok := out.pending[row.Ref]
			if !ok {
				t.Errorf("row %d activates the entry %d, which is not pending", row.Seq, row.Ref)
			}
			out.active[row.Ref] = face
			delete(out.pending, row.Ref)
		case idem.OpWithdraw:
			if _, ok := out.pending[row.Ref]; !ok {
				t.Errorf("row %d withdraws the entry %d, which is not pending", row.Seq, row.Ref)
			}
			delete(out.pending, row.Ref)
		}
		out.oracle.Apply([]gallery.Change{change}, row.Seq)
	}
	return out
}

// unique fails unless every face has exactly one active entry.
func (w truth) unique(t *testing.T, faces int) {
	t.Helper()
	count := make([]int, faces)
	for _, face := range w.active {
		count[face]++
	}
	for face, n := range count {
		if n != 1 {
			t.Errorf("face %d has %d active entries, want 1", face, n)
		}
	}
}

// equals fails unless the gallery answers like the log read by hand.
func (w truth) equals(t *testing.T, c *client, name string, faces int) {
	t.Helper()
	for face := 0; face < faces; face += 1 + faces/25 {
		probe := picture(face)
		answer, err := c.g.Identify(t.Context(), c.org, probe, anyone)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []gallery.Candidate
		for _, m := range answer.Matches {
			got = append(got, gallery.Candidate{Seq: m.Seq, Score: m.Score})
		}
		want := w.oracle.Search(probe, anyone).Candidates
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s differs from the log (-want +got):\n%s", name, diff)
		}
	}
}

// settle lets every lease end and checks all that must hold at the end of a
// run: the history, the log, and that the clients' galleries and one read
// afresh agree with it.
func settle(t *testing.T, h *history, acknowledged map[int]idem.Seq, faces int, clients ...*client) {
	t.Helper()
	h.check(t)
	last := clients[len(clients)-1]
	if _, err := last.g.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := readTruth(t, last)
	if len(w.pending) > 0 {
		t.Errorf("%d entries are pending after the sweep", len(w.pending))
	}
	w.unique(t, faces)
	for face, seq := range acknowledged {
		if got, ok := w.active[seq]; !ok || got != face {
			t.Errorf("the acknowledged enrolment of face %d at %d is lost", face, seq)
		}
	}
	for i, c := range clients {
		w.equals(t, c, fmt.Sprintf("gallery %d", i), faces)
	}
}

// clock is the databases' time, which a test may put forward.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// pair is two clients over one database, as two processes.
type pair struct {
	a, b   *client
	sealer *storetest.Keys
	clock  *clock
}

// eachPair runs f on every backend.
func eachPair(t *testing.T, o gallery.Options, f func(t *testing.T, p pair)) {
	shared := &clock{}
	sealer := storetest.Sealer()
	storetest.Twice(t, func(t *testing.T, a, b store.Store) {
		id := storetest.NewOrganisation(t, a)
		f(t, pair{newClient(a, sealer, id, o), newClient(b, sealer, id, o), sealer, shared})
	}, storetest.WithSealer(sealer), storetest.WithClock(shared.now))
}

// fresh is a client that has read nothing yet.
func (p pair) fresh(o gallery.Options) *client { return newClient(p.b.s, p.sealer, p.b.org, o) }
