package match_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/idem-id/idem/match"
)

// TestBatchEqualsSingleSearches takes more probes than share one pass.
func TestBatchEqualsSingleSearches(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	g := newGallery(t, 24)
	for id := range uint64(5000) {
		mustAdd(t, g, id, fromCodes(t, coarse(r, 24)))
	}
	probes := make([]match.Template, 300)
	for i := range probes {
		probes[i] = fromCodes(t, coarse(r, 24))
	}
	for _, request := range []match.Request{{K: 7}, {K: 3, Floor: match.AtLeast(0.5), Skip: func(id uint64) bool { return id%3 == 0 }}} {
		queries := ask(probes, request)
		want := references(t, g, queries)
		for _, kernel := range match.Tested() {
			g.Use(kernel)
			checkAgainst(t, g, queries, want)
		}
	}
}

// TestBatchesOfEachSize has every remainder that a kernel's width leaves.
func TestBatchesOfEachSize(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	g := newGallery(t, 40)
	for id := range uint64(700) {
		mustAdd(t, g, id, fromCodes(t, coarse(r, 40)))
	}
	var probes []match.Template
	for range 18 {
		probes = append(probes, fromCodes(t, coarse(r, 40)))
	}
	for _, kernel := range match.Tested() {
		g.Use(kernel)
		for n := range probes {
			checkBatch(t, g, probes[:n], match.Request{K: 5, Floor: match.AtLeast(0.1)})
		}
	}
}

func checkBatch(t *testing.T, g *match.Gallery, probes []match.Template, request match.Request) {
	t.Helper()
	queries := ask(probes, request)
	checkAgainst(t, g, queries, references(t, g, queries))
}

// ask makes the same request for each of the probes.
func ask(probes []match.Template, request match.Request) []match.Query {
	queries := make([]match.Query, len(probes))
	for i, probe := range probes {
		queries[i] = match.Query{Probe: probe, Request: request}
	}
	return queries
}

