package match_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/idem-id/idem/match"
)

// adversary draws a row that strains a bound or an accumulator.
func adversary(r *rand.Rand, dim int) []int8 {
	codes := make([]int8, dim)
	fill := func(value func(i int) int8) {
		for i := range codes {
			codes[i] = value(i)
		}
	}
	constant := int8(r.IntN(255) - 127)
	switch r.IntN(8) {
	case 0: // zeros
	case 1:
		codes[r.IntN(dim)] = int8(127 - 254*r.IntN(2))
	case 2:
		fill(func(int) int8 { return 127 })
	case 3:
		fill(func(int) int8 { return -127 })
	case 4:
		fill(func(int) int8 { return constant })
	case 5: // low halves of 15 and 0: the furthest from their middle
		fill(func(int) int8 { return int8(16*(r.IntN(15)-7) + 15*r.IntN(2)) })
	case 6:
		fill(func(i int) int8 { return int8(127 - 254*(i%2)) })
	default:
		fill(func(int) int8 { return int8(r.IntN(255) - 127) })
	}
	return codes
}

// likeness is a row at some distance from another.
func likeness(r *rand.Rand, of []int8) []int8 {
	codes := slices.Clone(of)
	for range r.IntN(len(of) + 1) {
		codes[r.IntN(len(of))] = int8(r.IntN(255) - 127)
	}
	return codes
}

// crowd fills a gallery with adversaries, likenesses, duplicates and gaps.
func crowd(t *rapid.T, g *match.Gallery, r *rand.Rand, dim, rows int) (probe []int8) {
	kept := [][]int8{adversary(r, dim)}
	for id := range uint64(rows) {
		codes := adversary(r, dim)
		switch r.IntN(3) {
		case 0:
			codes = likeness(r, kept[r.IntN(len(kept))])
		case 1:
			codes = kept[r.IntN(len(kept))]
		}
		if len(kept) < 50 {
			kept = append(kept, codes)
		}
		if err := g.Add(id, parse(t, codes)); err != nil {
			t.Fatal(err)
		}
	}
	gone := r.Float64() * 0.5
	for id := range uint64(rows) {
		if r.Float64() < gone {
			g.Remove(id)
		}
	}
	return likeness(r, kept[r.IntN(len(kept))])
}

// TestEveryKernelEqualsTheReference compares ids, order and the bits of scores,
// on each kernel that this machine has.
func TestEveryKernelEqualsTheReference(t *testing.T) {
	t.Log("kernels of this machine:", match.Kernels())
	rapid.Check(t, func(t *rapid.T) {
		dim := rapid.OneOf(rapid.IntRange(1, 600), rapid.SampledFrom([]int{64, 128, 256, 512, match.MaxDim})).Draw(t, "dim")
		rows := rapid.IntRange(0, 400).Draw(t, "rows")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		g, err := match.NewGallery(model, dim)
		if err != nil {
			t.Fatal(err)
		}
		probe := crowd(t, g, r, dim, rows)
		request := match.Request{K: rapid.SampledFrom([]int{0, 1, 3, 50, math.MaxInt}).Draw(t, "k")}
		if floor := rapid.Float64Range(-1.1, 1.1).Draw(t, "floor"); floor > -1 {
			request.Floor = match.AtLeast(floor)
		}
		if rapid.Bool().Draw(t, "among") {
			request.Among = someOf(r, rows)
		}
		everyKernel(t, g, parse(t, probe), request)
	})
}

// someOf draws ids below n, a run of them or here and there.
func someOf(r *rand.Rand, n int) []uint64 {
	ids, from, share := []uint64{}, r.IntN(n+1), r.Float64()
	for id := range n {
		if share < 0.3 && id >= from || r.Float64() < share {
			ids = append(ids, uint64(id))
		}
	}
	return ids
}

// checker is a test or the check of a property.
type checker interface {
	rapid.TB
	Context() context.Context
}

// everyKernel searches once more with the score of a candidate as the floor,
// so that equality occurs.
func everyKernel(t checker, g *match.Gallery, probe match.Template, request match.Request) {
	want, err := g.Exhaustive(t.Context(), probe, request)
	if err != nil {
		t.Fatal(err)
	}
	requests := []match.Request{request}
	if n := len(want.Candidates); n > 0 {
		requests = append(requests, match.Request{K: request.K, Floor: match.AtLeast(want.Candidates[n/2].Score), Among: request.Among})
	}
	for _, request := range requests {
		checkKernels(t, g, probe, request)
	}
}

func checkKernels(t checker, g *match.Gallery, probe match.Template, request match.Request) {
	want, err := g.Exhaustive(t.Context(), probe, request)
	if err != nil {
		t.Fatal(err)
	}
	var first match.Work
	for i, name := range match.Tested() {
		g.Use(name)
		got, err := g.Search(t.Context(), probe, request)
		if err != nil || g.Kernel() != name {
			t.Fatal(err, g.Kernel())
		}
		if !same(got.Candidates, want.Candidates) {
			t.Fatalf("%s: %d candidates, want %d\n%v\n%v", name, len(got.Candidates), len(want.Candidates), head(got.Candidates), head(want.Candidates))
		}
		if i == 0 {
			first = got.Work
		}
		if got.Work != first || got.Work.Rows != want.Work.Rows || request.Among == nil && got.Work.Rows != g.Len() {
			t.Fatalf("%s: work %+v, the first kernel %+v, the reference %+v", name, got.Work, first, want.Work)
		}
	}
}

