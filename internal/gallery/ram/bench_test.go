package ram_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/ram"
	"github.com/idem-id/idem/match"
)

var (
	benchRows  = flag.Int("rows", 200_000, "references of the benchmark's gallery")
	benchModel = gallery.Model{ID: "bench-512", Short: 0xbe7c, Dim: 512}
)

// BenchmarkConcurrent measures searches by some clients at once, each of which
// asks again when it was answered, with shared passes and without.
func BenchmarkConcurrent(b *testing.B) {
	x, probes := crowd(b, *benchRows)
	for _, clients := range []int{1, 4, 16, 64} {
		for _, shared := range []bool{false, true} {
			b.Run(fmt.Sprintf("clients=%d/shared=%v", clients, shared), func(b *testing.B) {
				from := map[bool]int{true: 0, false: math.MaxInt}[shared]
				searchAll(b, x.ShareFrom(from), probes, clients)
			})
		}
	}
}

// crowd fills an index with random directions, and returns mates of some.
func crowd(b *testing.B, rows int) (*ram.Index, []match.Template) {
	r, x := rand.New(rand.NewPCG(1, 1)), ram.New(benchModel)
	var probes []match.Template
	for seq := idem.Seq(1); seq <= idem.Seq(rows); seq++ {
		face := direction(r)
		c := gallery.Change{Seq: seq, Op: idem.OpReserve, Ref: seq, Set: idem.SetPhoto, Template: quantised(b, face)}
		if err := x.Apply(context.Background(), log, []gallery.Change{c}, seq); err != nil {
			b.Fatal(err)
		}
		if len(probes) < 256 {
			for i, noise := range direction(r) {
				face[i] += noise
			}
			probes = append(probes, quantised(b, face))
		}
	}
	return x, probes
}

func direction(r *rand.Rand) []float32 {
	v := make([]float32, benchModel.Dim)
	for i := range v {
		v[i] = float32(r.NormFloat64() / math.Sqrt(float64(benchModel.Dim)))
	}
	return v
}

func quantised(b *testing.B, v []float32) match.Template {
	t, err := match.Quantise(benchModel.Short, v)
	if err != nil {
		b.Fatal(err)
	}
	return t
}

// searchAll lets clients search b.N times together.
func searchAll(b *testing.B, x *ram.Index, probes []match.Template, clients int) {
	before, took := x.Stats(), make([]time.Duration, b.N)
	var next atomic.Int64
	var all sync.WaitGroup
	begin := time.Now()
	for range clients {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
				took[i] = searchOne(b, x, probes[i%len(probes)])
			}
		})
	}
	all.Wait()
	seconds, after := time.Since(begin).Seconds(), x.Stats()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/seconds, "searches/s")
	b.ReportMetric(took[b.N/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(took[b.N*99/100].Seconds()*1000, "p99-ms")
	b.ReportMetric(float64(after.Probes-before.Probes)/float64(after.Passes-before.Passes), "probes/pass")
	b.ReportMetric(0, "ns/op")
}

func searchOne(b *testing.B, x *ram.Index, probe match.Template) time.Duration {
	begin := time.Now()
	q := gallery.Query{Sets: []idem.Set{idem.SetPhoto}, Floor: 0.35, K: 50}
	found, err := x.Search(context.Background(), log, probe, q, idem.Seq(*benchRows))
	if err != nil || len(found.Candidates) == 0 || found.Work.Rows != *benchRows {
		b.Errorf("%+v, %v", found, err)
	}
	return time.Since(begin)
}
