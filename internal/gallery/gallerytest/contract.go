package gallerytest

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/match"
)

// Open returns a fresh, empty index for templates of Model.
type Open func() gallery.Index

// Run checks an implementation against the contract of gallery.Index.
func Run(t *testing.T, open Open) {
	t.Run("equals the oracle", func(t *testing.T) { equalsOracle(t, open) })
	t.Run("one code step decides at the floor", func(t *testing.T) { codeStep(t, open) })
	t.Run("remove, replace, move", func(t *testing.T) { lifeOfAnEntry(t, open) })
	t.Run("an erased template is no reference", func(t *testing.T) { erased(t, open) })
	t.Run("behind when starved", func(t *testing.T) { behind(t, open) })
	t.Run("applied again without effect", func(t *testing.T) { idempotent(t, open) })
	t.Run("logs apart", func(t *testing.T) { logsApart(t, open) })
	t.Run("dropped and rebuilt", func(t *testing.T) { dropped(t, open) })
	t.Run("a cancelled search fails", func(t *testing.T) { cancelled(t, open) })
	t.Run("searches while applying", func(t *testing.T) { whileApplying(t, open) })
}

var testLog = gallery.Log{Org: "00000000-0000-7000-8000-000000000001", Model: Model.ID}

// allSets are the sets that the contract uses.
var allSets = []idem.Set{idem.SetPhoto, idem.SetRegistered, idem.SetUnconfirmed, idem.SetDeleted}

// anything asks for all references of the sets.
func anything(sets ...idem.Set) gallery.Query { return gallery.Query{Sets: sets, Floor: -1} }

func reserve(seq idem.Seq, set idem.Set, t match.Template) gallery.Change {
	return gallery.Change{Seq: seq, Op: idem.OpReserve, Ref: seq, Set: set, Template: t}
}

func apply(t testing.TB, x gallery.Index, changes ...gallery.Change) {
	t.Helper()
	if err := x.Apply(t.Context(), testLog, changes, changes[len(changes)-1].Seq); err != nil {
		t.Fatalf("Apply: %v", err)
	}
}

func search(t testing.TB, x gallery.Index, probe match.Template, q gallery.Query) gallery.Found {
	t.Helper()
	found, err := x.Search(t.Context(), testLog, probe, q, x.Applied(testLog))
	if err != nil {
		t.Fatalf("Search: %v", err)
	}
	return found
}

// has reports whether the answer names the entry.
func has(found gallery.Found, seq idem.Seq) bool {
	for _, c := range found.Candidates {
		if c.Seq == seq {
			return true
		}
	}
	return false
}

// sameAnswer looks at everything but how hard it was to find.
var sameAnswer = cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(match.Work{}, "Skipped", "Survivors", "Blocks", "Exact")}

// equalsOracle runs random logs with random searches in between.
func equalsOracle(t *testing.T, open Open) {
	rapid.Check(t, func(rt *rapid.T) {
		x, oracle := open(), NewOracle()
		h := newHistory(rapid.Uint64().Draw(rt, "seed"))
		for range rapid.IntRange(1, 12).Draw(rt, "batches") {
			changes := h.batch(rapid.IntRange(0, 20).Draw(rt, "rows"))
			if err := x.Apply(context.Background(), testLog, changes, h.seq); err != nil {
				rt.Fatalf("Apply: %v", err)
			}
			oracle.Apply(changes, h.seq)
			probe, q := h.query()
			got, err := x.Search(context.Background(), testLog, probe, q, h.seq)
			if err != nil {
				rt.Fatalf("Search: %v", err)
			}
			if diff := cmp.Diff(oracle.Search(probe, q), got, sameAnswer); diff != "" {
				rt.Fatalf("differs from the oracle at %d (-want +got):\n%s", h.seq, diff)
			}
		}
	})
}

