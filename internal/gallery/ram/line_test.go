package ram_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/gallerytest"
	"github.com/idem-id/idem/internal/gallery/ram"
	"github.com/idem-id/idem/match"
)

var (
	log      = gallery.Log{Org: "one", Model: gallerytest.Model.ID}
	otherLog = gallery.Log{Org: "other", Model: gallerytest.Model.ID}
	bothSets = []idem.Set{idem.SetPhoto, idem.SetDeleted}
)

// town is an index beside the oracle that was told the same.
type town struct {
	t      *testing.T
	x      *ram.Index
	oracle *gallerytest.Oracle
	faces  *gallerytest.Faces
	made   []match.Template
	seq    idem.Seq
}

func newTown(t *testing.T, rows int) *town {
	w := &town{t: t, x: ram.New(gallerytest.Model).ShareFrom(0), oracle: gallerytest.NewOracle(), faces: gallerytest.NewFaces(3)}
	for range rows {
		w.reserve()
	}
	return w
}

func (w *town) reserve() {
	face := gallerytest.Template(w.faces.Face())
	w.made = append(w.made, face)
	w.apply(gallery.Change{Op: idem.OpReserve, Ref: w.seq + 1, Set: bothSets[w.seq%2], Template: face})
}

func (w *town) apply(c gallery.Change) {
	w.seq++
	c.Seq = w.seq
	w.oracle.Apply([]gallery.Change{c}, w.seq)
	if err := w.x.Apply(w.t.Context(), log, []gallery.Change{c}, w.seq); err != nil {
		w.t.Errorf("Apply: %v", err)
	}
}

// asked is a search with what it answered.
type asked struct {
	probe match.Template
	query gallery.Query
	at    idem.Seq
	found gallery.Found
}

// ask searches for what stands at a position, by which an answer can be held
// against the oracle although changes go on.
func (w *town) ask(ctx context.Context, r *rand.Rand, probe match.Template) (asked, error) {
	a := asked{probe: probe, at: w.x.Applied(log)}
	a.query = gallery.Query{Sets: bothSets, Floor: 0.05 + 0.3*r.Float64(), K: r.IntN(8), Skip: func(seq idem.Seq) bool { return seq > a.at }}
	if r.IntN(3) == 0 {
		a.query.Among = []idem.Seq{}
		for range r.IntN(60) {
			a.query.Among = append(a.query.Among, 1+idem.Seq(r.Int64N(int64(a.at))))
		}
	}
	if r.IntN(2) == 0 {
		a.query.Sets = []idem.Set{bothSets[1], bothSets[0]} // the same line
	}
	var err error
	a.found, err = w.x.Search(ctx, log, probe, a.query, a.at)
	return a, err
}

// check runs when all is quiet. Rows that came during a search may be counted.
func (w *town) check(a asked) {
	w.t.Helper()
	want := w.oracle.Search(a.probe, a.query)
	if diff := cmp.Diff(want.Candidates, a.found.Candidates, cmpopts.EquateEmpty()); diff != "" || a.found.At < a.at {
		w.t.Fatalf("asked at %d, answered at %d (-want +got):\n%s", a.at, a.found.At, diff)
	}
	rows := a.found.Work.Rows
	if a.query.Among != nil && rows != want.Work.Rows || a.query.Among == nil && (rows < int(a.at)-int(w.moves()) || rows > want.Work.Rows) {
		w.t.Fatalf("asked at %d: compared %d of %d", a.at, rows, want.Work.Rows)
	}
}

// moves are the positions at which nothing was reserved.
func (w *town) moves() idem.Seq { return w.seq - idem.Seq(len(w.made)) }

// TestSharedPassesEqualTheOracle searches from many goroutines, of which some
// give up, while references come and move between sets.
func TestSharedPassesEqualTheOracle(t *testing.T) {
	const searchers, rounds = 24, 25
	w := newTown(t, 1500)
	probes := make([]match.Template, searchers*rounds)
	for i := range probes {
		probes[i] = w.made[i]
	}
	answers, done := make([][]asked, searchers), make(chan struct{})
	var changing, searching sync.WaitGroup
	changing.Go(func() { w.change(done) })
	for n := range searchers {
		searching.Go(func() { answers[n] = w.keepAsking(probes[n*rounds:][:rounds], uint64(n)) })
	}
	searching.Wait()
	close(done)
	changing.Wait()
	for _, some := range answers {
		for _, a := range some {
			w.check(a)
		}
	}
	if s := w.x.Stats(); s.Probes == s.Passes {
		t.Errorf("no pass was shared: %+v", s)
	}
}

