package match_test

import (
	"math/rand/v2"
	"testing"

	"github.com/idem-id/idem/match"
)

func benchTemplate(b *testing.B, r *rand.Rand) match.Template {
	x, err := match.Quantise(model, gaussian(r, 512))
	if err != nil {
		b.Fatal(err)
	}
	return x
}

// BenchmarkSearch searches 100,000 rows of 512 dimensions, one goroutine.
func BenchmarkSearch(b *testing.B) {
	const rows = 100_000
	r := rand.New(rand.NewPCG(1, 1))
	g := newGallery(b, 512)
	for id := range uint64(rows) {
		mustAdd(b, g, id, benchTemplate(b, r))
	}
	probe := benchTemplate(b, r)
	for name, request := range map[string]match.Request{
		"floor": {K: 50, Floor: match.AtLeast(0.35)}, "top50": {K: 50},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := g.Search(b.Context(), probe, request); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}

func BenchmarkScore(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	x, y := benchTemplate(b, r), benchTemplate(b, r)
	for b.Loop() {
		if _, err := match.Score(x, y); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQuantise(b *testing.B) {
	v := gaussian(rand.New(rand.NewPCG(1, 1)), 512)
	for b.Loop() {
		if _, err := match.Quantise(model, v); err != nil {
			b.Fatal(err)
		}
	}
}
