package match_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/stream"
	"github.com/idem-id/idem/match"
)

var (
	benchRows = flag.Int("rows", 100_000, "rows of the benchmarks' galleries")
	benchDims = flag.Int("dims", 512, "dimensions of the benchmarks' templates: a power of two")
)

// people makes templates that are distributed as a recogniser's are: a decaying
// spectrum of the effective dimension measured with real ones, mild clusters,
// up to three templates for a person, and a random rotation.
type people struct {
	r         *rand.Rand
	spectrum  []float64
	clusters  [][]float64
	signs     [2][]float64
	person, v []float64
}

func newPeople(dim int) *people {
	p := &people{r: rand.New(rand.NewPCG(1, uint64(dim))), v: make([]float64, dim), person: make([]float64, dim)}
	p.spectrum = spectrum(dim, map[int]float64{128: 85, 256: 129, 512: 213}[dim])
	for range 64 {
		c := p.gaussian(0.25)
		p.clusters = append(p.clusters, c)
	}
	for i := range p.signs {
		for range dim {
			p.signs[i] = append(p.signs[i], float64(1-2*p.r.IntN(2)))
		}
	}
	return p
}

// spectrum decays exponentially; its participation ratio is effective.
func spectrum(dim int, effective float64) []float64 {
	s := make([]float64, dim)
	low, high := 0.0, 1.0
	for range 60 {
		decay, sum, squares := (low+high)/2, 0.0, 0.0
		for i := range s {
			x := math.Exp(-decay * float64(i))
			s[i], sum, squares = math.Sqrt(x), sum+x, squares+x*x
		}
		if sum*sum/squares > effective {
			low = decay
		} else {
			high = decay
		}
	}
	return s
}

func (p *people) gaussian(size float64) []float64 {
	v := make([]float64, len(p.spectrum))
	for i, s := range p.spectrum {
		v[i] = size * s * p.r.NormFloat64()
	}
	return v
}

func (p *people) next() {
	c := p.clusters[p.r.IntN(len(p.clusters))]
	for i, s := range p.spectrum {
		p.person[i] = c[i] + s*p.r.NormFloat64()
	}
}

// template returns one of the present person, at a noise that gives mates a
// cosine of about 0.57 to 0.87.
func (p *people) template(b testing.TB) match.Template {
	noise := 0.4 + 0.4*p.r.Float64()
	for i, s := range p.spectrum {
		p.v[i] = p.person[i] + noise*s*p.r.NormFloat64()
	}
	for _, signs := range p.signs {
		rotate(p.v, signs)
	}
	f := make([]float32, len(p.v))
	for i, x := range p.v {
		f[i] = float32(x)
	}
	x, err := match.Quantise(model, f)
	if err != nil {
		b.Fatal(err)
	}
	return x
}

// rotate flips signs and applies a Hadamard matrix.
func rotate(v, signs []float64) {
	for i := range v {
		v[i] *= signs[i]
	}
	for step := 1; step < len(v); step *= 2 {
		for from := 0; from < len(v); from += 2 * step {
			a, b := v[from:from+step], v[from+step:][:step]
			for i, x := range a {
				a[i], b[i] = x+b[i], x-b[i]
			}
		}
	}
}

// town is a gallery of people, and probes of which half have a mate in it.
func town(b testing.TB, rows, dim, probes int) (*match.Gallery, []match.Template) {
	p, g := newPeople(dim), newGallery(b, dim)
	var all []match.Template
	for id := 0; id < rows; {
		p.next()
		for range min(1+p.r.IntN(2), rows-id) {
			mustAdd(b, g, uint64(id), p.template(b))
			id++
		}
		if len(all) < probes/2 {
			all = append(all, p.template(b))
		}
	}
	for len(all) < probes {
		p.next()
		all = append(all, p.template(b))
	}
	return g, all
}

func floorFor(dim int) float64 { return map[int]float64{128: 0.45, 256: 0.40, 512: 0.35}[dim] }

// BenchmarkAgainstRead measures searches beside a plain read of the high plane,
// round by round, and reports the medians and their ratio. Use -cpu 1 to
// compare one core with one.
func BenchmarkAgainstRead(b *testing.B) {
	g, probes := town(b, *benchRows, *benchDims, 32)
	floor := floorFor(*benchDims)
	requests := map[string]match.Request{
		fmt.Sprintf("floor %.2f", floor): {K: 50, Floor: match.AtLeast(floor)}, "top 50": {K: 50},
	}
	for _, kernel := range match.Kernels() {
		for name, request := range requests {
			b.Run(kernel+"/"+name, func(b *testing.B) {
				g.Use(kernel)
				againstRead(b, g, probes, request)
			})
		}
	}
}

