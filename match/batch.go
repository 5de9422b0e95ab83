package match

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// SearchBatch answers as many Search calls at once would, result i for probe i,
// and reads the gallery only once for up to 256 probes. The request, with its
// Skip, holds for each of them. An error is an error of all.
func (g *Gallery) SearchBatch(ctx context.Context, probes []Template, r Request) ([]Result, error) {
	for _, probe := range probes {
		if err := g.check(probe, r); err != nil {
			return nil, err
		}
	}
	results := make([]Result, 0, len(probes))
	for len(results) < len(probes) {
		next := probes[len(results):]
		found, err := g.searchGroup(ctx, next[:min(len(next), maxGroup)], r)
		if err != nil {
			return nil, err
		}
		results = append(results, found...)
	}
	return results, nil
}

// maxGroup is how many probes share one pass over the rows.
const maxGroup = 256

func (g *Gallery) searchGroup(ctx context.Context, probes []Template, r Request) ([]Result, error) {
	s := &search{ctx: ctx, kernel: g.kernel, chunks: g.snapshot(), lists: make([]list, len(probes))}
	for i, probe := range probes {
		s.lists[i].start(probe, r)
	}
	s.run(g.workers(len(s.chunks), len(probes)))
	if s.stopped.Load() {
		return nil, fmt.Errorf("search gallery: %w", ctx.Err())
	}
	results := make([]Result, len(probes))
	for i := range results {
		results[i] = s.lists[i].result()
	}
	return results, nil
}

// workBytes is the least memory that is worth a goroutine: it takes about a
// quarter of a millisecond to read.
const workBytes = 4 << 20

// workers returns how many goroutines compare chunks with probes.
func (g *Gallery) workers(chunks, probes int) int {
	bytes := chunks * chunkRows / 2 * g.dim * probes
	return max(1, min(bytes/workBytes, chunks, runtime.GOMAXPROCS(0)))
}

// search is one pass of some probes over all chunks, which workers take in
// their order one by one.
type search struct {
	ctx     context.Context
	kernel  kernel
	chunks  []chunk
	next    atomic.Int64
	stopped atomic.Bool // the context ended before the chunks did
	lists   []list      // one for each probe
}

// run works in the calling goroutine and in others beside it.
func (s *search) run(workers int) {
	var others sync.WaitGroup
	for range workers - 1 {
		others.Go(func() { s.work((*list).leave) })
	}
	defer others.Wait() // also when Skip panics
	s.work((*list).offer)
}

// work compares chunks until none is left, and hands over what it finds.
func (s *search) work(hand func(l *list, found []Candidate)) {
	done := make([]Work, len(s.lists))
	compare := s.comparer(done, hand)
	for {
		i := int(s.next.Add(1)) - 1
		if i >= len(s.chunks) {
			break
		}
		if s.ctx.Err() != nil {
			s.stopped.Store(true)
			break
		}
		compare(&s.chunks[i])
	}
	for j := range s.lists {
		s.lists[j].account(done[j])
	}
}

// comparer returns what compares a chunk with all probes.
func (s *search) comparer(done []Work, hand func(l *list, found []Candidate)) func(*chunk) {
	w := newScan(s.kernel)
	each := func(c *chunk) {
		for j := range s.lists {
			l := &s.lists[j]
			w.chunk(c, l.query, l.bar(), &done[j])
			hand(l, w.found)
		}
	}
	if !s.kernel.tiles || len(s.lists) < minTiled {
		return each
	}
	t := newTiled(s.lists, done)
	return func(c *chunk) {
		if !t.ready() {
			each(c)
			return
		}
		t.chunk(c)
		for j := range s.lists {
			hand(&s.lists[j], t.found[j])
		}
	}
}

// list collects the candidates of one probe.
type list struct {
	query *query
	bits  atomic.Uint64 // of the bar, so that workers see it rise

	// mu guards the rest while several goroutines work; but the collector of a
	// request with Skip belongs to the calling goroutine, which holds no lock
	// when it calls foreign code.
	mu        sync.Mutex
	collector collector
	left      []Candidate // for the calling goroutine to offer
	work      Work
}

func (l *list) start(probe Template, r Request) {
	l.query = newQuery(probe.body)
	l.collector.request = r
	l.raise()
}

// bar is the least score that can still enter. An old one is too low, which
// costs time and changes nothing.
func (l *list) bar() float64 { return math.Float64frombits(l.bits.Load()) }

func (l *list) raise() { l.bits.Store(math.Float64bits(l.collector.bar())) }

// offer is what the calling goroutine does with what it found.
func (l *list) offer(found []Candidate) {
	if l.collector.request.Skip == nil {
		l.leave(found)
		return
	}
	l.mu.Lock()
	left := l.left
	l.left = nil
	l.mu.Unlock()
	l.collector.offer(left)
	l.collector.offer(found)
	l.raise()
}

// leave is what any goroutine may do with what it found.
func (l *list) leave(found []Candidate) {
	if len(found) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.collector.request.Skip != nil {
		l.left = append(l.left, found...)
		return
	}
	l.collector.offer(found)
	l.raise()
}

func (l *list) account(w Work) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.work.add(w)
}

func (l *list) result() Result {
	l.offer(nil)
	l.collector.work.add(l.work)
	return l.collector.result()
}
