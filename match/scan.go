package match

import "math/bits"

// scan compares one probe with one chunk after the other.
type scan struct {
	kernel kernel
	query  *query
	bound  bound
	work   Work
	found  []Candidate // of the last chunk, in the order of its rows

	// What the kernels write. A chunk whose rows moved may touch one block
	// more than others.
	high, low []int32
	masks     []uint16
	list      []uint32 // of blocks with survivors
}

const maxBlocks = chunkRows/blockRows + 1

func newScan(g *Gallery, q *query) *scan {
	return &scan{
		kernel: g.kernel,
		query:  q,
		high:   make([]int32, maxBlocks*blockRows),
		low:    make([]int32, maxBlocks*blockRows),
		masks:  make([]uint16, maxBlocks),
		list:   make([]uint32, maxBlocks),
	}
}

// chunk finds every live row of a chunk that scores at least floor. It runs no
// foreign code, so it may hold the lock.
func (w *scan) chunk(c *chunk, floor float64) {
	s := c.segment
	s.mu.RLock()
	defer s.mu.RUnlock()
	w.found = w.found[:0]
	first, end := c.rows()
	if first >= end {
		return
	}
	w.bound = w.query.boundFor(floor)
	from := first / blockRows
	n := w.dismiss(s, first, end)
	if n == 0 {
		return
	}
	w.kernel.dots(&s.rows.low[0], &w.list[0], n, s.rows.lines, &w.query.codes[0], &w.low[0])
	w.work.Blocks += n
	for i, block := range w.list[:n] {
		w.refine(s, int(block), w.masks[int(block)-from], w.high[(int(block)-from)*blockRows:], w.low[i*blockRows:], floor)
	}
}

// dismiss makes the first pass over rows, leaves the live survivors in masks
// and returns how many blocks it listed that have some.
func (w *scan) dismiss(s *segment, first, end int) (n int) {
	from, to := first/blockRows, (end+blockRows-1)/blockRows
	w.kernel.scan(&s.rows.high[from*s.rows.highStride()], to-from, s.rows.lines, &w.query.codes[0], &w.bound, &w.high[0], &w.masks[0])
	for i := range to - from {
		alive := s.aliveIn(from+i, first, end)
		w.work.Rows += bits.OnesCount16(alive)
		w.masks[i] &= alive
		if w.masks[i] != 0 {
			w.work.Survivors += bits.OnesCount16(w.masks[i])
			w.list[n] = uint32(from + i)
			n++
		}
	}
	return n
}

// refine scores the survivors of a block.
func (w *scan) refine(s *segment, block int, mask uint16, high, low []int32, floor float64) {
	for ; mask != 0; mask &= mask - 1 {
		r := bits.TrailingZeros16(mask)
		row := block*blockRows + r
		if score := w.query.score(high[r], low[r], s.norms[row]); score >= floor {
			w.work.Exact++
			w.found = append(w.found, Candidate{ID: s.ids[row], Score: score})
		}
	}
}
