package gallery_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/gallerytest"
	"github.com/idem-id/idem/internal/store"
)

// anyone asks for every reference in the set of photos.
var anyone = gallery.Query{Sets: []idem.Set{idem.SetPhoto}, Floor: -1}

// filled is a rig whose log has entries of every fate over several pages.
func filled(t *testing.T) (*rig, []idem.Seq) {
	r := newRig(t, gallery.Options{Page: 4})
	var standing []idem.Seq
	for i := range 12 {
		seq := r.enrol(subject(i), gallerytest.Template(r.faces.Face()))
		switch {
		case i%4 == 1:
			r.must(func(tx store.Tx) error { return r.Remove(t.Context(), tx, seq) })
		case i%4 == 2:
			r.must(func(tx store.Tx) error { return r.Move(t.Context(), tx, seq, idem.SetDeleted) })
		default:
			standing = append(standing, seq)
		}
	}
	return r, standing
}

func (r *rig) must(f func(store.Tx) error) {
	r.t.Helper()
	if err := r.update(f); err != nil {
		r.t.Fatal(err)
	}
}

// standing checks that an identification names exactly these entries.
func (r *rig) standing(want []idem.Seq) {
	r.t.Helper()
	got := seqs(r.identify(gallerytest.Template(r.faces.Face()), anyone).Matches)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		r.t.Fatalf("entries %v, want %v", got, want)
	}
}

func TestCatchUpReadsEveryPage(t *testing.T) {
	r, want := filled(t)
	fresh := r.again(gallery.Options{Page: 3})
	if err := fresh.Ready(t.Context()); !errors.Is(err, gallery.ErrNotReady) {
		t.Errorf("before CatchUp: %v", err)
	}
	if err := fresh.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := fresh.Ready(t.Context()); err != nil {
		t.Errorf("after CatchUp: %v", err)
	}
	r.standing(want)
	fresh.standing(want)
	head := idem.Seq(len(r.store.logs[org].rows))
	stats := fresh.Stats().Logs
	if len(stats) != 1 || stats[0].Applied != head || stats[0].Entries != 9 || !stats[0].Ready {
		t.Errorf("stats %+v, head %d", stats, head)
	}
	if r.sealer.preloaded == 0 {
		t.Error("the keys were not fetched by the page")
	}
}

func TestSpoiledRowMakesTheFollowerStartAgain(t *testing.T) {
	spoilers := map[string]func([]store.StoredRow){
		"gap":       func(rows []store.StoredRow) { rows[0].Seq++ },
		"prev hash": func(rows []store.StoredRow) { rows[len(rows)-1].PrevHash[3] ^= 1 },
		"content":   func(rows []store.StoredRow) { rows[0].Subject += "x" },
		"template": func(rows []store.StoredRow) {
			for i := range rows {
				rows[i].Sealed = slices.Clone(rows[i].Sealed)
				for j := range rows[i].Sealed {
					rows[i].Sealed[j] ^= 1
				}
			}
		},
	}
	for name, spoil := range spoilers {
		t.Run(name, func(t *testing.T) {
			r, want := filled(t)
			r.standing(want)
			r.must(func(tx store.Tx) error { return r.Move(t.Context(), tx, want[0], idem.SetPhoto) })
			want = append(want, r.enrol("last", gallerytest.Template(r.faces.Face())))
			var once atomic.Bool
			r.store.set(func(rows []store.StoredRow) {
				if len(rows) > 0 && !once.Swap(true) {
					spoil(rows)
				}
			})
			r.standing(want)
			if got := r.Stats().Rebuilds; got != 1 {
				t.Errorf("%d rebuilds, want 1", got)
			}
		})
	}
}

func TestLogBrokenTwiceIsNotAnswered(t *testing.T) {
	r, want := filled(t)
	r.store.set(func(rows []store.StoredRow) {
		for i := range rows {
			if rows[i].Seq == 7 {
				rows[i].Hash[0] ^= 1
			}
		}
	})
	_, err := r.Identify(t.Context(), org, gallerytest.Template(r.faces.Face()), anyone)
	var refusal *idem.Error
	if !errors.As(err, &refusal) || !errors.Is(err, gallery.ErrLogBroken) || refusal.Details["position"] != int64(7) {
		t.Fatalf("identify: %v", err)
	}
	held := r.reserve(photoOf("boris", gallerytest.Template(r.faces.Face())))[0]
	if _, err := held.Search(t.Context(), rule); !errors.Is(err, gallery.ErrLogBroken) {
		t.Errorf("search: %v", err)
	}
	if _, err := r.Verify(t.Context(), org); !errors.Is(err, gallery.ErrLogBroken) {
		t.Errorf("verify: %v", err)
	}
	if err := r.CatchUp(t.Context()); !errors.Is(err, gallery.ErrLogBroken) {
		t.Errorf("catch up: %v", err)
	}
	if err := r.Ready(t.Context()); !errors.As(err, &refusal) || refusal.Details["reason"] != "GALLERY_LOG_BROKEN" || refusal.Details["organisation"] != string(org) {
		t.Errorf("ready: %v", err)
	}
	r.store.set(nil)
	if err := r.CatchUp(t.Context()); err != nil {
		t.Errorf("catch up with the repaired log: %v", err)
	}
	r.standing(want)
}

