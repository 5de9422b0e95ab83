package match

import (
	"fmt"
	"math"
	"os"
	"sync"
)

// Gallery is an in-memory set of templates of one model and dimension, each
// under an id of the caller's, that is searched exhaustively. A row takes
// at most about Dim + 32 bytes. All methods are safe for concurrent use; searches run
// beside each other, and a writer waits for them at most for 4,096 rows.
type Gallery struct {
	model  uint32
	dim    int
	kernel kernel

	mu       sync.RWMutex // guards what follows; taken before a segment's lock
	segments []*segment   // nil where all rows are gone
	tail     int          // the segment that grows; none when out of range
	spare    *segment     // that grows next, unless nil
	places   places
	added    uint64 // how many rows were ever added
}

// A place is segment * maxSegmentRows + row; places keeps place+1 in 32 bits.
const maxSegments = math.MaxUint32 / maxSegmentRows

// NewGallery returns an empty gallery for templates of a model and of dim
// dimensions, 1..MaxDim, else ErrDimension.
func NewGallery(model uint32, dim int) (*Gallery, error) {
	if dim < 1 || dim > MaxDim {
		return nil, fmt.Errorf("%w: %d, want 1..%d", ErrDimension, dim, MaxDim)
	}
	g := &Gallery{model: model, dim: dim, kernel: chooseKernel(kernels(), os.Getenv(LevelVariable))}
	g.places = newPlaces(g.idAt)
	return g, nil
}

func (g *Gallery) idAt(place uint32) uint64 {
	return g.segments[place/maxSegmentRows].ids[place%maxSegmentRows]
}

// Len returns the number of rows that answer.
func (g *Gallery) Len() int {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.places.used
}

// Add copies a template into the gallery under a new id; any id is legal. Every
// search that begins after Add returned compares it. It refuses a template of
// another model or dimension with ErrModel and an id that the gallery holds
// with ErrExists; an id may come again after Remove.
func (g *Gallery) Add(id uint64, t Template) error {
	if err := sameModel(t, g.model, g.dim); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.places.find(id); ok {
		return fmt.Errorf("%w: %d", ErrExists, id)
	}
	s, err := g.openTail()
	if err != nil {
		return err
	}
	g.added++
	row := s.add(id, t.body, g.added)
	g.places.add(id, place(g.tail, row))
	g.lookAhead(s, row)
	return nil
}

// lookAhead makes memory ready beside the inserts, for the rows that come after
// the next: a new page may take milliseconds, in which no search could begin.
func (g *Gallery) lookAhead(s *segment, row int) {
	if row%chunkRows != 0 || !s.rows.memory.mapped {
		return
	}
	next := row + chunkRows
	if next >= cap(s.ids) && g.spare == nil {
		g.spare, next = g.newSegment(), 0
		s = g.spare
	}
	go s.rows.populate(next, chunkRows)
}

func place(segment, row int) uint32 { return uint32(segment*maxSegmentRows + row) }

// newSegment has room for an eighth of the rows that the gallery has, within
// limits: little is spare at any size.
func (g *Gallery) newSegment() *segment {
	rows := max(minSegmentRows, min(maxSegmentRows, g.places.used/8))
	return newSegment(rows, g.dim, g.added)
}

// openTail returns a segment with room.
func (g *Gallery) openTail() (*segment, error) {
	if g.tail < len(g.segments) {
		if s := g.segments[g.tail]; s != nil && s.takes(g.added+1) {
			return s, nil
		}
	}
	slot, err := g.freeSlot()
	if err != nil {
		return nil, err
	}
	if g.spare == nil || !g.spare.takes(g.added+1) {
		g.spare = g.newSegment()
	}
	g.tail, g.segments[slot], g.spare = slot, g.spare, nil
	return g.segments[slot], nil
}

// freeSlot looks for an empty slot among all; it does so once per segment only.
func (g *Gallery) freeSlot() (int, error) {
	for i, s := range g.segments {
		if s == nil {
			return i, nil
		}
	}
	if len(g.segments) >= maxSegments {
		return 0, ErrFull
	}
	g.segments = append(g.segments, nil)
	return len(g.segments) - 1, nil
}

// Remove takes a row out and overwrites its template; it reports whether there
// was one. No search that begins after Remove returned compares the row.
func (g *Gallery) Remove(id uint64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	at, ok := g.places.find(id)
	if !ok {
		return false
	}
	g.places.remove(id, at)
	s := g.segments[at/maxSegmentRows]
	s.remove(int(at % maxSegmentRows))
	if s.sparse() {
		g.compact(int(at / maxSegmentRows))
	}
	return true
}

// compact closes the gaps of a segment. The tail keeps its spare rows for what
// comes next; any other segment gives them back, and goes when it is empty.
func (g *Gallery) compact(i int) {
	s := g.segments[i]
	s.compact(func(id uint64, from, to int) { g.places.move(id, place(i, from), place(i, to)) })
	switch {
	case i == g.tail:
	case s.live() == 0:
		g.segments[i] = nil
	default:
		s.trim()
	}
}

// snapshot lists the rows of the moment. A row stays in its segment as long as
// it lives, so the list covers every row.
func (g *Gallery) snapshot() (all []chunk) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	for _, s := range g.segments {
		if s != nil {
			all = s.chunks(all)
		}
	}
	return all
}

// Kernel names the implementation that compares: amx, avx512, avx2, neondot,
// neon or go. Levels tells which there are and why; every one gives the same
// answers.
func (g *Gallery) Kernel() string { return g.kernel.name }
