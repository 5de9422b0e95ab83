package match

import (
	"math/bits"
	"slices"
)

// picks are the rows of each chunk whose ids a request names, known by when
// they were added, in no order. Nil picks all rows.
type picks [][]uint32

// of returns the picked rows of chunk i, nil for all.
func (p picks) of(i int) []uint32 {
	if p == nil {
		return nil
	}
	return p[i]
}

// lookups is how many ids are looked up under one hold of the gallery's lock.
const lookups = 1024

// pick finds the rows of ids in a snapshot. A row that was added behind the
// snapshot is in none of its chunks.
func (g *Gallery) pick(ids []uint64, chunks []chunk) picks {
	p, starts := make(picks, len(chunks)), starts(chunks)
	for i := range p {
		p[i] = []uint32{}
	}
	for some := range slices.Chunk(ids, lookups) {
		g.pickSome(p, starts, some, chunks)
	}
	return p
}

// starts returns the first chunk of each segment.
func starts(chunks []chunk) map[*segment]int {
	first := make(map[*segment]int)
	for i := range chunks {
		if _, ok := first[chunks[i].segment]; !ok {
			first[chunks[i].segment] = i
		}
	}
	return first
}

func (g *Gallery) pickSome(p picks, starts map[*segment]int, ids []uint64, chunks []chunk) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	for _, id := range ids {
		at, ok := g.places.find(id)
		if !ok {
			continue
		}
		s := g.segments[at/maxSegmentRows]
		added := s.added[at%maxSegmentRows]
		i, ok := starts[s]
		for ; ok && i < len(chunks) && chunks[i].segment == s; i++ {
			if chunks[i].from <= added && added <= chunks[i].to {
				p[i] = append(p[i], added)
				break
			}
		}
	}
}

// eligible writes which rows of each block are compared: of those from first up
// to end the live ones, and of these the picked ones. It returns how many.
func (w *scan) eligible(s *segment, picked []uint32, first, end int) (rows int) {
	from, to := first/blockRows, (end+blockRows-1)/blockRows
	w.rows = w.rows[:to-from]
	clear(w.rows)
	for _, added := range picked {
		if row, ok := s.rowOf(added, first, end); ok {
			w.rows[row/blockRows-from] |= 1 << (row % blockRows)
		}
	}
	for i := range w.rows {
		alive := s.aliveIn(from+i, first, end)
		if picked != nil {
			alive &= w.rows[i]
		}
		w.rows[i] = alive
		rows += bits.OnesCount16(alive)
	}
	return rows
}

// rowOf finds the row that was added at a time, from first up to end. Where no
// row ever went, times are as far apart as rows.
func (s *segment) rowOf(added uint32, first, end int) (int, bool) {
	if at := first + int(added-s.added[first]); at >= first && at < end && s.added[at] == added {
		return at, true
	}
	at, ok := slices.BinarySearch(s.added[first:end], added)
	return first + at, ok
}