// TestDeadTimeline puts an older copy of the database back, as a promoted
// replica may be, and lets it go another way.
func TestDeadTimeline(t *testing.T) {
	for _, extra := range []int{0, 1, 3} {
		r, want := filled(t)
		old := r.store.logs[org].clone()
		r.enrol("lost", gallerytest.Template(r.faces.Face()))
		r.standing(append(slices.Clone(want), idem.Seq(len(old.rows)+1)))
		r.store.logs[org] = old
		for i := range extra {
			want = append(want, r.enrol(subject(100+i), gallerytest.Template(r.faces.Face())))
		}
		r.standing(want)
		if r.Stats().Rebuilds != 1 {
			t.Errorf("with %d other rows: %d rebuilds, want 1", extra, r.Stats().Rebuilds)
		}
	}
}

func TestErasedKeyIsRightWithARemoveRowOnly(t *testing.T) {
	r, want := filled(t)
	seq := r.enrol("anna", gallerytest.Template(r.faces.Face()))
	r.must(func(tx store.Tx) error { return r.Move(t.Context(), tx, seq, idem.SetDeleted) })
	r.sealer.destroy("key of anna")
	fresh := r.again(gallery.Options{Page: 5})
	held := fresh.reserve(photoOf("boris", gallerytest.Template(r.faces.Face())))[0]
	if _, err := held.Search(t.Context(), rule); !errors.Is(err, gallery.ErrKeyMissing) {
		t.Errorf("search: %v", err)
	}
	if err := fresh.CatchUp(t.Context()); !errors.Is(err, gallery.ErrKeyMissing) {
		t.Errorf("catch up: %v", err)
	}
	if err := fresh.Ready(t.Context()); !errors.Is(err, gallery.ErrNotReady) {
		t.Errorf("ready: %v", err)
	}
	r.must(func(tx store.Tx) error { return r.Remove(t.Context(), tx, seq) })
	fresh.standing(want)
	if err := fresh.Ready(t.Context()); err != nil {
		t.Errorf("ready with the remove row: %v", err)
	}
}

// vanishing is a sealer under which an entry ends, and its key is destroyed,
// between the reading of its row and the opening of its template.
type vanishing struct {
	*memSealer
	once sync.Once
	end  func()
}

func (v *vanishing) Open(ctx context.Context, at store.Place, sealed []byte) ([]byte, error) {
	v.once.Do(v.end)
	return v.memSealer.Open(ctx, at, sealed)
}

func TestKeyDestroyedWhileItsPageIsRead(t *testing.T) {
	r, want := filled(t)
	held := r.reserve(photoOf("anna", gallerytest.Template(r.faces.Face())))[0]
	sealer := &vanishing{memSealer: r.sealer, end: func() {
		if err := held.Withdraw(t.Context()); err != nil {
			t.Error(err)
		}
		r.sealer.destroy("key of anna")
	}}
	fresh := gallery.New(r.store, sealer, newIndex(), gallerytest.Model, gallery.Options{})
	answer, err := fresh.Identify(t.Context(), org, gallerytest.Template(r.faces.Face()), anyone)
	if err != nil {
		t.Fatalf("an entry that ended meanwhile: %v", err)
	}
	got := seqs(answer.Matches)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("entries %v, want %v", got, want)
	}
}

func TestEntryReadsItsTemplateBack(t *testing.T) {
	r := newRig(t, gallery.Options{})
	template := gallerytest.Template(r.faces.Face())
	seq := r.enrol("anna", template)
	got, err := r.Entry(t.Context(), org, seq)
	if err != nil || got.Subject != "anna" || got.Set != idem.SetPhoto || !slices.Equal(got.Template.Bytes(), template.Bytes()) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, none := range []idem.Seq{0, seq + 1, seq + 2} {
		if _, err := r.Entry(t.Context(), org, none); !errors.Is(err, gallery.ErrEntryNotFound) {
			t.Errorf("entry %d: %v", none, err)
		}
	}
	r.must(func(tx store.Tx) error { return r.Remove(t.Context(), tx, seq) })
	if _, err := r.Entry(t.Context(), org, seq); !errors.Is(err, idem.ErrErased) {
		t.Errorf("removed entry: %v", err)
	}
}

