package match

import "sync"

// A segment is a run of rows. Searches hold its lock while they compare its
// rows, so its size bounds how long a writer waits (about a millisecond) and
// how many rows pass between two looks at the context.
const (
	minSegmentRows = 512
	maxSegmentRows = 4096
)

// segment holds parallel arrays of one capacity, of which the first len(ids)
// rows are written. Row i has the codes [i*dim, (i+1)*dim).
//
// Writers hold the gallery's lock and mu; readers hold either.
type segment struct {
	mu    sync.RWMutex
	dim   int
	codes []int8
	ids   []uint64
	norms []int32  // deadRow marks a removed row
	added []uint64 // when, on the gallery's count of additions: ascending
	dead  int
}

const deadRow = -1

func newSegment(rows, dim int) *segment {
	return &segment{
		dim:   dim,
		codes: make([]int8, rows*dim),
		ids:   make([]uint64, 0, rows),
		norms: make([]int32, 0, rows),
		added: make([]uint64, 0, rows),
	}
}

func (s *segment) full() bool { return len(s.ids) == cap(s.ids) }

func (s *segment) live() int { return len(s.ids) - s.dead }

func (s *segment) row(i int) []int8 { return s.codes[i*s.dim:][:s.dim] }

// add writes the next row and returns its place. The segment must not be full.
func (s *segment) add(id uint64, t *body, now uint64) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := len(s.ids)
	copy(s.row(i), t.codes)
	s.ids = append(s.ids, id)
	s.norms = append(s.norms, t.norm)
	s.added = append(s.added, now)
	return i
}

// remove overwrites a row.
func (s *segment) remove(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.row(i))
	s.ids[i] = 0
	s.norms[i] = deadRow
	s.dead++
}

// sparse reports that more than a quarter of the rows are dead.
func (s *segment) sparse() bool { return s.dead*4 > len(s.ids) }

// compact closes the gaps in place, keeps the order and overwrites what it
// leaves behind. moved is told the new place of each row that changed it.
func (s *segment) compact(moved func(id uint64, from, to int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := 0
	for from, norm := range s.norms {
		if norm == deadRow {
			continue
		}
		if from != to {
			copy(s.row(to), s.row(from))
			s.ids[to], s.norms[to], s.added[to] = s.ids[from], norm, s.added[from]
			moved(s.ids[to], from, to)
		}
		to++
	}
	clear(s.codes[to*s.dim : len(s.ids)*s.dim])
	clear(s.ids[to:])
	s.ids, s.norms, s.added, s.dead = s.ids[:to], s.norms[:to], s.added[:to], 0
}

// trim gives the memory of unused rows back; the segment is full afterwards.
func (s *segment) trim() {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.codes
	s.codes = exactly(old[:len(s.ids)*s.dim])
	s.ids, s.norms, s.added = exactly(s.ids), exactly(s.norms), exactly(s.added)
	clear(old)
}

// exactly copies a slice into memory of its own length.
func exactly[E any](s []E) []E {
	c := make([]E, len(s))
	copy(c, s)
	return c
}