// history writes a random but lawful log over few faces, so that ties, mates
// and repeated pictures are common.
type history struct {
	rng   *rand.Rand
	faces [][]float32
	made  *Faces
	seq   idem.Seq
	live  []gallery.Change
}

func newHistory(seed uint64) *history {
	h := &history{rng: rand.New(rand.NewPCG(seed, 1)), made: NewFaces(seed)}
	for range 6 {
		h.faces = append(h.faces, h.made.Face())
	}
	return h
}

func (h *history) template() match.Template {
	face := h.faces[h.rng.IntN(len(h.faces))]
	if h.rng.IntN(3) == 0 {
		return Template(face)
	}
	return Template(h.made.Mate(face, 0.3+0.6*h.rng.Float64()))
}

func (h *history) set() idem.Set { return allSets[h.rng.IntN(len(allSets))] }

func (h *history) batch(rows int) []gallery.Change {
	var out []gallery.Change
	for range rows {
		h.seq++
		switch n := h.rng.IntN(10); {
		case n < 5 || len(h.live) == 0:
			c := reserve(h.seq, h.set(), h.template())
			h.live = append(h.live, c)
			out = append(out, c)
		case n < 7:
			e := h.live[h.rng.IntN(len(h.live))]
			out = append(out, gallery.Change{Seq: h.seq, Op: idem.OpMove, Ref: e.Ref, Set: h.set(), Template: e.Template})
		case n < 9:
			i := h.rng.IntN(len(h.live))
			op := []idem.LogOp{idem.OpWithdraw, idem.OpRemove}[h.rng.IntN(2)]
			out = append(out, gallery.Change{Seq: h.seq, Op: op, Ref: h.live[i].Ref})
			h.live = append(h.live[:i:i], h.live[i+1:]...)
		}
	}
	return out
}

func (h *history) query() (match.Template, gallery.Query) {
	q := gallery.Query{Sets: allSets[:1+h.rng.IntN(len(allSets))], Floor: -1, K: h.rng.IntN(6)}
	if h.rng.IntN(2) == 0 {
		q.Floor = h.rng.Float64()
	}
	if h.rng.IntN(2) == 0 {
		q.Skip = func(seq idem.Seq) bool { return seq%3 == 0 }
	}
	if h.rng.IntN(3) == 0 {
		q.Among = []idem.Seq{}
		for range h.rng.IntN(20) {
			q.Among = append(q.Among, 1+idem.Seq(h.rng.Int64N(int64(h.seq)+5)))
		}
	}
	return h.template(), q
}

// codeStep plants mates whose scores lie one code step apart and puts the
// floor exactly on, above and below them.
func codeStep(t *testing.T, open Open) {
	faces := NewFaces(7)
	for round := range 50 {
		x := open()
		face := faces.Face()
		probe, mate := Template(face), Template(faces.Mate(face, 0.56))
		near := Step(mate, round%Model.Dim, 1-2*(round%2))
		apply(t, x, reserve(1, idem.SetPhoto, mate), reserve(2, idem.SetPhoto, near))
		for seq, planted := range map[idem.Seq]match.Template{1: mate, 2: near} {
			score, err := match.Score(probe, planted)
			if err != nil {
				t.Fatal(err)
			}
			for floor, want := range map[float64]bool{math.Nextafter(score, -1): true, score: true, math.Nextafter(score, 1): false} {
				found := search(t, x, probe, gallery.Query{Sets: allSets, Floor: floor})
				if has(found, seq) != want {
					t.Errorf("round %d: score %v, floor %v: found %v, want %v", round, score, floor, !want, want)
				}
			}
		}
	}
}