func TestRowsAgainstTheTableHaveNoEffect(t *testing.T) {
	r, want := filled(t)
	pending := r.reserve(photoOf("anna", gallerytest.Template(r.faces.Face())))[0]
	r.must(func(tx store.Tx) error {
		for _, seq := range []idem.Seq{pending.Seq(), 9999, 2} {
			if err := r.Move(t.Context(), tx, seq, idem.SetDeleted); err != nil {
				return err
			}
		}
		return nil
	})
	r.activate(pending)
	r.standing(append(want, pending.Seq()))
	if got := r.Stats().Irregular; got != 3 {
		t.Errorf("%d irregular rows, want 3", got)
	}
	report, err := r.Verify(t.Context(), org)
	if err != nil || report.Irregular != 3 || report.Rows != int64(len(r.store.logs[org].rows)) || report.Head != idem.Seq(report.Rows) {
		t.Errorf("report %+v, %v", report, err)
	}
}

// frailIndex refuses what it is told to refuse.
type frailIndex struct {
	gallery.Index
	fails atomic.Int32
}

func (x *frailIndex) Apply(ctx context.Context, log gallery.Log, changes []gallery.Change, to idem.Seq) error {
	if x.fails.Add(-1) >= 0 {
		return errors.New("no memory")
	}
	return x.Index.Apply(ctx, log, changes, to)
}

func TestFailedApplyIsRepaired(t *testing.T) {
	index := &frailIndex{Index: newIndex()}
	r := newRigOn(t, newMemStore(), newMemSealer(), index, gallery.Options{Page: 2})
	want := []idem.Seq{r.enrol("anna", gallerytest.Template(r.faces.Face()))}
	r.standing(want)
	want = append(want, r.enrol("boris", gallerytest.Template(r.faces.Face())))
	index.fails.Store(1)
	if _, err := r.Identify(t.Context(), org, gallerytest.Template(r.faces.Face()), anyone); err == nil {
		t.Error("identified on an index that refused a row")
	}
	if err := r.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.standing(want)
}

// TestWaitBesideARebuild makes the follower forget the log while a search waits
// for an entry that it found before.
func TestWaitBesideARebuild(t *testing.T) {
	index := &frailIndex{Index: newIndex()}
	r := newRigOn(t, newMemStore(), newMemSealer(), index, gallery.Options{PollMin: 20 * time.Second})
	face := gallerytest.Template(r.faces.Face())
	held := r.reserve(photoOf("anna", face), photoOf("boris", face))
	answers := make(chan []gallery.Match)
	go func() {
		got, err := held[1].Search(soon(t), rule)
		if err != nil {
			t.Error(err)
		}
		answers <- got
	}()
	for r.Stats().Waits == 0 {
		time.Sleep(time.Millisecond)
	}
	r.enrol("clara", gallerytest.Template(r.faces.Face()))
	index.fails.Store(1)
	if err := r.CatchUp(t.Context()); err == nil {
		t.Fatal("the index did not refuse the row")
	}
	select {
	case got := <-answers:
		t.Fatalf("the search answered %v without the entry that it waited for", got)
	case <-time.After(20 * time.Millisecond):
	}
	r.activate(held[0])
	if err := r.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-answers; !slices.Equal(seqs(got), []idem.Seq{held[0].Seq()}) {
		t.Errorf("found %v, want %d", seqs(got), held[0].Seq())
	}
}

func TestImpatientCallerDoesNotSpoilOthers(t *testing.T) {
	r, want := filled(t)
	if err := r.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Identify(ctx, org, gallerytest.Template(r.faces.Face()), anyone); err == nil {
		t.Error("a cancelled identification answered")
	}
	if err := r.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	r.standing(want)
}

