package gallery_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/gallerytest"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/match"
)

func TestSearchFindsEarlierFacesOfOthers(t *testing.T) {
	r := newRig(t, gallery.Options{})
	face := r.faces.Face()
	known := r.enrol("anna", gallerytest.Template(face))
	own := r.enrol("boris", gallerytest.Template(face))
	r.enrol("clara", gallerytest.Template(r.faces.Face()))
	held := r.reserve(photoOf("boris", gallerytest.Template(r.faces.Mate(face, 0.8))))[0]
	later := r.enrol("dora", gallerytest.Template(face))
	got := r.search(held)
	if diff := cmp.Diff([]idem.Seq{known}, seqs(got)); diff != "" {
		t.Fatalf("matches (-want +got), own is %d, later is %d:\n%s", own, later, diff)
	}
	if m := got[0]; m.Subject != "anna" || m.Set != idem.SetPhoto || m.Score < 0.7 || m.Sample == "" {
		t.Errorf("match %+v", m)
	}
}

func TestSearchCoversItsSetsAlone(t *testing.T) {
	r := newRig(t, gallery.Options{})
	face := gallerytest.Template(r.faces.Face())
	seq := r.enrol("anna", face)
	if err := r.update(func(tx store.Tx) error { return r.Move(t.Context(), tx, seq, idem.SetDeleted) }); err != nil {
		t.Fatal(err)
	}
	held := r.reserve(photoOf("boris", face))[0]
	if got := r.search(held); len(got) != 0 {
		t.Errorf("found %v in another set", got)
	}
	got, err := held.Search(t.Context(), gallery.Rule{Sets: []idem.Set{idem.SetDeleted}, Floor: 0.56})
	if err != nil || len(got) != 1 || got[0].Set != idem.SetDeleted {
		t.Errorf("in its own set: %v, %v", got, err)
	}
	if _, err := held.Search(t.Context(), gallery.Rule{}); !errors.Is(err, gallery.ErrNoSets) {
		t.Errorf("no sets: %v", err)
	}
}

func TestSearchWaitsForTheEarlierEntry(t *testing.T) {
	for _, accept := range []bool{true, false} {
		r := newRig(t, gallery.Options{})
		face := gallerytest.Template(r.faces.Face())
		held := r.reserve(photoOf("anna", face), photoOf("boris", face))
		first, second := held[0], held[1]
		answers := make(chan []gallery.Match)
		go func() { answers <- r.search(second) }()
		if got := r.search(first); len(got) != 0 {
			t.Fatalf("the first entry found %v: waiting must go downward only", got)
		}
		select {
		case got := <-answers:
			t.Fatalf("the second search answered %v before the first was decided", got)
		case <-time.After(20 * time.Millisecond):
		}
		want := []idem.Seq{}
		if accept {
			r.activate(first)
			want = append(want, first.Seq())
		} else if err := first.Withdraw(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, seqs(<-answers)); diff != "" {
			t.Errorf("accepted %v (-want +got):\n%s", accept, diff)
		}
	}
}

func TestSettledSearchDoesNotWait(t *testing.T) {
	r := newRig(t, gallery.Options{})
	face := gallerytest.Template(r.faces.Face())
	known := r.enrol("anna", face)
	held := r.reserve(photoOf("boris", face), photoOf("clara", face))
	settled := rule
	settled.Settles = 0.9
	got, err := held[1].Search(soon(t), settled)
	if err != nil || !slices.Equal(seqs(got), []idem.Seq{known}) {
		t.Errorf("found %v, %v, want %d without waiting for %d", got, err, known, held[0].Seq())
	}
}