// FuzzKernels lets the bytes be the codes of a probe and of rows.
func FuzzKernels(f *testing.F) {
	f.Add(uint16(3), uint8(1), float64(0.5), []byte{1, 2, 3, 255, 127, 129, 0, 0, 0})
	f.Add(uint16(65), uint8(0), float64(0), slices.Repeat([]byte{127, 129, 0}, 300))
	f.Fuzz(func(t *testing.T, d uint16, k uint8, floor float64, b []byte) {
		dim := int(d)%600 + 1
		if len(b) < dim || math.IsNaN(floor) {
			return
		}
		rows := make([]match.Template, 0, len(b)/dim)
		for ; len(b) >= dim; b = b[dim:] {
			codes := make([]int8, dim)
			for i := range codes {
				codes[i] = max(int8(b[i]), -127)
			}
			rows = append(rows, fromCodes(t, codes))
		}
		fuzzRows(t, dim, rows, match.Request{K: int(k), Floor: match.AtLeast(floor)})
	})
}

func fuzzRows(t *testing.T, dim int, rows []match.Template, request match.Request) {
	g := newGallery(t, dim)
	for id, x := range rows {
		mustAdd(t, g, uint64(id), x)
	}
	want, err := g.Exhaustive(t.Context(), rows[0], request)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range want.Candidates {
		if s, err := match.Score(rows[0], rows[c.ID]); err != nil || s != c.Score {
			t.Fatalf("row %d has score %v, want %v", c.ID, c.Score, s)
		}
	}
	for _, name := range match.Tested() {
		g.Use(name)
		if got, err := g.Search(t.Context(), rows[0], request); err != nil || !same(got.Candidates, want.Candidates) {
			t.Fatalf("%s: %v, %d candidates, want %d", name, err, len(got.Candidates), len(want.Candidates))
		}
	}
}

// TestTheVariableChoosesTheKernel takes every name, and one that means nothing.
func TestTheVariableChoosesTheKernel(t *testing.T) {
	best := match.Kernels()[0]
	for _, name := range append(match.Kernels(), "abacus", "") {
		t.Setenv("IDEM_MATCH", name)
		want := best
		if slices.Contains(match.Kernels(), name) {
			want = name
		}
		if got := newGallery(t, 1).Kernel(); got != want {
			t.Errorf("IDEM_MATCH=%s chose %s, want %s", name, got, want)
		}
	}
}

// TestEveryKernelEqualsTheReferenceInBatches does the same for many probes.
func TestEveryKernelEqualsTheReferenceInBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dim := rapid.OneOf(rapid.IntRange(1, 600), rapid.SampledFrom([]int{64, 128, 512, match.MaxDim})).Draw(t, "dim")
		rows := rapid.IntRange(0, 150).Draw(t, "rows")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3))
		g, err := match.NewGallery(model, dim)
		if err != nil {
			t.Fatal(err)
		}
		like := crowd(t, g, r, dim, rows)
		probes := make([]match.Template, rapid.IntRange(1, 70).Draw(t, "probes"))
		for i := range probes {
			probes[i] = parse(t, likeness(r, like))
			if i%3 == 0 {
				probes[i] = parse(t, adversary(r, dim))
			}
		}
		request := match.Request{K: rapid.SampledFrom([]int{0, 1, 50}).Draw(t, "k")}
		request.Floor = match.AtLeast(rapid.SampledFrom([]float64{-1, 0, 1e-300, 0.01, 0.3, 0.9, 1, 1.1, math.Inf(1)}).Draw(t, "floor"))
		queries := ask(probes, request)
		for i := range queries {
			if r.IntN(5) == 0 {
				queries[i].Among = someOf(r, rows)
			}
		}
		everyBatch(t, g, queries)
	})
}

// everyBatch answers a batch with every kernel.
func everyBatch(t checker, g *match.Gallery, queries []match.Query) {
	g.Use("go")
	reference := g.SearchBatch(t.Context(), queries)
	for _, kernel := range match.Tested() {
		g.Use(kernel)
		checkBatchOf(t, g, kernel, queries, reference)
	}
}

// checkBatchOf also holds the work against that of the kernel in Go: only tiles
// dismiss other rows.
func checkBatchOf(t checker, g *match.Gallery, kernel string, queries []match.Query, reference []match.Result) {
	got := g.SearchBatch(t.Context(), queries)
	for i, q := range queries {
		if kernel != "amx" && kernel != "tiles" && got[i].Work != reference[i].Work {
			t.Fatalf("%s, probe %d of %d: work %+v, in Go %+v", kernel, i, len(queries), got[i].Work, reference[i].Work)
		}
		want, err := g.Exhaustive(t.Context(), q.Probe, q.Request)
		if err != nil || got[i].Err != nil || !same(got[i].Candidates, want.Candidates) || got[i].Work.Rows != want.Work.Rows {
			t.Fatalf("%s, probe %d: %v, work %+v and %+v\n%v\n%v", kernel, i, err, got[i].Work, want.Work, head(got[i].Candidates), head(want.Candidates))
		}
	}
}
