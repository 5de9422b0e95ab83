package main

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/idem-id/idem/match"
)

// rows are templates' codes, row by row, without anything that match made of
// them.
type rows struct {
	d     int
	codes []int8
}

func (r rows) len() int         { return len(r.codes) / r.d }
func (r rows) row(i int) []int8 { return r.codes[i*r.d:][:r.d] }

func product(a, b []int8) int64 {
	var s0, s1, s2, s3 int32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += int32(a[0]) * int32(b[0])
		s1 += int32(a[1]) * int32(b[1])
		s2 += int32(a[2]) * int32(b[2])
		s3 += int32(a[3]) * int32(b[3])
		a, b = a[4:], b[4:]
	}
	for i := range min(len(a), len(b)) {
		s0 += int32(a[i]) * int32(b[i])
	}
	return int64(s0) + int64(s1) + int64(s2) + int64(s3)
}

// score is the definition: dot / sqrt(|a|² |b|²) of exact integers.
func score(dot, na, nb int64) float64 {
	if na == 0 || nb == 0 {
		return 0
	}
	return float64(dot) / math.Sqrt(float64(na*nb))
}

// truth is what an exhaustive scan knows of one probe.
type truth struct {
	best       []match.Candidate // the first most of the whole order
	above      []match.Candidate // all at or above the floor, in order
	sum, sumSq float64           // of all scores
}

// most is the longest list that is asked for.
const most = 50

// exhaustive compares every probe with every row on two threads and knows no
// short cut.
func exhaustive(r, probes rows, floor float64) []truth {
	const workers = 2
	parts := make([][]truth, workers)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			parts[w] = r.between(w*r.len()/workers, (w+1)*r.len()/workers, probes, floor)
		})
	}
	wait.Wait()
	all := parts[0]
	for _, part := range parts[1:] {
		for i := range all {
			all[i].add(part[i])
		}
	}
	for i := range all {
		all[i].settle()
	}
	return all
}

func (r rows) between(from, to int, probes rows, floor float64) []truth {
	out, norms := make([]truth, probes.len()), make([]int64, probes.len())
	for i := range norms {
		norms[i] = product(probes.row(i), probes.row(i))
	}
	for i := from; i < to; i++ {
		row := r.row(i)
		norm := product(row, row)
		for p := range out {
			s := score(product(probes.row(p), row), norms[p], norm)
			out[p].take(match.Candidate{ID: uint64(i), Score: s}, floor)
		}
	}
	return out
}

func (t *truth) take(c match.Candidate, floor float64) {
	t.sum += c.Score
	t.sumSq += c.Score * c.Score
	if c.Score >= floor {
		t.above = append(t.above, c)
	}
	// Between two sorts the list may hold more than it needs.
	if len(t.best) < most || c.Score >= t.best[most-1].Score {
		t.best = append(t.best, c)
	}
	if len(t.best) == most || len(t.best) == 4*most {
		t.best = sorted(t.best, most)
	}
}

func (t *truth) add(o truth) {
	t.best = append(t.best, o.best...)
	t.above = append(t.above, o.above...)
	t.sum += o.sum
	t.sumSq += o.sumSq
}

func (t *truth) settle() {
	t.best = sorted(t.best, most)
	t.above = sorted(t.above, len(t.above))
}

// sorted puts the highest score first, then the lowest id, and keeps k.
func sorted(c []match.Candidate, k int) []match.Candidate {
	slices.SortFunc(c, func(a, b match.Candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	return c[:min(k, len(c))]
}

// wants is the right answer to a request.
func (t truth) wants(r request) []match.Candidate {
	list := t.best
	if r.floored {
		n, _ := slices.BinarySearchFunc(t.above, r.floor, func(c match.Candidate, floor float64) int {
			if c.Score >= floor {
				return -1
			}
			return 1
		})
		list = t.above[:n]
	}
	return list[:min(r.k, len(list))]
}

// differences counts places where two lists disagree in id or score bits.
func differences(got, want []match.Candidate) int {
	n := max(len(got), len(want)) - min(len(got), len(want))
	for i := range min(len(got), len(want)) {
		if got[i].ID != want[i].ID || math.Float64bits(got[i].Score) != math.Float64bits(want[i].Score) {
			n++
		}
	}
	return n
}
