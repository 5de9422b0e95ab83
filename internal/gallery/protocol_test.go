package gallery_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/store"
)

// TestOneFaceOfManyEnrolments lets 64 clients in two processes enrol one face
// at the same time, beside enrolments of other faces.
func TestOneFaceOfManyEnrolments(t *testing.T) {
	const enrolments, others = 64, 16
	patient := gallery.Options{Lease: time.Minute, WaitLimit: 5 * time.Minute}
	eachPair(t, patient, func(t *testing.T, p pair) {
		var h history
		var wg sync.WaitGroup
		for i := range enrolments {
			wg.Go(func() { []*client{p.a, p.b}[i%2].insist(t, &h, 0, alive) })
		}
		for i := range others {
			wg.Go(func() {
				if got, _ := []*client{p.a, p.b}[i%2].insist(t, &h, 1+i, alive); got != accepted {
					t.Errorf("face %d: %s, want accepted", 1+i, got)
				}
			})
		}
		wg.Wait()
		if a, d := h.count(0, accepted), h.count(0, duplicate); a != 1 || d != enrolments-1 {
			t.Errorf("%d accepted and %d duplicates of %d", a, d, enrolments)
		}
		settle(t, &h, nil, 1+others, p.a, p.b, p.fresh(patient))
	})
}

// TestCrashBetweenTheSteps abandons enrolments at every step of the protocol,
// or lets them sleep longer than their lease and then go on. Of each face one
// client at least lives and insists.
func TestCrashBetweenTheSteps(t *testing.T) {
	const perFace, atOnce = 4, 24
	o := gallery.Options{Lease: 400 * time.Millisecond, WaitLimit: time.Minute}
	eachPair(t, o, func(t *testing.T, p pair) {
		faces := rounds(t)
		var h history
		var mu sync.Mutex
		acknowledged := map[int]idem.Seq{}
		var group errgroup.Group
		group.SetLimit(atOnce)
		for i := range faces * perFace {
			face, mortal := i/perFace, i%perFace > 0
			group.Go(func() error {
				die := alive
				if mortal {
					die = randomFate(o.Lease)
				}
				result, seq := []*client{p.a, p.b}[rand.IntN(2)].insist(t, &h, face, die)
				if result == accepted {
					mu.Lock()
					defer mu.Unlock()
					acknowledged[face] = seq
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		p.clock.pass(time.Hour)
		settle(t, &h, acknowledged, faces, p.a, p.b, p.fresh(o))
		if len(acknowledged) == 0 {
			t.Error("no enrolment was acknowledged")
		}
	})
}

// randomFate makes a client die at a step or nowhere, or oversleep once.
func randomFate(lease time.Duration) func(step) bool {
	fate, late := step(rand.IntN(int(never)+1)), rand.IntN(10) == 0
	return func(at step) bool {
		if late && at == fate {
			late = false
			time.Sleep(lease * 5 / 4)
			fate = never
		}
		return at == fate
	}
}

// TestWaitersTakeOverOnBothDatabases has a dead client in front of a line of
// waiters in two processes. Other faces pass them by.
func TestWaitersTakeOverOnBothDatabases(t *testing.T) {
	o := gallery.Options{Lease: 20 * time.Second, WaitLimit: time.Minute}
	eachPair(t, o, func(t *testing.T, p pair) {
		dead, err := p.a.g.Reserve(t.Context(), p.a.org, []gallery.Entry{entryOf(0)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var h history
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() { []*client{p.a, p.b}[i%2].insist(t, &h, 0, alive) })
		}
		for p.a.g.Stats().Waits+p.b.g.Stats().Waits < 2 {
			time.Sleep(time.Millisecond)
		}
		if got, _ := p.b.insist(t, &h, 1, alive); got != accepted {
			t.Errorf("another face: %s, want accepted", got)
		}
		p.clock.pass(time.Minute) // every lease ends, those of the waiters are lost with it
		wg.Wait()
		err = p.a.s.Update(t.Context(), p.a.org, func(tx store.Tx) error { return dead[0].Activate(t.Context(), tx) })
		if !errors.Is(err, gallery.ErrLeaseLost) {
			t.Errorf("the dead client's entry was activated: %v", err)
		}
		p.clock.pass(time.Hour)
		settle(t, &h, nil, 2, p.a, p.b, p.fresh(o))
	})
}

// TestLifeOnBothDatabases moves, replaces and removes entries in one process
// and looks at them from the other.
func TestLifeOnBothDatabases(t *testing.T) {
	eachPair(t, gallery.Options{}, func(t *testing.T, p pair) {
		var seqs []idem.Seq
		change := func(f func(store.Tx) error) {
			t.Helper()
			if err := p.a.s.Update(t.Context(), p.a.org, f); err != nil {
				t.Fatal(err)
			}
		}
		anna, boris := entryOf(1), entryOf(2)
		change(func(tx store.Tx) (err error) {
			seqs, err = p.a.g.Add(t.Context(), tx, []gallery.Entry{anna, boris})
			return err
		})
		sees := func(face int, want ...idem.Seq) {
			t.Helper()
			answer, err := p.b.g.Identify(t.Context(), p.b.org, picture(face), gallery.Query{Sets: rule.Sets, Floor: 0.56})
			if err != nil || len(answer.Matches) != len(want) || (len(want) == 1 && answer.Matches[0].Seq != want[0]) {
				t.Fatalf("face %d: %+v, %v; want %v", face, answer, err, want)
			}
		}
		sees(1, seqs[0])
		sees(2, seqs[1])
		change(func(tx store.Tx) error { return p.a.g.Move(t.Context(), tx, seqs[0], idem.SetDeleted) })
		sees(1)
		change(func(tx store.Tx) error { return p.a.g.Move(t.Context(), tx, seqs[0], idem.SetPhoto) })
		sees(1, seqs[0])
		change(func(tx store.Tx) error { return p.a.g.Remove(t.Context(), tx, seqs[1]) })
		p.sealer.Destroy(boris.Key)
		sees(2)
		sees(1, seqs[0])
		late := p.fresh(gallery.Options{Page: 2})
		if err := errors.Join(late.g.CatchUp(t.Context()), late.g.Ready(t.Context())); err != nil {
			t.Errorf("a process that starts after the erasure: %v", err)
		}
		p.sealer.Destroy(anna.Key)
		if err := p.fresh(gallery.Options{}).g.CatchUp(t.Context()); !errors.Is(err, gallery.ErrKeyMissing) {
			t.Errorf("with the key of a standing entry gone: %v", err)
		}
	})
}