// references are the answers of the exhaustive search, which no kernel changes.
func references(t *testing.T, g *match.Gallery, queries []match.Query) []match.Result {
	t.Helper()
	list := make([]match.Result, len(queries))
	for i, q := range queries {
		var err error
		if list[i], err = g.Exhaustive(t.Context(), q.Probe, q.Request); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func checkAgainst(t *testing.T, g *match.Gallery, queries []match.Query, want []match.Result) {
	t.Helper()
	got := g.SearchBatch(t.Context(), queries)
	if len(got) != len(queries) {
		t.Fatalf("%d results", len(got))
	}
	for i := range queries {
		if got[i].Err != nil || !same(got[i].Candidates, want[i].Candidates) || got[i].Work.Rows != want[i].Work.Rows {
			t.Fatalf("query %d: %v\n%v\n%v", i, got[i].Err, head(got[i].Candidates), head(want[i].Candidates))
		}
	}
}

// TestEachQueryOfABatchHasItsOwnRequest mixes requests that suit tiles with
// others.
func TestEachQueryOfABatchHasItsOwnRequest(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	g := newGallery(t, 24)
	for id := range uint64(9000) {
		mustAdd(t, g, id, fromCodes(t, coarse(r, 24)))
	}
	odd := func(id uint64) bool { return id%2 == 1 }
	requests := []match.Request{{}, {K: 5}, {Floor: match.AtLeast(0.6)}, {K: 9, Floor: match.AtLeast(0.3), Skip: odd}, {K: 1, Floor: match.AtLeast(-0.5)}, {K: 4, Among: someOf(r, 9000)}, {Among: []uint64{}}}
	queries := make([]match.Query, 60)
	for i := range queries {
		queries[i] = match.Query{Probe: fromCodes(t, coarse(r, 24)), Request: requests[i%len(requests)]}
	}
	want := references(t, g, queries)
	for _, kernel := range match.Tested() {
		g.Use(kernel)
		checkAgainst(t, g, queries, want)
	}
}

// TestAQueryLeavesABatchAlone cancels some queries of a batch, before it and in
// the middle of it. One processor: another might be through before the caller
// is asked.
func TestAQueryLeavesABatchAlone(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	r := rand.New(rand.NewPCG(8, 8))
	g := newGallery(t, 8)
	for id := range uint64(20_000) {
		mustAdd(t, g, id, fromCodes(t, coarse(r, 8)))
	}
	for _, kernel := range match.Tested() {
		g.Use(kernel)
		leaveBatch(t, g, r)
	}
}

func leaveBatch(t *testing.T, g *match.Gallery, r *rand.Rand) {
	early, cancelEarly := context.WithCancel(t.Context())
	late, cancelLate := context.WithCancel(t.Context())
	cancelEarly()
	queries := make([]match.Query, 40)
	for i := range queries {
		queries[i] = match.Query{Probe: fromCodes(t, coarse(r, 8)), Request: match.Request{K: 3, Floor: match.AtLeast(0.1)}}
		queries[i].Context = []context.Context{nil, early, late}[i%3]
	}
	queries[0].Probe = fromCodes(t, []int8{1, 1, 1, 1, 1, 1, 1, 1}) // has candidates in the first chunk
	queries[0].Skip = func(uint64) bool { cancelLate(); return false }
	for i, got := range g.SearchBatch(t.Context(), queries) {
		if i%3 != 0 {
			if !errors.Is(got.Err, context.Canceled) || got.Candidates != nil || got.Work != (match.Work{}) {
				t.Fatalf("query %d: %d candidates, %v", i, len(got.Candidates), got.Err)
			}
			continue
		}
		want, err := g.Exhaustive(t.Context(), queries[i].Probe, queries[i].Request)
		if err != nil || got.Err != nil || !same(got.Candidates, want.Candidates) {
			t.Fatalf("query %d: %v, %v", i, got.Err, err)
		}
	}
}

func TestBatchRefusesWhatASearchRefuses(t *testing.T) {
	g, x := newGallery(t, 1), fromCodes(t, []int8{1})
	mustAdd(t, g, 1, x)
	got := g.SearchBatch(t.Context(), []match.Query{{}, {Probe: x}, {Probe: x, Request: match.Request{K: -1}}})
	if !errors.Is(got[0].Err, match.ErrModel) || !errors.Is(got[2].Err, match.ErrRequest) {
		t.Error(got[0].Err, got[2].Err)
	}
	if got[1].Err != nil || len(got[1].Candidates) != 1 {
		t.Error("a query suffers from its neighbours:", got[1])
	}
	if got := g.SearchBatch(t.Context(), nil); len(got) != 0 {
		t.Error(got)
	}
}

// TestSeveralProcessorsEqualTheReference searches a gallery that is large enough
// to be shared out, for a few probes at once, with and without Skip.
func TestSeveralProcessorsEqualTheReference(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	const dim, rows = 64, 120_000
	r := rand.New(rand.NewPCG(9, 9))
	g, kinds := newGallery(t, dim), make([]match.Template, 3000)
	for i := range kinds {
		kinds[i] = fromCodes(t, adversary(r, dim))
	}
	for id := range uint64(rows) {
		mustAdd(t, g, id, kinds[r.IntN(len(kinds))])
	}
	if n := g.Workers(14); n < 2 {
		t.Fatalf("%d workers: the test tests nothing", n)
	}
	mine := func(id uint64) bool { return id%2 == 0 }
	for i, request := range []match.Request{
		{K: 20}, {K: 200, Skip: mine}, {Floor: match.AtLeast(0.4)}, {Floor: match.AtLeast(0.5), Skip: mine},
	} {
		checkBatch(t, g, kinds[i:i+14], request)
	}
}

// TestSearchesWhileRowsMove removes until segments close their gaps, between
// the chunks of one segment: no row that stays may be missed.
func TestSearchesWhileRowsMove(t *testing.T) {
	const rows = 60_000 // the last segments have more rows than a chunk
	for stays := uint64(2); stays < 6; stays++ {
		for _, at := range []uint64{0, 41_111, 47_003, 55_555} {
			searchWhileRowsMove(t, rows, at, stays, 0)
			searchWhileRowsMove(t, rows, at, stays, 7)
		}
	}
}

// searchWhileRowsMove removes all rows but every stays-th when Skip is asked
// about row at. The search is among row at and every among-th row, or all.
func searchWhileRowsMove(t *testing.T, rows, at, stays, among uint64) {
	g, x := newGallery(t, 1), fromCodes(t, []int8{1})
	for id := range rows {
		mustAdd(t, g, id, x)
	}
	ids, want := everyOf(rows, among, stays)
	if ids != nil {
		ids = append(ids, at)
	}
	got, err := g.Search(t.Context(), x, match.Request{Among: ids, Skip: func(id uint64) bool {
		if id == at {
			for other := range rows {
				if other%stays != 0 {
					g.Remove(other)
				}
			}
		}
		return id%stays != 0 || among > 0 && id%among != 0
	}})
	if err != nil || len(got.Candidates) != want || g.Len() != int((rows+stays-1)/stays) {
		t.Fatalf("at %d: %d candidates, want %d, %v", at, len(got.Candidates), want, err)
	}
}

// everyOf returns every step-th id, nil for all, and how many of them stay.
func everyOf(rows, step, stays uint64) (ids []uint64, staying int) {
	for id := uint64(0); id < rows; id += max(step, 1) {
		if step > 0 {
			ids = append(ids, id)
		}
		if id%stays == 0 {
			staying++
		}
	}
	return ids, staying
}