func TestWithdrawnCandidateMakesRoom(t *testing.T) {
	r := newRig(t, gallery.Options{})
	face := r.faces.Face()
	known := r.enrol("anna", gallerytest.Template(r.faces.Mate(face, 0.7)))
	held := r.reserve(photoOf("boris", gallerytest.Template(face)), photoOf("clara", gallerytest.Template(face)))
	answers := make(chan []gallery.Match)
	go func() {
		got, err := held[1].Search(soon(t), gallery.Rule{Sets: rule.Sets, Floor: rule.Floor, K: 1})
		if err != nil {
			t.Error(err)
		}
		answers <- got
	}()
	for r.Stats().Waits == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := held[0].Withdraw(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-answers; !slices.Equal(seqs(got), []idem.Seq{known}) {
		t.Errorf("found %v, want the second best candidate %d", got, known)
	}
}

func TestWaitLimit(t *testing.T) {
	r := newRig(t, gallery.Options{WaitLimit: 30 * time.Millisecond})
	face := gallerytest.Template(r.faces.Face())
	held := r.reserve(photoOf("anna", face), photoOf("boris", face))
	_, err := held[1].Search(soon(t), rule)
	var refusal *idem.Error
	if !errors.As(err, &refusal) || !errors.Is(err, gallery.ErrBusy) || refusal.Kind != idem.Unavailable {
		t.Fatalf("got %v, want GALLERY_BUSY", err)
	}
	if refusal.Details["retry_after"] != 10 {
		t.Errorf("details %v, want a retry_after of 10 seconds", refusal.Details)
	}
	if s := r.Stats(); s.Busy != 1 || s.Waits != 1 {
		t.Errorf("stats %+v", s)
	}
	if err := held[1].Withdraw(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.search(held[0]); len(got) != 0 {
		t.Errorf("the earlier entry found %v", got)
	}
}

func TestStuckDatabaseEndsAtTheLimits(t *testing.T) {
	r := newRig(t, gallery.Options{WaitLimit: 60 * time.Millisecond})
	face := gallerytest.Template(r.faces.Face())
	held := r.reserve(photoOf("anna", face), photoOf("boris", face))
	if err := r.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.store.stuck.Store(true)
	if _, err := held[1].Search(soon(t), rule); !errors.Is(err, gallery.ErrBusy) {
		t.Errorf("search: %v, want GALLERY_BUSY", err)
	}
	if _, err := r.Identify(soon(t), org, face, anyone); !errors.Is(err, gallery.ErrBehind) {
		t.Errorf("identify: %v, want GALLERY_BEHIND", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := held[1].Search(ctx, rule); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled search: %v", err)
	}
}

func TestExpiredLeaseIsTakenOver(t *testing.T) {
	r := newRig(t, gallery.Options{})
	face := gallerytest.Template(r.faces.Face())
	dead := r.reserve(photoOf("anna", face))[0]
	r.store.pass(time.Minute)
	held := r.again(gallery.Options{}).reserve(photoOf("boris", face))[0]
	if got := r.search(held); len(got) != 0 {
		t.Errorf("found %v, want nothing: the lease of %d had ended", got, dead.Seq())
	}
	err := r.update(func(tx store.Tx) error { return dead.Activate(t.Context(), tx) })
	if !errors.Is(err, gallery.ErrLeaseLost) || idem.KindOf(err) != idem.Conflict {
		t.Errorf("a lost lease activates: %v", err)
	}
	if err := r.update(func(tx store.Tx) error { return dead.WithdrawTx(t.Context(), tx) }); !errors.Is(err, gallery.ErrLeaseLost) {
		t.Errorf("a lost lease withdraws: %v", err)
	}
	if err := dead.Withdraw(t.Context()); err != nil {
		t.Errorf("Withdraw after the fact: %v", err)
	}
	if r.store.logs[org].templates[dead.Seq()] != nil {
		t.Error("the template of a withdrawn entry is still stored")
	}
}

func TestSweepWithdrawsWhatExpired(t *testing.T) {
	r := newRig(t, gallery.Options{})
	face := gallerytest.Template(r.faces.Face())
	for i := range 150 {
		r.reserve(photoOf(subject(i), face))
	}
	r.store.pass(time.Minute)
	fresh := r.reserve(photoOf("boris", face))[0]
	if n, err := r.Sweep(t.Context()); n != 150 || err != nil {
		t.Fatalf("swept %d, %v; want 150", n, err)
	}
	if got := r.search(fresh); len(got) != 0 {
		t.Errorf("found %v", got)
	}
	if got := len(r.store.logs[org].templates); got != 1 {
		t.Errorf("%d templates are stored, want the fresh one alone", got)
	}
}

func TestDecidingTwice(t *testing.T) {
	r := newRig(t, gallery.Options{})
	held := r.reserve(photoOf("anna", gallerytest.Template(r.faces.Face())))[0]
	failed := errors.New("later failure")
	err := r.update(func(tx store.Tx) error {
		if err := held.Activate(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	r.activate(held) // the first attempt was rolled back
	if err := r.update(func(tx store.Tx) error { return held.Activate(t.Context(), tx) }); !errors.Is(err, gallery.ErrLeaseLost) {
		t.Errorf("activated twice: %v", err)
	}
	if err := held.Withdraw(t.Context()); err != nil {
		t.Error(err)
	}
	if got := len(r.store.logs[org].rows); got != 2 {
		t.Errorf("%d rows, want reserve and activate", got)
	}
}

func TestDecisionsStayInTheirOrganisation(t *testing.T) {
	r := newRig(t, gallery.Options{})
	r.store.logs["other"] = newMemLog()
	held := r.reserve(photoOf("anna", gallerytest.Template(r.faces.Face())))[0]
	err := r.store.Update(t.Context(), "other", func(tx store.Tx) error { return held.Activate(t.Context(), tx) })
	if err == nil {
		t.Error("activated in another organisation")
	}
}

func TestReserveIsOneTransaction(t *testing.T) {
	r := newRig(t, gallery.Options{})
	face := gallerytest.Template(r.faces.Face())
	failed := errors.New("no")
	var named []idem.Seq
	_, err := r.Reserve(t.Context(), org, []gallery.Entry{photoOf("anna", face), photoOf("boris", face)},
		func(_ store.Tx, seqs []idem.Seq) error { named = seqs; return failed })
	if !errors.Is(err, failed) || len(r.store.logs[org].rows) != 0 || len(r.store.logs[org].pending) != 0 {
		t.Errorf("err %v, rows %v", err, r.store.logs[org].rows)
	}
	if !slices.Equal(named, []idem.Seq{1, 2}) {
		t.Errorf("named %v", named)
	}
}

func TestReserveRefusesForeignTemplates(t *testing.T) {
	r := newRig(t, gallery.Options{})
	foreign, err := match.Quantise(gallerytest.Model.Short+1, r.faces.Face())
	if err != nil {
		t.Fatal(err)
	}
	whole := photoOf("anna", gallerytest.Template(r.faces.Face()))
	nameless := whole
	nameless.Subject = ""
	for want, entry := range map[error]gallery.Entry{
		gallery.ErrModel: photoOf("anna", foreign), gallery.ErrEntry: nameless,
	} {
		if _, err := r.Reserve(t.Context(), org, []gallery.Entry{whole, entry}, nil); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	if _, err := r.Identify(t.Context(), org, match.Template{}, gallery.Query{Sets: rule.Sets}); !errors.Is(err, gallery.ErrModel) {
		t.Errorf("empty probe: %v", err)
	}
}

// slowIndex holds searches back until the test lets them go.
type slowIndex struct {
	gallery.Index
	entered chan struct{}
	release chan struct{}
	armed   atomic.Bool
}

func newSlowIndex() *slowIndex {
	return &slowIndex{Index: newIndex(), entered: make(chan struct{}, 1), release: make(chan struct{})}
}

func (s *slowIndex) Search(ctx context.Context, log gallery.Log, probe match.Template, q gallery.Query, at idem.Seq) (gallery.Found, error) {
	if s.armed.Load() {
		s.entered <- struct{}{}
		select {
		case <-s.release:
		case <-ctx.Done():
			return gallery.Found{}, ctx.Err()
		}
	}
	return s.Index.Search(ctx, log, probe, q, at)
}

func TestSlowSearchRenewsTheLeasesOfItsBlock(t *testing.T) {
	index := newSlowIndex()
	index.armed.Store(true)
	r := newRigOn(t, newMemStore(), newMemSealer(), index, gallery.Options{Lease: 30 * time.Millisecond})
	face := r.faces.Face()
	held := r.reserve(photoOf("anna", gallerytest.Template(face)), photoOf("boris", gallerytest.Template(r.faces.Face())))
	done := make(chan error)
	go func() {
		_, err := held[0].Search(t.Context(), rule)
		done <- err
	}()
	<-index.entered
	for range 5 { // the store's clock runs only as fast as the leases are renewed
		r.waitFor(func(l *memLog) bool { return l.pending[1].Until.After(r.store.now.Add(20 * time.Millisecond)) })
		r.store.pass(20 * time.Millisecond)
		if n, err := r.Sweep(t.Context()); n != 0 || err != nil {
			t.Fatalf("swept %d, %v in spite of the renewals", n, err)
		}
	}
	close(index.release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	r.activate(held...)
}

// waitFor returns when the organisation's log has a property.
func (r *rig) waitFor(property func(*memLog) bool) {
	r.t.Helper()
	ctx := soon(r.t)
	for ctx.Err() == nil {
		r.store.mu.RLock()
		ok := property(r.store.logs[org])
		r.store.mu.RUnlock()
		if ok {
			return
		}
		time.Sleep(time.Millisecond)
	}
	r.t.Fatal("the log never got there")
}

func TestLostLeaseEndsTheSearch(t *testing.T) {
	index := newSlowIndex()
	index.armed.Store(true)
	r := newRigOn(t, newMemStore(), newMemSealer(), index, gallery.Options{Lease: 90 * time.Millisecond})
	held := r.reserve(photoOf("anna", gallerytest.Template(r.faces.Face())))[0]
	done := make(chan error)
	go func() {
		_, err := held.Search(t.Context(), rule)
		done <- err
	}()
	<-index.entered
	r.store.mu.Lock()
	clear(r.store.logs[org].pending) // somebody else has decided it
	r.store.mu.Unlock()
	if err := <-done; !errors.Is(err, gallery.ErrLeaseLost) {
		t.Errorf("got %v, want ErrLeaseLost", err)
	}
}
