package match_test

import (
	"context"
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/idem-id/idem/match"
)

// world is a gallery beside the plain map that it must equal.
type world struct {
	dim  int
	g    *match.Gallery
	rows map[uint64][]int8
}

// ids are sorted, so that a seed always plays the same run.
func (w *world) ids() []uint64 { return slices.Sorted(maps.Keys(w.rows)) }

// coarse draws rows of few values, so that ties, duplicates and rows of zeros
// are frequent.
func coarse(r *rand.Rand, dim int) []int8 {
	values := []int8{-127, -1, 0, 0, 1, 127}[r.IntN(3):][:3]
	codes := make([]int8, dim)
	for i := range codes {
		codes[i] = values[r.IntN(3)]
	}
	return codes
}

func (w *world) add(t *rapid.T, r *rand.Rand) {
	for range rapid.SampledFrom([]int{1, 3, 40, 700, 5000}).Draw(t, "rows") {
		id, codes := r.Uint64N(20000), coarse(r, w.dim)
		_, held := w.rows[id]
		err := w.g.Add(id, parse(t, codes))
		if held != errors.Is(err, match.ErrExists) || !held && err != nil {
			t.Fatalf("Add(%d), held %v: %v", id, held, err)
		}
		if !held {
			w.rows[id] = codes
		}
	}
}

func (w *world) remove(t *rapid.T, r *rand.Rand) {
	share := rapid.SampledFrom([]float64{0, 0.01, 0.2, 0.6, 1}).Draw(t, "share")
	for _, id := range w.ids() {
		if r.Float64() < share {
			if !w.g.Remove(id) || w.g.Remove(id) {
				t.Fatalf("Remove(%d) is wrong", id)
			}
			delete(w.rows, id)
		}
	}
}

func (w *world) search(t *rapid.T, r *rand.Rand) {
	probe := coarse(r, w.dim)
	k := rapid.SampledFrom([]int{0, 1, 2, 10, 1000, math.MaxInt}).Draw(t, "k")
	request, floor := match.Request{K: k}, math.Inf(-1)
	if len(w.rows) > 0 && rapid.Bool().Draw(t, "floor") {
		ids := w.ids() // the score of some row, so that equality occurs
		floor = naiveScore(probe, w.rows[ids[r.IntN(len(ids))]])
		request.Floor = match.AtLeast(floor)
	}
	skip := func(uint64) bool { return false }
	if modulus := rapid.Uint64Range(0, 3).Draw(t, "skip"); modulus > 0 {
		skip = func(id uint64) bool { return id%modulus == 0 }
		request.Skip = skip
	}
	eligible := w.rows
	if rapid.Bool().Draw(t, "among") {
		request.Among, eligible = w.choose(t, r)
	}
	got, err := w.g.Search(t.Context(), parse(t, probe), request)
	if err != nil {
		t.Fatal(err)
	}
	want := naiveSearch(eligible, probe, k, floor, skip)
	if !same(got.Candidates, want) {
		t.Fatalf("k %d, floor %v: %d candidates, want %d\n%v\n%v", k, floor, len(got.Candidates), len(want), head(got.Candidates), head(want))
	}
	if got.Work.Rows != len(eligible) || w.g.Len() != len(w.rows) {
		t.Fatalf("compared %d of %d rows, Len is %d", got.Work.Rows, len(eligible), w.g.Len())
	}
}

// choose draws a set of ids, of which some are strange and some come twice, and
// the rows that have them.
func (w *world) choose(t *rapid.T, r *rand.Rand) (ids []uint64, rows map[uint64][]int8) {
	ids, rows = []uint64{}, map[uint64][]int8{}
	share := rapid.SampledFrom([]float64{0, 0.01, 0.1, 1}).Draw(t, "of")
	for _, id := range w.ids() {
		if r.Float64() < share {
			ids, rows[id] = append(ids, id, id+30000), w.rows[id]
		}
	}
	if len(ids) > 0 {
		ids = append(ids, math.MaxUint64, ids[r.IntN(len(ids))])
	}
	r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	return ids, rows
}

func head(c []match.Candidate) []match.Candidate { return c[:min(len(c), 5)] }

func TestSearchEqualsTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dim := rapid.SampledFrom([]int{1, 2, 3, 7, 8, 9, 16, 33}).Draw(t, "dim")
		g, err := match.NewGallery(model, dim)
		if err != nil {
			t.Fatal(err)
		}
		w := &world{dim: dim, g: g, rows: map[uint64][]int8{}}
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		t.Repeat(map[string]func(*rapid.T){
			"add":    func(t *rapid.T) { w.add(t, r) },
			"remove": func(t *rapid.T) { w.remove(t, r) },
			"search": func(t *rapid.T) { w.search(t, r) },
		})
	})
}

