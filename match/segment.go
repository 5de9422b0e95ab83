package match

import (
	"math"
	"sort"
	"sync"
)

// A segment is a run of rows. A gallery grows by an eighth of itself at a time,
// so that a small one stays small and a large one is in few pieces.
const (
	minSegmentRows = 1024
	maxSegmentRows = 16384
)

// chunkRows is how many rows a search compares at a time. It holds the lock of
// their segment meanwhile, so that it bounds how long a writer waits (about a
// tenth of a millisecond) and how many rows pass between two looks at the
// context.
const chunkRows = 4096

// segment holds parallel arrays, of which the first len(ids) rows are written.
//
// Writers hold the gallery's lock and mu; readers hold either.
type segment struct {
	mu    sync.RWMutex
	rows  planes
	ids   []uint64
	norms []int32  // of the squared codes
	added []uint32 // when, after base: ascending, also over dead rows
	alive []uint64 // one bit for each row
	base  uint64   // of the gallery's count of additions
	dead  int
	// closings counts how often gaps were closed, that is rows moved.
	closings int
}

// newSegment makes room for rows that are added after base.
func newSegment(rows, dim int, base uint64) *segment {
	rows = (rows + 63) &^ 63
	return &segment{
		rows:  newPlanes(rows, dim),
		ids:   make([]uint64, 0, rows),
		norms: make([]int32, 0, rows),
		added: make([]uint32, 0, rows),
		alive: make([]uint64, rows/64),
		base:  base,
	}
}

// takes reports whether there is room for a row that is added now.
func (s *segment) takes(now uint64) bool {
	return len(s.ids) < cap(s.ids) && now-s.base <= math.MaxUint32
}

func (s *segment) live() int { return len(s.ids) - s.dead }

// add writes the next row and returns its place. The segment must take it.
func (s *segment) add(id uint64, t *body, now uint64) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := len(s.ids)
	s.rows.put(i, t.codes, t.norm)
	s.ids = append(s.ids, id)
	s.norms = append(s.norms, t.norm)
	s.added = append(s.added, uint32(now-s.base))
	s.alive[i/64] |= 1 << (i % 64)
	return i
}

// remove overwrites a row.
func (s *segment) remove(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows.wipe(i)
	s.ids[i], s.norms[i] = 0, 0
	s.alive[i/64] &^= 1 << (i % 64)
	s.dead++
}

func (s *segment) isAlive(i int) bool { return s.alive[i/64]>>(i%64)&1 != 0 }

// aliveIn returns the live rows of a block, of those from first up to end.
func (s *segment) aliveIn(block, first, end int) uint16 {
	mask := uint16(s.alive[block/4] >> (block % 4 * blockRows))
	if skip := first - block*blockRows; skip > 0 {
		mask &= math.MaxUint16 << skip
	}
	if spare := (block+1)*blockRows - end; spare > 0 {
		mask &= math.MaxUint16 >> spare
	}
	return mask
}

// sparse reports that more than a quarter of the rows are dead.
func (s *segment) sparse() bool { return s.dead*4 > len(s.ids) }

// compact closes the gaps in place, keeps the order and overwrites what it
// leaves behind. moved is told the new place of each row that changed it.
func (s *segment) compact(moved func(id uint64, from, to int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := 0
	for from := range s.ids {
		if !s.isAlive(from) {
			continue
		}
		if from != to {
			s.rows.copyRow(to, &s.rows, from)
			s.ids[to], s.norms[to], s.added[to] = s.ids[from], s.norms[from], s.added[from]
			moved(s.ids[to], from, to)
		}
		to++
	}
	for i := to; i < len(s.ids); i++ {
		s.rows.wipe(i)
	}
	clear(s.ids[to:])
	clear(s.norms[to:])
	s.ids, s.norms, s.added, s.dead = s.ids[:to], s.norms[:to], s.added[:to], 0
	s.markAlive(to)
	s.closings++
}

// markAlive makes the first n rows the live ones.
func (s *segment) markAlive(n int) {
	clear(s.alive)
	for i := range n {
		s.alive[i/64] |= 1 << (i % 64)
	}
}

// trim gives the memory of unused rows back; the segment is full afterwards.
func (s *segment) trim() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows.trim(roundUp(len(s.ids), 64))
	s.ids, s.norms, s.added = exactly(s.ids), exactly(s.norms), exactly(s.added)
	s.alive = exactly(s.alive[:(len(s.ids)+63)/64])
}

// exactly copies a slice into memory of its own length.
func exactly[E any](s []E) []E {
	c := make([]E, len(s))
	copy(c, s)
	return c
}

// A chunk is a run of rows of a segment as it was when a search began. Rows are
// known by when they were added, so that a chunk still means the same rows
// after others moved together.
type chunk struct {
	segment    *segment
	closings   int
	first, end int
	from, to   uint32 // when its first and its last row were added
}

// chunks appends the chunks of all rows. The caller holds the gallery's lock.
func (s *segment) chunks(all []chunk) []chunk {
	for first := 0; first < len(s.added); first += chunkRows {
		end := min(first+chunkRows, len(s.added))
		all = append(all, chunk{s, s.closings, first, end, s.added[first], s.added[end-1]})
	}
	return all
}

// rows returns where the rows of a chunk are. The caller holds the lock.
func (c *chunk) rows() (first, end int) {
	s := c.segment
	if s.closings == c.closings {
		return c.first, c.end
	}
	first = sort.Search(len(s.added), func(i int) bool { return s.added[i] >= c.from })
	end = sort.Search(len(s.added), func(i int) bool { return s.added[i] > c.to })
	return first, end
}