func TestIdentifyNamesSubjects(t *testing.T) {
	r := newRig(t, gallery.Options{})
	face := r.faces.Face()
	for range 40 { // many pictures of one subject must not push the others out
		r.enrol("anna", gallerytest.Template(r.faces.Mate(face, 0.9)))
	}
	boris := r.enrol("boris", gallerytest.Template(r.faces.Mate(face, 0.8)))
	clara := r.enrol("clara", gallerytest.Template(r.faces.Mate(face, 0.7)))
	r.reserve(photoOf("pending", gallerytest.Template(face)))
	q := gallery.Query{Sets: rule.Sets, Floor: 0.56, K: 2}
	answer := r.identify(gallerytest.Template(face), q)
	if len(answer.Matches) != 2 || answer.Matches[0].Subject != "anna" || answer.Matches[1].Seq != boris {
		t.Errorf("two best: %+v", answer.Matches)
	}
	if answer.Compared != 43 || answer.At != idem.Seq(len(r.store.logs[org].rows)) {
		t.Errorf("compared %d at %d", answer.Compared, answer.At)
	}
	q.K = 0
	if all := r.identify(gallerytest.Template(face), q).Matches; len(all) != 3 || all[2].Seq != clara {
		t.Errorf("all: %+v", all)
	}
	q.Skip = func(seq idem.Seq) bool { return seq == boris }
	if all := r.identify(gallerytest.Template(face), q).Matches; len(all) != 2 {
		t.Errorf("without boris: %+v", all)
	}
}

func TestManyReadersAndWritersOfOneLog(t *testing.T) {
	r := newRig(t, gallery.Options{Page: 3})
	other := r.again(gallery.Options{Page: 2})
	var wg sync.WaitGroup
	templates := make([]gallery.Entry, 120)
	for i := range templates {
		templates[i] = photoOf(subject(i), gallerytest.Template(r.faces.Face()))
	}
	for w := range 4 {
		wg.Go(func() {
			for i := w; i < len(templates); i += 4 {
				g := []*rig{r, other}[i%2]
				held := g.reserve(templates[i])[0]
				if got := g.search(held); len(got) != 0 {
					t.Errorf("face %d is mistaken for %v", i, got)
				}
				g.activate(held)
				if got := g.identify(templates[i].Template, gallery.Query{Sets: rule.Sets, Floor: 0.99}); len(got.Matches) != 1 {
					t.Errorf("face %d is not found after its enrolment", i)
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(r.CatchUp(t.Context()), other.CatchUp(t.Context())); err != nil {
		t.Error(err)
	}
}

// TestIdentifyAmongSubjects compares with the named subjects alone, also after
// rows moved and after a rebuild, and with those that came since.
func TestIdentifyAmongSubjects(t *testing.T) {
	r := newRig(t, gallery.Options{})
	face := r.faces.Face()
	enrol := func(who string) idem.Seq { return r.enrol(who, gallerytest.Template(r.faces.Mate(face, 0.7))) }
	enrol("anna")
	enrol(subject(1))
	last := enrol(subject(1))
	q := gallery.Query{Sets: rule.Sets, Floor: 0.1, K: 5, Subjects: []string{subject(1), "nobody", subject(1), subject(2)}}
	check := func(compared, subjects int) {
		t.Helper()
		answer := r.identify(gallerytest.Template(face), q)
		for _, m := range answer.Matches {
			if m.Subject == "anna" {
				t.Error("anna is not among the subjects")
			}
		}
		if answer.Compared != compared || len(answer.Matches) != subjects || answer.At < last {
			t.Errorf("compared %d with the answer %+v at %d", answer.Compared, answer.Matches, answer.At)
		}
	}
	check(2, 1)
	last = enrol(subject(2))
	check(3, 2)
	r = r.again(gallery.Options{})
	check(3, 2)
	if s := r.Stats(); s.Compared != 3 || s.Exact != 3 || s.Survivors != 3 {
		t.Errorf("the work of one search: %+v", s)
	}
	q.Subjects = []string{}
	check(0, 0)
}

// TestIdentifyAmongSubjectsWhileOthersAreEnrolled: the named subjects' entries
// are in every answer.
func TestIdentifyAmongSubjectsWhileOthersAreEnrolled(t *testing.T) {
	r := newRig(t, gallery.Options{Page: 10})
	face := r.faces.Face()
	probe := gallerytest.Template(face)
	r.enrol(subject(0), probe)
	q := gallery.Query{Sets: rule.Sets, Floor: 0.9, Subjects: []string{subject(0)}}
	var enrolling sync.WaitGroup
	defer enrolling.Wait()
	enrolling.Go(func() {
		for i := range 300 {
			r.enrol(subject(1+i), gallerytest.Template(r.faces.Face()))
		}
	})
	for range 300 {
		answer, err := r.Identify(t.Context(), org, probe, q)
		if err != nil || len(answer.Matches) != 1 || answer.Compared != 1 {
			t.Fatalf("%+v, %v", answer, err)
		}
	}
}