func lifeOfAnEntry(t *testing.T, open Open) {
	x, faces := open(), NewFaces(8)
	face := faces.Face()
	first, second := Template(face), Template(faces.Mate(face, 0.8))
	photo := anything(idem.SetPhoto)
	apply(t, x, reserve(1, idem.SetPhoto, first))
	if !has(search(t, x, first, photo), 1) {
		t.Error("a reserved entry is not found")
	}
	apply(t, x, gallery.Change{Seq: 2, Op: idem.OpMove, Ref: 1, Set: idem.SetDeleted, Template: first})
	if has(search(t, x, first, photo), 1) || !has(search(t, x, first, anything(idem.SetDeleted)), 1) {
		t.Error("a moved entry is not in its new set alone")
	}
	apply(t, x, gallery.Change{Seq: 3, Op: idem.OpMove, Ref: 1, Set: idem.SetPhoto, Template: first})
	if !has(search(t, x, first, photo), 1) {
		t.Error("an entry moved back is not found")
	}
	apply(t, x, reserve(4, idem.SetPhoto, second), gallery.Change{Seq: 5, Op: idem.OpRemove, Ref: 1})
	if found := search(t, x, first, photo); has(found, 1) || !has(found, 4) || found.Work.Rows != 1 {
		t.Errorf("after a replacement: %+v", found)
	}
	apply(t, x, gallery.Change{Seq: 6, Op: idem.OpWithdraw, Ref: 4}, reserve(7, idem.SetRegistered, first))
	if found := search(t, x, first, anything(allSets...)); has(found, 4) || !has(found, 7) || found.At != 7 {
		t.Errorf("after a withdrawal: %+v", found)
	}
}

func erased(t *testing.T, open Open) {
	x, faces := open(), NewFaces(9)
	probe := Template(faces.Face())
	apply(t, x,
		reserve(1, idem.SetPhoto, match.Template{}), reserve(2, idem.SetPhoto, probe),
		gallery.Change{Seq: 3, Op: idem.OpMove, Ref: 1, Set: idem.SetDeleted},
		gallery.Change{Seq: 4, Op: idem.OpRemove, Ref: 1},
	)
	if found := search(t, x, probe, anything(allSets...)); found.Work.Rows != 1 || !has(found, 2) {
		t.Errorf("found %+v, want entry 2 alone", found)
	}
}

func behind(t *testing.T, open Open) {
	x, faces := open(), NewFaces(10)
	probe := Template(faces.Face())
	if found, err := x.Search(t.Context(), testLog, probe, anything(idem.SetPhoto), 0); err != nil || len(found.Candidates) > 0 {
		t.Errorf("empty log: %+v, %v", found, err)
	}
	for _, rows := range []idem.Seq{0, 1, 2} {
		if rows > 0 {
			apply(t, x, reserve(rows, idem.SetPhoto, probe))
		}
		if _, err := x.Search(t.Context(), testLog, probe, anything(idem.SetPhoto), rows+1); !errors.Is(err, gallery.ErrBehind) {
			t.Errorf("at %d of %d applied: %v, want ErrBehind", rows+1, rows, err)
		}
	}
	if got := x.Applied(testLog); got != 2 {
		t.Errorf("applied %d, want 2", got)
	}
}

func idempotent(t *testing.T, open Open) {
	x, oracle, h := open(), NewOracle(), newHistory(11)
	var all []gallery.Change
	for range 8 {
		all = append(all, h.batch(20)...)
		apply(t, x, all...) // everything from the beginning, each time
		oracle.Apply(all, all[len(all)-1].Seq)
		apply(t, x, all[:len(all)/2]...)
		probe := h.template()
		if diff := cmp.Diff(oracle.Search(probe, anything(allSets...)), search(t, x, probe, anything(allSets...)), sameAnswer); diff != "" {
			t.Fatalf("differs from the oracle (-want +got):\n%s", diff)
		}
	}
}