// change lets references come, and moves the first ones, until done.
func (w *town) change(done <-chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-done:
			return
		default:
		}
		w.reserve()
		ref := n % 40
		w.apply(gallery.Change{Op: idem.OpMove, Ref: idem.Seq(ref + 1), Set: bothSets[n%3%2], Template: w.made[ref]})
		time.Sleep(100 * time.Microsecond)
	}
}

// keepAsking returns what was answered. One ask in four has little time.
func (w *town) keepAsking(probes []match.Template, seed uint64) (answers []asked) {
	r := rand.New(rand.NewPCG(seed, 4))
	for _, probe := range probes {
		ctx, cancel := w.t.Context(), context.CancelFunc(func() {})
		if r.IntN(4) == 0 {
			ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(1000))*time.Microsecond)
		}
		a, err := w.ask(ctx, r, probe)
		switch {
		case err == nil:
			answers = append(answers, a)
		case !errors.Is(err, context.DeadlineExceeded) || ctx.Err() == nil:
			w.t.Errorf("Search: %v", err)
		}
		cancel()
	}
	return answers
}

// hold begins a search that stays in its pass until release is called.
func hold(t *testing.T, x *ram.Index, log gallery.Log, probe match.Template) (release func()) {
	t.Helper()
	inside, open := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var held sync.WaitGroup
	held.Go(func() {
		_, err := x.Search(t.Context(), log, probe, gallery.Query{Sets: bothSets, Floor: 0.9, Skip: func(idem.Seq) bool {
			once.Do(func() { close(inside) })
			<-open
			return false
		}}, 1)
		if err != nil {
			t.Errorf("the held search: %v", err)
		}
	})
	<-inside
	return func() { close(open); held.Wait() }
}

// TestThoseWhoWaitShareOnePass lets searches come during a pass. Half of them
// give up; the others are answered together.
func TestThoseWhoWaitShareOnePass(t *testing.T) {
	const n = 40
	w := newTown(t, 300)
	release := hold(t, w.x, log, w.made[0])
	passes := w.x.Stats().Passes
	ctx, cancel := context.WithCancel(t.Context())
	answers, errs := make([]asked, n), make([]error, n)
	var searching, leaving sync.WaitGroup
	for i := range n {
		group, own := &searching, t.Context()
		if i%2 == 1 {
			group, own = &leaving, ctx
		}
		group.Go(func() { answers[i], errs[i] = w.ask(own, rand.New(rand.NewPCG(uint64(i), 5)), w.made[i]) })
	}
	for w.x.Waiting(log) < n {
		time.Sleep(time.Millisecond)
	}
	cancel()
	leaving.Wait() // while the pass is still held
	release()
	searching.Wait()
	for i, a := range answers {
		if i%2 == 1 {
			if !errors.Is(errs[i], context.Canceled) {
				t.Errorf("a search that was given up: %v", errs[i])
			}
			continue
		}
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		w.check(a)
	}
	if s := w.x.Stats(); s.Passes != passes+2 || s.Probes != passes+1+n/2 || s.Waited <= 0 {
		t.Errorf("%d passes before, then %+v", passes, s)
	}
}

// TestOrganisationsRunBesideEachOther: a pass that takes long keeps only those
// of its own log waiting.
func TestOrganisationsRunBesideEachOther(t *testing.T) {
	w := newTown(t, 10)
	change := gallery.Change{Seq: 1, Op: idem.OpReserve, Ref: 1, Set: idem.SetPhoto, Template: w.made[0]}
	if err := w.x.Apply(t.Context(), otherLog, []gallery.Change{change}, 1); err != nil {
		t.Fatal(err)
	}
	release := hold(t, w.x, log, w.made[0])
	defer release()
	found, err := w.x.Search(t.Context(), otherLog, w.made[0], gallery.Query{Sets: bothSets, Floor: 0.9}, 1)
	if err != nil || len(found.Candidates) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestRestoredReferencesShareToo: an index that was not filled change by change
// answers alike.
func TestRestoredReferencesShareToo(t *testing.T) {
	w := newTown(t, 0)
	refs, err := match.NewGallery(gallerytest.Model.Short, gallerytest.Model.Dim)
	if err != nil {
		t.Fatal(err)
	}
	probe := gallerytest.Template(w.faces.Face())
	if err := refs.Add(7, probe); err != nil {
		t.Fatal(err)
	}
	w.x.Restore(log, map[idem.Set]*match.Gallery{idem.SetPhoto: refs}, 9)
	found, err := w.x.Search(t.Context(), log, probe, gallery.Query{Sets: bothSets, Floor: 0.9, Among: []idem.Seq{7, 8}}, 9)
	if err != nil || len(found.Candidates) != 1 || found.Work.Rows != 1 || found.At != 9 {
		t.Errorf("%+v, %v", found, err)
	}
}
