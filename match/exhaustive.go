package match

import (
	"context"
	"fmt"
)

// Exhaustive answers like Search but takes no short cut: it scores every row
// by the definition, from its codes, without bound or kernel. It is the
// reference of tests and of audits and some ten to a hundred times slower. Of
// Work it counts Rows, Skipped and Exact.
func (g *Gallery) Exhaustive(ctx context.Context, probe Template, r Request) (Result, error) {
	if err := g.check(probe, r); err != nil {
		return Result{}, err
	}
	c := collector{request: r}
	codes, among := make([]int8, g.dim), r.among()
	for _, t := range g.snapshot() {
		if err := ctx.Err(); err != nil {
			return Result{}, fmt.Errorf("search gallery: %w", err)
		}
		found, rows := t.score(probe.body, codes, among, c.bar())
		c.work.Rows += rows
		c.work.Exact += len(found)
		c.offer(found)
	}
	return c.result(), nil
}

// among reports whether a request lets an id in.
func (r Request) among() func(id uint64) bool {
	if r.Among == nil {
		return func(uint64) bool { return true }
	}
	set := make(map[uint64]bool, len(r.Among))
	for _, id := range r.Among {
		set[id] = true
	}
	return func(id uint64) bool { return set[id] }
}

// score scores the live rows of a chunk that are let in; codes is room for one
// of them.
func (c *chunk) score(probe *body, codes []int8, among func(uint64) bool, floor float64) (found []Candidate, rows int) {
	s := c.segment
	s.mu.RLock()
	defer s.mu.RUnlock()
	for row, end := c.rows(); row < end; row++ {
		if !s.isAlive(row) || !among(s.ids[row]) {
			continue
		}
		rows++
		s.rows.codes(row, codes)
		if score := cosine(dot(probe.codes, codes), probe.norm, s.norms[row]); score >= floor {
			found = append(found, Candidate{ID: s.ids[row], Score: score})
		}
	}
	return found, rows
}