func TestSearchEqualsTheReferenceOnUsualTemplates(t *testing.T) {
	for _, dim := range []int{128, 256, 512, match.MaxDim} {
		r := rand.New(rand.NewPCG(7, uint64(dim)))
		g, rows := newGallery(t, dim), map[uint64][]int8{}
		for range 1500 {
			id, v := r.Uint64(), gaussian(r, dim)
			x, err := match.Quantise(model, v)
			if err != nil {
				t.Fatal(err)
			}
			mustAdd(t, g, id, x)
			rows[id] = x.Codes()
		}
		probe, err := match.Quantise(model, gaussian(r, dim))
		if err != nil {
			t.Fatal(err)
		}
		got, err := g.Search(t.Context(), probe, match.Request{K: 20, Floor: match.AtLeast(0)})
		want := naiveSearch(rows, probe.Codes(), 20, 0, func(uint64) bool { return false })
		if err != nil || !same(got.Candidates, want) {
			t.Errorf("d %d: %v\n%v\n%v", dim, err, got.Candidates, want)
		}
	}
}

func gaussian(r *rand.Rand, dim int) []float32 {
	v := make([]float32, dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func TestSkipIsAskedOnlyAboutWhatWouldEnter(t *testing.T) {
	g := newGallery(t, 2)
	for id, codes := range [][]int8{{1, 0}, {0, 1}, {1, 1}, {-1, 0}, {2, 0}} {
		mustAdd(t, g, uint64(id), fromCodes(t, codes))
	}
	var asked []uint64
	got, err := g.Search(t.Context(), fromCodes(t, []int8{1, 0}), match.Request{K: 2, Floor: match.AtLeast(0), Skip: func(id uint64) bool {
		asked = append(asked, id)
		return id == 0
	}})
	want := []match.Candidate{{ID: 4, Score: 1}, {ID: 2, Score: 1 / math.Sqrt2}}
	if err != nil || len(got.Candidates) != 2 || got.Candidates[0] != want[0] || got.Candidates[1].ID != 2 {
		t.Errorf("%v, %v", got, err)
	}
	if !slices.Equal(asked, []uint64{0, 1, 2, 4}) || got.Work.Rows != 5 || got.Work.Skipped != 1 {
		t.Errorf("asked %v, work %+v", asked, got.Work)
	}
}

func TestSkipMayCallTheGallery(t *testing.T) {
	g := newGallery(t, 1)
	x := fromCodes(t, []int8{1})
	for id := range uint64(2000) {
		mustAdd(t, g, id, x)
	}
	got, err := g.Search(t.Context(), x, match.Request{Skip: func(id uint64) bool {
		g.Remove(id)
		return g.Add(id, x) != nil
	}})
	if err != nil || len(got.Candidates) != 2000 || g.Len() != 2000 {
		t.Errorf("%d candidates, %d rows, %v", len(got.Candidates), g.Len(), err)
	}
	for i, c := range got.Candidates {
		if c.ID != uint64(i) {
			t.Fatalf("candidate %d is %d: an id that came again appears twice", i, c.ID)
		}
	}
}

func TestSearchRefusesWhatHasNoMeaning(t *testing.T) {
	g, x := newGallery(t, 2), fromCodes(t, []int8{1, 2})
	for _, r := range []match.Request{{K: -1}, {Floor: match.AtLeast(math.NaN())}} {
		if _, err := g.Search(t.Context(), x, r); !errors.Is(err, match.ErrRequest) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	other, err := match.Quantise(model+1, []float32{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, y := range []match.Template{other, fromCodes(t, []int8{1})} {
		if _, err := g.Search(t.Context(), y, match.Request{}); !errors.Is(err, match.ErrModel) {
			t.Errorf("Search: %v", err)
		}
		if err := g.Add(1, y); !errors.Is(err, match.ErrModel) || g.Len() != 0 {
			t.Errorf("Add: %v", err)
		}
	}
	for _, dim := range []int{-1, 0, match.MaxDim + 1} {
		if _, err := match.NewGallery(model, dim); !errors.Is(err, match.ErrDimension) {
			t.Errorf("dimension %d: %v", dim, err)
		}
	}
}

// TestSearchStopsWithItsContext cancels in the middle: no part of an answer may
// be mistaken for the whole.
func TestSearchStopsWithItsContext(t *testing.T) {
	g, x := newGallery(t, 1), fromCodes(t, []int8{1})
	for id := range uint64(20000) {
		mustAdd(t, g, id, x)
	}
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	got, err := g.Search(ctx, x, match.Request{Skip: func(uint64) bool { asked++; cancel(); return false }})
	if !errors.Is(err, context.Canceled) || got.Candidates != nil || got.Work.Rows != 0 {
		t.Errorf("%d candidates, %v", len(got.Candidates), err)
	}
	if asked == 0 || asked > 5000 {
		t.Errorf("went on for %d rows", asked)
	}
}

// TestSearchBesideWriters lets rows come and go while searches run. The steady
// rows must be in every answer, with their scores; what a search began after
// must be seen; and no id may appear twice.
func TestSearchBesideWriters(t *testing.T) {
	const dim, steady, rounds = 16, 6000, 3000
	r := rand.New(rand.NewPCG(1, 2))
	g, rows := newGallery(t, dim), map[uint64][]int8{}
	for i := range uint64(steady) {
		codes := coarse(r, dim)
		rows[2*i] = codes
		mustAdd(t, g, 2*i, fromCodes(t, codes))
	}
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	for n := range uint64(2) {
		own := rand.New(rand.NewPCG(3, n))
		visitors := make([]match.Template, 400)
		for i := range visitors {
			visitors[i] = fromCodes(t, coarse(own, dim))
		}
		writers.Go(func() { comeAndGo(t, g, visitors, n, rounds) })
	}
	for n := range uint64(2) {
		probe := coarse(rand.New(rand.NewPCG(4, n)), dim)
		want := naiveSearch(rows, probe, 0, -1, func(uint64) bool { return false })
		x := fromCodes(t, probe)
		var some []uint64
		if n == 1 {
			some, want = firstHalf(want)
		}
		readers.Go(func() {
			for {
				checkSteady(t, g, x, some, want)
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	if g.Len() != steady {
		t.Errorf("%d rows are left, want %d", g.Len(), steady)
	}
}

// firstHalf narrows an answer to some ids.
func firstHalf(answer []match.Candidate) (ids []uint64, rest []match.Candidate) {
	for _, c := range answer[:len(answer)/2] {
		ids = append(ids, c.ID)
	}
	return ids, answer[:len(answer)/2]
}

// comeAndGo adds and removes rows of odd ids of writer n, and looks for each
// right after.
func comeAndGo(t *testing.T, g *match.Gallery, visitors []match.Template, n uint64, rounds int) {
	for round := range rounds {
		i := round % len(visitors)
		id := uint64(4*i) + 2*n + 1
		if err := g.Add(id, visitors[i]); err != nil {
			t.Errorf("Add: %v", err)
		}
		if round%100 == 0 && !sees(t, g, visitors[i], id) {
			t.Errorf("row %d is not seen after Add", id)
		}
		if i >= len(visitors)/2 {
			continue // leave it for the sweep, so that segments get gaps
		}
		if !g.Remove(id) || round%100 == 0 && sees(t, g, visitors[i], id) {
			t.Errorf("row %d is seen after Remove", id)
		}
		if i == 0 {
			sweep(g, len(visitors), n)
		}
	}
	sweep(g, len(visitors), n)
}

func sweep(g *match.Gallery, visitors int, n uint64) {
	for i := range visitors {
		g.Remove(uint64(4*i) + 2*n + 1)
	}
}

func sees(t *testing.T, g *match.Gallery, x match.Template, id uint64) bool {
	got, err := g.Search(context.Background(), x, match.Request{Skip: func(other uint64) bool { return other != id }})
	if err != nil {
		t.Errorf("Search: %v", err)
	}
	return len(got.Candidates) == 1
}

func checkSteady(t *testing.T, g *match.Gallery, x match.Template, among []uint64, want []match.Candidate) {
	got, err := g.Search(context.Background(), x, match.Request{Among: among})
	if err != nil {
		t.Errorf("Search: %v", err)
	}
	seen := make(map[uint64]bool, len(got.Candidates))
	var steady []match.Candidate
	for _, c := range got.Candidates {
		if seen[c.ID] {
			t.Errorf("id %d appears twice", c.ID)
		}
		seen[c.ID] = true
		if c.ID%2 == 0 {
			steady = append(steady, c)
		}
	}
	if among != nil && got.Work.Rows != len(among) {
		t.Errorf("%d rows of %d were compared", got.Work.Rows, len(among))
	}
	if !same(steady, want) {
		t.Errorf("%d steady rows, want %d", len(steady), len(want))
	}
}
