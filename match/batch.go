package match

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// Query is one probe of a batch, with a request of its own.
type Query struct {
	Probe Template
	Request
	// Context, unless nil, ends this query alone, beside the batch's context,
	// which ends them all.
	Context context.Context
}

// SearchBatch answers as many Search calls at once would, result i for query i,
// and reads the gallery only once for up to 256 queries. What Search would
// refuse, or give up because a context ended, has an Err in its result; the
// others are not disturbed.
func (g *Gallery) SearchBatch(ctx context.Context, queries []Query) []Result {
	results := make([]Result, len(queries))
	for from := 0; from < len(queries); from += maxGroup {
		to := min(from+maxGroup, len(queries))
		g.searchGroup(ctx, queries[from:to], results[from:to])
	}
	return results
}

// maxGroup is how many probes share one pass over the rows.
const maxGroup = 256

func (g *Gallery) searchGroup(ctx context.Context, queries []Query, results []Result) {
	s := &search{ctx: ctx, kernel: g.kernel, lists: g.lists(ctx, queries, results)}
	if len(s.lists) == 0 {
		return
	}
	s.chunks = g.snapshot()
	for i := range s.lists {
		if l := &s.lists[i]; l.collector.request.Among != nil {
			l.picks = g.pick(l.collector.request.Among, s.chunks)
		}
	}
	s.run(g.workers(len(s.chunks), len(s.lists)))
	for i := range s.lists {
		results[s.lists[i].at] = s.lists[i].result(ctx)
	}
}

// lists begins a list for each query that means something; those that compare
// all rows come first.
func (g *Gallery) lists(ctx context.Context, queries []Query, results []Result) []list {
	var whole, some []int
	for i := range queries {
		results[i].Err = g.check(queries[i].Probe, queries[i].Request)
		switch {
		case results[i].Err != nil:
		case queries[i].Among == nil:
			whole = append(whole, i)
		default:
			some = append(some, i)
		}
	}
	lists := make([]list, len(whole)+len(some))
	for i, at := range append(whole, some...) {
		lists[i].start(ctx, at, &queries[at])
	}
	return lists
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
	ctx    context.Context
	kernel kernel
	chunks []chunk
	next   atomic.Int64
	lists  []list // one for each probe
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
	c := s.comparer(done, hand)
	for {
		i := int(s.next.Add(1)) - 1
		if i >= len(s.chunks) || !s.awaited() {
			break
		}
		c.compare(i)
	}
	for j := range s.lists {
		s.lists[j].account(done[j])
	}
}

// awaited looks at the contexts, and reports whether an answer is wanted still.
func (s *search) awaited() bool {
	over, wanted := s.ctx.Err() != nil, false
	for i := range s.lists {
		l := &s.lists[i]
		if over || l.ctx.Err() != nil {
			l.over.Store(true)
		}
		wanted = wanted || !l.over.Load()
	}
	return wanted
}

// comparer is one worker's means to compare chunks with all probes.
type comparer struct {
	*search
	scan  *scan
	tiled *tiled
	done  []Work
	hand  func(l *list, found []Candidate)
}

func (s *search) comparer(done []Work, hand func(l *list, found []Candidate)) *comparer {
	return &comparer{search: s, scan: newScan(s.kernel, len(s.lists)), tiled: s.tiled(done), done: done, hand: hand}
}

// compare compares chunk i: tiles with the probes that they suit, if these are
// many, and a scan with the others, as many at a time as it takes. Those with
// picks of their own come last and go one by one.
func (c *comparer) compare(i int) {
	tiles := c.tiled.ready() >= minTiled
	if tiles {
		c.tiled.chunk(&c.chunks[i])
	}
	for j := range c.lists {
		l := &c.lists[j]
		switch {
		case tiles && c.tiled.suits(j):
			c.hand(l, c.tiled.found[j])
		case l.over.Load():
		case l.picks != nil:
			c.flush(i, nil)
			c.scan.take(l, &c.done[j])
			c.flush(i, l.picks)
		default:
			if c.scan.full() {
				c.flush(i, nil)
			}
			c.scan.take(l, &c.done[j])
		}
	}
	c.flush(i, nil)
}

// flush scans chunk i for the probes that were taken, which have the same picks.
func (c *comparer) flush(i int, p *picks) {
	if len(c.scan.probes) == 0 {
		return
	}
	c.scan.chunk(&c.chunks[i], i, p)
	for k := range c.scan.probes {
		c.hand(c.scan.probes[k].list, c.scan.probes[k].found)
	}
	c.scan.probes = c.scan.probes[:0]
}

// tiled returns tiles for the probes that are compared with all rows, if there
// are tiles.
func (s *search) tiled(done []Work) *tiled {
	n := 0
	for s.kernel.tiles != nil && n < len(s.lists) && s.lists[n].picks == nil {
		n++
	}
	if n < minTiled {
		return &tiled{}
	}
	return newTiled(s.kernel, s.lists[:n], done[:n])
}

// list collects the candidates of one probe.
type list struct {
	at    int // of its query in the batch
	ctx   context.Context
	over  atomic.Bool // a context ended before the chunks did
	query *query
	picks *picks
	bits  atomic.Uint64 // of the bar, so that workers see it rise

	// mu guards the rest while several goroutines work; but the collector of a
	// request with Skip belongs to the calling goroutine, which holds no lock
	// when it calls foreign code.
	mu        sync.Mutex
	collector collector
	left      []Candidate // for the calling goroutine to offer
	work      Work
}

func (l *list) start(ctx context.Context, at int, q *Query) {
	l.at, l.ctx = at, ctx
	if q.Context != nil {
		l.ctx = q.Context
	}
	l.query = newQuery(q.Probe.body)
	l.collector.request = q.Request
	l.raise()
}

// bar is the least score that can still enter. An old one is too low, which
// costs time and changes nothing. Nothing enters what is over.
func (l *list) bar() float64 {
	if l.over.Load() {
		return math.Inf(1)
	}
	return math.Float64frombits(l.bits.Load())
}

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
	l.work.Add(w)
}

func (l *list) result(ctx context.Context) Result {
	if l.over.Load() {
		return Result{Err: fmt.Errorf("search gallery: %w", cmp.Or(ctx.Err(), l.ctx.Err()))}
	}
	l.offer(nil)
	l.collector.work.Add(l.work)
	return l.collector.result()
}
