package match_test

import (
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
	for _, kernel := range match.Kernels() {
		g.Use(kernel)
		checkBatch(t, g, probes, match.Request{K: 7})
		checkBatch(t, g, probes, match.Request{K: 3, Floor: match.AtLeast(0.5), Skip: func(id uint64) bool { return id%3 == 0 }})
	}
}

func checkBatch(t *testing.T, g *match.Gallery, probes []match.Template, request match.Request) {
	t.Helper()
	got, err := g.SearchBatch(t.Context(), probes, request)
	if err != nil || len(got) != len(probes) {
		t.Fatalf("%d results, %v", len(got), err)
	}
	for i, probe := range probes {
		want, err := g.Exhaustive(t.Context(), probe, request)
		if err != nil || !same(got[i].Candidates, want.Candidates) || got[i].Work.Rows != want.Work.Rows {
			t.Fatalf("probe %d: %v\n%v\n%v", i, err, head(got[i].Candidates), head(want.Candidates))
		}
	}
}

func TestBatchRefusesWhatASearchRefuses(t *testing.T) {
	g, x := newGallery(t, 1), fromCodes(t, []int8{1})
	mustAdd(t, g, 1, x)
	if got, err := g.SearchBatch(t.Context(), []match.Template{x, {}}, match.Request{}); !errors.Is(err, match.ErrModel) || got != nil {
		t.Error(got, err)
	}
	if got, err := g.SearchBatch(t.Context(), []match.Template{x}, match.Request{K: -1}); !errors.Is(err, match.ErrRequest) || got != nil {
		t.Error(got, err)
	}
	if got, err := g.SearchBatch(t.Context(), nil, match.Request{}); err != nil || len(got) != 0 {
		t.Error(got, err)
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
			searchWhileRowsMove(t, rows, at, stays)
		}
	}
}

// searchWhileRowsMove removes all rows but every stays-th when Skip is asked
// about row at.
func searchWhileRowsMove(t *testing.T, rows, at, stays uint64) {
	g, x := newGallery(t, 1), fromCodes(t, []int8{1})
	for id := range rows {
		mustAdd(t, g, id, x)
	}
	got, err := g.Search(t.Context(), x, match.Request{Skip: func(id uint64) bool {
		if id == at {
			for other := range rows {
				if other%stays != 0 {
					g.Remove(other)
				}
			}
		}
		return id%stays != 0
	}})
	want := int((rows + stays - 1) / stays)
	if err != nil || len(got.Candidates) != want || g.Len() != want {
		t.Fatalf("at %d: %d candidates, want %d, %v", at, len(got.Candidates), want, err)
	}
}