func logsApart(t *testing.T, open Open) {
	x, faces := open(), NewFaces(12)
	probe := Template(faces.Face())
	apply(t, x, reserve(1, idem.SetPhoto, probe))
	for _, other := range []gallery.Log{{Org: "other", Model: testLog.Model}, {Org: testLog.Org, Model: "other"}} {
		if x.Applied(other) != 0 {
			t.Errorf("%v has applied something", other)
		}
		if err := x.Apply(t.Context(), other, nil, 1); err != nil {
			t.Fatal(err)
		}
		found, err := x.Search(t.Context(), other, probe, anything(allSets...), 1)
		if err != nil || len(found.Candidates) > 0 || found.Work.Rows > 0 {
			t.Errorf("%v answers with another log's entry: %+v, %v", other, found, err)
		}
	}
}

func dropped(t *testing.T, open Open) {
	x, faces := open(), NewFaces(13)
	probe := Template(faces.Face())
	apply(t, x, reserve(1, idem.SetPhoto, probe))
	x.Drop(testLog)
	if _, err := x.Search(t.Context(), testLog, probe, anything(idem.SetPhoto), 1); !errors.Is(err, gallery.ErrBehind) {
		t.Errorf("after a drop: %v, want ErrBehind", err)
	}
	apply(t, x, reserve(1, idem.SetRegistered, probe))
	if found := search(t, x, probe, anything(allSets...)); found.Work.Rows != 1 {
		t.Errorf("after a rebuild: %+v, want one reference", found)
	}
}

func cancelled(t *testing.T, open Open) {
	x, faces := open(), NewFaces(14)
	probe := Template(faces.Face())
	apply(t, x, reserve(1, idem.SetPhoto, probe))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if found, err := x.Search(ctx, testLog, probe, anything(idem.SetPhoto), 1); err == nil {
		t.Errorf("a cancelled search answered %+v", found)
	}
}

// whileApplying searches all the time for entries that always stand, while
// one of them is moved to and fro and others come and go.
func whileApplying(t *testing.T, open Open) {
	const searchers, filling, rounds = 4, 2000, 500
	x, faces := open(), NewFaces(15)
	fixed, mover := Template(faces.Face()), Template(faces.Face())
	apply(t, x, reserve(1, idem.SetRegistered, fixed), reserve(2, idem.SetUnconfirmed, mover))
	for i := range idem.Seq(filling) { // a scan must take long enough for a move to slip through
		apply(t, x, reserve(3+i, []idem.Set{idem.SetRegistered, idem.SetUnconfirmed}[i%2], Template(faces.Face())))
	}
	done := make(chan struct{})
	var searching sync.WaitGroup
	for i := range searchers {
		searching.Go(func() { keepFinding(t, x, done, i, fixed, mover) })
	}
	for round := range idem.Seq(rounds) {
		seq := 3 + filling + 3*round
		to := []idem.Set{idem.SetRegistered, idem.SetUnconfirmed}[round%2]
		apply(t, x,
			gallery.Change{Seq: seq, Op: idem.OpMove, Ref: 2, Set: to, Template: mover},
			reserve(seq+1, idem.SetRegistered, Template(faces.Face())))
		if round > 20 {
			apply(t, x, gallery.Change{Seq: seq + 2, Op: idem.OpRemove, Ref: seq + 1 - 60})
		}
	}
	close(done)
	searching.Wait()
}

func keepFinding(t *testing.T, x gallery.Index, done <-chan struct{}, i int, fixed, mover match.Template) {
	sets := []idem.Set{idem.SetRegistered, idem.SetUnconfirmed}
	if i%2 == 1 {
		sets[0], sets[1] = sets[1], sets[0]
	}
	q := gallery.Query{Sets: sets, Floor: 0.9}
	for {
		select {
		case <-done:
			return
		default:
		}
		for seq, probe := range map[idem.Seq]match.Template{1: fixed, 2: mover} {
			at := x.Applied(testLog)
			found, err := x.Search(t.Context(), testLog, probe, q, at)
			if err != nil || !has(found, seq) || len(found.Candidates) != 1 || found.At < at {
				t.Errorf("entry %d at %d: %+v, %v", seq, at, found, err)
				return
			}
		}
	}
}
