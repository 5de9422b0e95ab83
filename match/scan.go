package match

import (
	"math"
	"math/bits"
)

// scan compares chunks with one probe, or with a few at a time.
type scan struct {
	kernel kernel
	probes []scanned // that were taken for the next chunk
	rows   []uint16  // of each block, that are compared

	// What the kernels read and write, for the probes side by side. A chunk
	// whose rows moved may touch one block more than others.
	codes     []int8
	bounds    []bound
	high, low []int32
	masks     []uint16
}

// scanned is a probe of a scan.
type scanned struct {
	*list
	work  *Work
	floor float64
	rows  []uint32    // that survived the first pass of the last chunk
	found []Candidate // of the last chunk, in the order of its rows
}

const (
	maxBlocks = chunkRows/blockRows + 1
	ahead     = 8 // how many rows before it is their turn kernels prefetch
)

// newScan makes ready for chunks and n probes.
func newScan(k kernel, n int) *scan {
	wide := 1
	if n > 1 {
		wide = k.widest()
	}
	return &scan{
		kernel: k,
		probes: make([]scanned, 0, wide),
		rows:   make([]uint16, maxBlocks),
		bounds: make([]bound, wide),
		high:   make([]int32, wide*maxBlocks*blockRows),
		low:    make([]int32, chunkRows),
		masks:  make([]uint16, wide*maxBlocks),
	}
}

func (w *scan) full() bool { return len(w.probes) == cap(w.probes) }

// take adds a probe for the next chunk, with the floor that its list has now.
func (w *scan) take(l *list, work *Work) {
	w.probes = w.probes[:len(w.probes)+1]
	p := &w.probes[len(w.probes)-1]
	p.list, p.work, p.floor = l, work, l.bar()
	p.rows, p.found = p.rows[:0], p.found[:0]
	if cap(p.rows) == 0 {
		p.rows = make([]uint32, 0, chunkRows+ahead)
	}
}

// width is how many probes the kernel takes side by side.
func (w *scan) width() int { return w.kernel.scanFor(len(w.probes)).probes }

// lay writes the codes and bounds of the probes as the kernels want them. A
// place without a probe has a bound that no row reaches.
func (w *scan) lay() {
	width := w.width()
	w.codes = append(w.codes[:0], make([]int8, width*len(w.probes[0].query.codes))...)
	for i := range width {
		w.bounds[i] = bound{c: math.MaxFloat32}
		if i >= len(w.probes) {
			continue
		}
		q := w.probes[i].query
		w.bounds[i] = q.boundFor(w.probes[i].floor)
		for at := 0; at < len(q.codes); at += 8 {
			copy(w.codes[width*at+8*i:][:8], q.codes[at:])
		}
	}
}

// chunk finds, for each probe, every live and picked row of chunk i that scores
// at least its floor, and counts its work. It runs no foreign code, so it may
// hold the lock.
func (w *scan) chunk(c *chunk, i int, p *picks) {
	s := c.segment
	s.mu.RLock()
	defer s.mu.RUnlock()
	first, end := c.rows()
	if first >= end || p.none(i) {
		return
	}
	rows := w.eligible(s, p, i, first, end)
	w.lay()
	w.dismiss(s, first/blockRows)
	for j := range w.probes {
		w.probes[j].work.Rows += rows
		w.refine(s, first/blockRows, j)
	}
}

// dismiss makes the first pass over the blocks with rows to compare, and lists
// the survivors of each probe. Block i of the results is block from + i of the
// segment.
func (w *scan) dismiss(s *segment, from int) {
	kernel := w.kernel.scanFor(len(w.probes))
	width := kernel.probes
	for begin, end := w.run(0); begin < end; begin, end = w.run(end) {
		kernel.scan(&s.rows.high[(from+begin)*s.rows.highStride()], end-begin, s.rows.lines, &w.codes[0], &w.bounds[0], &w.high[begin*width*blockRows], &w.masks[begin*width])
		for i := begin; i < end; i++ {
			for j, mask := range w.masks[i*width:][:len(w.probes)] {
				if mask &= w.rows[i]; mask != 0 {
					w.probes[j].survive(from+i, mask)
				}
			}
		}
	}
}

// survive lists rows of a block.
func (p *scanned) survive(block int, mask uint16) {
	p.work.Blocks++
	p.work.Survivors += bits.OnesCount16(mask)
	for ; mask != 0; mask &= mask - 1 {
		p.rows = append(p.rows, uint32(block*blockRows+bits.TrailingZeros16(mask)))
	}
}

// run finds the next blocks with rows to compare, and no other between them.
func (w *scan) run(from int) (begin, end int) {
	for begin = from; begin < len(w.rows) && w.rows[begin] == 0; begin++ {
	}
	for end = begin; end < len(w.rows) && w.rows[end] != 0; end++ {
	}
	return begin, end
}

// refine makes the second pass over the survivors of probe j, and scores them.
// The first pass began at block from.
func (w *scan) refine(s *segment, from, j int) {
	p, width := &w.probes[j], w.width()
	if len(p.rows) == 0 {
		return
	}
	w.kernel.dots(&s.rows.low[0], &p.rows[0], len(p.rows), s.rows.lines, &p.query.halves[0], &w.low[0])
	for at, row := range p.rows {
		block, r := int(row)/blockRows-from, int(row)%blockRows
		high := w.high[(block*width+j)*blockRows+r]
		if score := p.query.score(high, w.low[at], s.norms[row]); score >= p.floor {
			p.work.Exact++
			p.found = append(p.found, Candidate{ID: s.ids[row], Score: score})
		}
	}
}