func againstRead(b *testing.B, g *match.Gallery, probes []match.Template, request match.Request) {
	planes := g.HighPlane()
	var read, search []time.Duration
	var work []match.Work
	for i := 0; b.Loop(); i++ {
		read = append(read, timed(func() {
			for _, p := range planes {
				stream.Read(p)
			}
		}))
		search = append(search, timed(func() { work = append(work, mustSearch(b, g, probes[i%len(probes)], request)) }))
	}
	b.ReportMetric(milliseconds(read), "read-ms")
	b.ReportMetric(milliseconds(search), "search-ms")
	b.ReportMetric(milliseconds(search)/milliseconds(read), "search/read")
	b.ReportMetric(mean(work, func(w match.Work) int { return w.Survivors }), "survivors")
	b.ReportMetric(mean(work, func(w match.Work) int { return w.Blocks }), "blocks")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkBatch reports the time for one probe of a batch. Use -cpu 1 for one
// core.
func BenchmarkBatch(b *testing.B) {
	g, probes := town(b, *benchRows, *benchDims, 256)
	request := match.Request{K: 50, Floor: match.AtLeast(floorFor(*benchDims))}
	for _, kernel := range match.Kernels() {
		for _, n := range []int{1, 2, 4, 8, 9, 12, 15, 32, 256} {
			b.Run(fmt.Sprintf("%s/%d", kernel, n), func(b *testing.B) {
				g.Use(kernel)
				var all []time.Duration
				for b.Loop() {
					all = append(all, timed(func() { mustSearchBatch(b, g, probes[:n], request) }))
				}
				b.ReportMetric(milliseconds(all)/float64(n), "ms/probe")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// BenchmarkAmong reports the time of a search among some rows, and its part of
// the time of one among all in the same rounds. Use -cpu 1 for one core.
func BenchmarkAmong(b *testing.B) {
	g, probes := town(b, *benchRows, *benchDims, 32)
	request := match.Request{K: 50, Floor: match.AtLeast(floorFor(*benchDims))}
	for name, ids := range someIDs(*benchRows) {
		b.Run(name, func(b *testing.B) {
			some := request
			some.Among = ids
			var whole, part []time.Duration
			for i := 0; b.Loop(); i++ {
				probe := probes[i%len(probes)]
				whole = append(whole, timed(func() { mustSearch(b, g, probe, request) }))
				part = append(part, timed(func() { mustSearch(b, g, probe, some) }))
			}
			b.ReportMetric(milliseconds(part), "search-ms")
			b.ReportMetric(milliseconds(part)/milliseconds(whole), "search/all")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// someIDs names shares of the ids below n.
func someIDs(n int) map[string][]uint64 {
	r, shares := rand.New(rand.NewPCG(4, 4)), map[string][]uint64{}
	for id := range uint64(n) {
		if id >= uint64(n)/2 && id < uint64(n)/2+uint64(n)/10 {
			shares["run of a tenth"] = append(shares["run of a tenth"], id)
		}
		if r.IntN(100) == 0 {
			shares["random hundredth"] = append(shares["random hundredth"], id)
		}
		if r.IntN(10) == 0 {
			shares["random tenth"] = append(shares["random tenth"], id)
		}
	}
	return shares
}

func mean(all []match.Work, of func(match.Work) int) float64 {
	sum := 0
	for _, w := range all {
		sum += of(w)
	}
	return float64(sum) / float64(len(all))
}

func mustSearchBatch(b *testing.B, g *match.Gallery, probes []match.Template, request match.Request) {
	for _, found := range g.SearchBatch(context.Background(), ask(probes, request)) {
		if found.Err != nil {
			b.Fatal(found.Err)
		}
	}
}

func mustSearch(b *testing.B, g *match.Gallery, probe match.Template, request match.Request) match.Work {
	found, err := g.Search(context.Background(), probe, request)
	if err != nil {
		b.Fatal(err)
	}
	return found.Work
}

// timed takes processor time, so that -cpu 1 compares one core with one.
func timed(f func()) time.Duration {
	start := clock()
	f()
	return clock() - start
}

// milliseconds returns the median.
func milliseconds(all []time.Duration) float64 {
	return slices.Sorted(slices.Values(all))[len(all)/2].Seconds() * 1000
}

func BenchmarkScore(b *testing.B) {
	p := newPeople(512)
	p.next()
	x, y := p.template(b), p.template(b)
	for b.Loop() {
		if _, err := match.Score(x, y); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	p, g := newPeople(512), newGallery(b, 512)
	p.next()
	x := p.template(b)
	id := uint64(0)
	for b.Loop() {
		mustAdd(b, g, id, x)
		id++
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
