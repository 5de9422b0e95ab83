package match

import "math/bits"

// scan compares probes with chunks, one with one at a time.
type scan struct {
	kernel kernel
	query  *query
	bound  bound
	floor  float64
	work   *Work
	found  []Candidate // of the last chunk, in the order of its rows

	// What the kernels read and write. A chunk whose rows moved may touch one
	// block more than others.
	high, low []int32
	masks     []uint16
	list      []uint32 // of survivors

	rows []uint16 // of each block, that are compared
}

const (
	maxBlocks = chunkRows/blockRows + 1
	ahead     = 8 // how many rows before it is their turn kernels prefetch
)

func newScan(k kernel) *scan {
	return &scan{
		kernel: k,
		high:   make([]int32, maxBlocks*blockRows),
		low:    make([]int32, chunkRows),
		masks:  make([]uint16, maxBlocks),
		list:   make([]uint32, chunkRows+ahead),
		rows:   make([]uint16, maxBlocks),
	}
}

// chunk finds every live and picked row of chunk i that scores at least floor,
// and counts its work. It runs no foreign code, so it may hold the lock.
func (w *scan) chunk(c *chunk, i int, p *picks, q *query, floor float64, work *Work) {
	s := c.segment
	s.mu.RLock()
	defer s.mu.RUnlock()
	w.query, w.floor, w.work, w.bound = q, floor, work, q.boundFor(floor)
	w.found = w.found[:0]
	first, end := c.rows()
	if first >= end || p.none(i) {
		return
	}
	work.Rows += w.eligible(s, p, i, first, end)
	from := first / blockRows
	if n := w.dismiss(s, from); n > 0 {
		w.refine(s, from, n)
	}
}

// dismiss makes the first pass over the blocks with rows to compare, and lists
// their survivors, n. Block i of the results is block from + i of the segment.
func (w *scan) dismiss(s *segment, from int) (n int) {
	for begin, end := w.run(0); begin < end; begin, end = w.run(end) {
		w.kernel.scan(&s.rows.high[(from+begin)*s.rows.highStride()], end-begin, s.rows.lines, &w.query.codes[0], &w.bound, &w.high[begin*blockRows], &w.masks[begin])
		for i := begin; i < end; i++ {
			n = w.listed(n, from+i, w.masks[i]&w.rows[i])
		}
	}
	w.work.Survivors += n
	return n
}

// listed adds the survivors of a block to a list of n.
func (w *scan) listed(n, block int, mask uint16) int {
	if mask != 0 {
		w.work.Blocks++
	}
	for ; mask != 0; mask &= mask - 1 {
		w.list[n] = uint32(block*blockRows + bits.TrailingZeros16(mask))
		n++
	}
	return n
}

// run finds the next blocks with rows to compare, and no other between them.
func (w *scan) run(from int) (begin, end int) {
	for begin = from; begin < len(w.rows) && w.rows[begin] == 0; begin++ {
	}
	for end = begin; end < len(w.rows) && w.rows[end] != 0; end++ {
	}
	return begin, end
}

// refine makes the second pass over n listed rows, and scores them. The first
// pass began at block from.
func (w *scan) refine(s *segment, from, n int) {
	w.kernel.dots(&s.rows.low[0], &w.list[0], n, s.rows.lines, &w.query.halves[0], &w.low[0])
	for i, row := range w.list[:n] {
		high := w.high[int(row)-from*blockRows]
		if score := w.query.score(high, w.low[i], s.norms[row]); score >= w.floor {
			w.work.Exact++
			w.found = append(w.found, Candidate{ID: s.ids[row], Score: score})
		}
	}
}
