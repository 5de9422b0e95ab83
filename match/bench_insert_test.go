package match_test

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/idem-id/idem/match"
)

// insertsPerSecond is the load beside the searches of a benchmark.
const insertsPerSecond = 1000

// BenchmarkScanBesideInserts takes turns: some searches alone, and the same while
// another goroutine inserts. It reports the median processor time of a search,
// that of the inserting thread left out, its time on the clock, and the ratios
// of the two; and of the inserts, how long Add took and how long after it was
// due a row was in.
func BenchmarkScanBesideInserts(b *testing.B) {
	g, probes := town(b, *benchRows, *benchDims, 16)
	request := match.Request{K: 50, Floor: match.AtLeast(floorFor(*benchDims))}
	in := newInserter(b, g)
	var alone, beside pace
	for b.Loop() {
		alone.measure(len(probes), func() time.Duration {
			searchEach(b, g, probes, request)
			return 0
		})
		stop := in.start()
		beside.measure(len(probes), func() time.Duration {
			before := in.spent.Load()
			searchEach(b, g, probes, request)
			return time.Duration(in.spent.Load() - before)
		})
		stop()
	}
	b.ReportMetric(milliseconds(alone.cpu), "alone-cpu-ms")
	b.ReportMetric(milliseconds(beside.cpu)/milliseconds(alone.cpu), "beside/alone-cpu")
	b.ReportMetric(milliseconds(alone.wall), "alone-ms")
	b.ReportMetric(milliseconds(beside.wall)/milliseconds(alone.wall), "beside/alone")
	reportTail(b, "add", in.took)
	reportTail(b, "due", in.late)
	b.ReportMetric(float64(len(in.took))/in.running.Seconds(), "inserts/s")
	b.ReportMetric(0, "ns/op")
}

func searchEach(b *testing.B, g *match.Gallery, probes []match.Template, request match.Request) {
	for _, p := range probes {
		mustSearch(b, g, p, request)
	}
}

// pace collects what a search took.
type pace struct{ cpu, wall []time.Duration }

// measure runs f, which makes n searches and returns the processor time that is
// not theirs.
func (p *pace) measure(n int, f func() time.Duration) {
	cpu, wall := clock(), time.Now()
	other := f()
	p.cpu = append(p.cpu, (clock()-cpu-other)/time.Duration(n))
	p.wall = append(p.wall, time.Since(wall)/time.Duration(n))
}

// inserter adds rows to a gallery at their due times.
type inserter struct {
	b          *testing.B
	gallery    *match.Gallery
	rows       []match.Template
	next       uint64
	spent      atomic.Int64 // processor time of its thread, in nanoseconds
	took, late []time.Duration
	running    time.Duration
}

func newInserter(b *testing.B, g *match.Gallery) *inserter {
	in := &inserter{b: b, gallery: g, next: uint64(*benchRows)}
	p := newPeople(*benchDims)
	for range 256 {
		p.next()
		in.rows = append(in.rows, p.template(b))
	}
	return in
}

// start inserts until stop is called, which waits for the last row.
func (in *inserter) start() (stop func()) {
	var over atomic.Bool
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread() // and leave it so: the thread's clock ends with it
		begin, before := time.Now(), threadClock()
		base := in.spent.Load()
		for i := time.Duration(1); !over.Load(); i++ {
			in.insert(begin.Add(i * time.Second / insertsPerSecond))
			in.spent.Store(base + int64(threadClock()-before))
		}
		in.running += time.Since(begin)
		close(done)
	}()
	return func() {
		over.Store(true)
		<-done
	}
}

func (in *inserter) insert(due time.Time) {
	time.Sleep(time.Until(due))
	start := time.Now()
	mustAdd(in.b, in.gallery, in.next, in.rows[in.next%uint64(len(in.rows))])
	in.took = append(in.took, time.Since(start))
	in.late = append(in.late, time.Since(due))
	in.next++
}

// reportTail tells of the slowest.
func reportTail(b *testing.B, name string, all []time.Duration) {
	all = slices.Sorted(slices.Values(all))
	b.ReportMetric(float64(all[len(all)*999/1000].Nanoseconds())/1000, name+"-p99.9-us")
	b.ReportMetric(float64(all[len(all)-1].Nanoseconds())/1000, name+"-max-us")
}

// BenchmarkWorstChange fills a gallery and takes half of its rows out in random
// order. It reports the processor time of the slowest changes: the locks are
// held so long.
func BenchmarkWorstChange(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, x := newPeople(*benchDims), []match.Template(nil)
	for range 256 {
		p.next()
		x = append(x, p.template(b))
	}
	var adds, removes []time.Duration
	for b.Loop() {
		g := newGallery(b, *benchDims)
		for id := range *benchRows {
			adds = append(adds, onThread(func() { mustAdd(b, g, uint64(id), x[id%len(x)]) }))
		}
		for _, id := range rand.Perm(*benchRows)[:*benchRows/2] {
			removes = append(removes, onThread(func() { g.Remove(uint64(id)) }))
		}
	}
	reportTail(b, "add", adds)
	reportTail(b, "remove", removes)
	b.ReportMetric(0, "ns/op")
}

func onThread(f func()) time.Duration {
	start := threadClock()
	f()
	return threadClock() - start
}
