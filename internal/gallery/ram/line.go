package ram

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/match"
)

const (
	// minShared is how many references make it worth while to wait for a pass
	// of others, unless ShareFrom says otherwise: fewer are read in some tenths
	// of a millisecond.
	minShared = 16_384
	// maxShared is how many searches share one pass, as many as package match
	// answers at once.
	maxShared = 256
)

// ask is one search on its way. Whoever passes for it writes found and err, and
// then closes done; nobody may be there any more to read them.
type ask struct {
	ctx   context.Context
	probe match.Template
	query gallery.Query
	came  time.Time

	found gallery.Found
	err   error
	done  chan struct{}
}

// line is where searches over the same sets of a log wait. One pass at a time
// answers all that came during the one before it.
type line struct {
	mu      sync.Mutex
	served  bool // by a goroutine, which leaves when nobody waits
	waiting []*ask
}

// shares reports whether a search of least references and more waits for others.
// One that may return very many candidates does not: the others would wait for
// all of them.
func (r *references) shares(q gallery.Query, least int) bool {
	if q.K == 0 && q.Floor <= 0 {
		return false
	}
	rows := 0
	for _, refs := range r.covered(q.Sets) {
		rows += refs.Len()
	}
	return rows >= least
}

// lineOf returns the line of a combination of sets.
func (r *references) lineOf(sets []idem.Set) *line {
	var key strings.Builder
	for _, set := range slices.Compact(slices.Sorted(slices.Values(sets))) {
		fmt.Fprintf(&key, "%q", set)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l, ok := r.lines[key.String()]
	if !ok {
		l = &line{}
		r.lines[key.String()] = l
	}
	return l
}

// wait joins the line, and returns when a pass has answered or the context ends.
func (x *Index) wait(r *references, a *ask) (gallery.Found, error) {
	a.done = make(chan struct{})
	l := r.lineOf(a.query.Sets)
	if l.join(a) {
		go x.serve(r, l)
	}
	select {
	case <-a.done:
		return a.found, a.err
	case <-a.ctx.Done():
		return gallery.Found{}, fmt.Errorf("search gallery: %w", a.ctx.Err())
	}
}

// join reports whether the line has nobody who serves it.
func (l *line) join(a *ask) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, a)
	idle := !l.served
	l.served = true
	return idle
}

// serve makes passes while somebody waits. Each takes one of the index's places,
// which are given in the order of asking: a line comes again behind all others.
func (x *Index) serve(r *references, l *line) {
	for served := true; served; {
		x.places <- struct{}{}
		group := l.take()
		x.pass(r, group)
		for _, a := range group {
			close(a.done)
		}
		served = len(group) > 0
		<-x.places
	}
}

// take removes those who come next from the line, and those who left it. When
// there are none, the line is no longer served.
func (l *line) take() []*ask {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = slices.DeleteFunc(l.waiting, func(a *ask) bool { return a.ctx.Err() != nil })
	n := min(len(l.waiting), maxShared)
	group := slices.Clone(l.waiting[:n])
	l.waiting = slices.Delete(l.waiting, 0, n)
	l.served = n > 0
	return group
}

// pass answers asks over the same sets, at one position.
func (x *Index) pass(r *references, group []*ask) {
	if len(group) == 0 {
		return
	}
	begin := time.Now()
	for _, a := range group {
		x.count.waited.Add(int64(begin.Sub(a.came)))
	}
	r.answer(group)
	x.count.passes.Add(1)
	x.count.probes.Add(int64(len(group)))
	x.count.passed.Add(int64(time.Since(begin)))
}

// answer repeats a pass beside which references moved from set to set.
func (r *references) answer(group []*ask) {
	for range 3 {
		before := r.moves.Load()
		r.search(group)
		if before%2 == 0 && r.moves.Load() == before {
			return
		}
	}
	r.moving.RLock()
	defer r.moving.RUnlock()
	r.search(group)
}

// search reads the references of all sets once.
func (r *references) search(group []*ask) {
	at := idem.Seq(r.applied.Load())
	queries := make([]match.Query, len(group))
	for i, a := range group {
		a.found, a.err = gallery.Found{At: at}, nil
		queries[i] = match.Query{Probe: a.probe, Request: requestOf(a.query), Context: a.ctx}
	}
	for _, refs := range r.covered(group[0].query.Sets) {
		for i, result := range refs.SearchBatch(context.Background(), queries) {
			group[i].take(result)
		}
	}
	for _, a := range group {
		a.finish()
	}
}

func requestOf(q gallery.Query) match.Request {
	request := match.Request{K: q.K, Floor: match.AtLeast(q.Floor)}
	if q.Among != nil {
		request.Among = make([]uint64, len(q.Among))
		for i, seq := range q.Among {
			request.Among[i] = uint64(seq)
		}
	}
	if q.Skip != nil {
		request.Skip = func(id uint64) bool { return q.Skip(idem.Seq(id)) }
	}
	return request
}

// take adds what one set has.
func (a *ask) take(result match.Result) {
	if result.Err != nil {
		a.err = result.Err
		return
	}
	a.found.Work.Add(result.Work)
	for _, c := range result.Candidates {
		a.found.Candidates = append(a.found.Candidates, gallery.Candidate{Seq: idem.Seq(c.ID), Score: c.Score})
	}
}

// finish brings the candidates of all sets into one order; the answer is whole
// or an error.
func (a *ask) finish() {
	if a.err != nil {
		a.found = gallery.Found{}
		return
	}
	a.found.Candidates = best(a.found.Candidates, a.query.K)
}
