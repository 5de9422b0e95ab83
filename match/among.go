package match

import (
	"math/bits"
	"slices"
)

// picks say which rows a request names: those of each chunk that were added at
// some times, in no order; or, where a lookup of each id would take longer than
// a glance at each row, those that have an id of a set. Nil picks all rows.
type picks struct {
	added [][]uint32
	set   *idSet
}

const (
	// glances is how many rows are held against a set while one id is looked up
	// in a gallery that no cache holds.
	glances = 50
	// lookups is how many ids are looked up under one hold of the gallery's lock.
	lookups = 1024
)

// pick finds the rows of ids in a snapshot. A row that was added behind the
// snapshot is in none of its chunks.
func (g *Gallery) pick(ids []uint64, chunks []chunk) *picks {
	if len(ids) > len(chunks)*chunkRows/glances {
		return &picks{set: newIDSet(ids)}
	}
	p, starts := &picks{added: make([][]uint32, len(chunks))}, starts(chunks)
	for some := range slices.Chunk(ids, lookups) {
		g.pickSome(p, starts, some, chunks)
	}
	return p
}

// none reports that no row of chunk i is picked.
func (p *picks) none(i int) bool { return p != nil && p.set == nil && len(p.added[i]) == 0 }

// mark sets the bits of the picked rows of chunk i, which are from first up to
// end; rows has a mask for each of their blocks.
func (p *picks) mark(rows []uint16, s *segment, i, first, end int) {
	from := first / blockRows
	if p.set != nil {
		for row := first; row < end; row++ {
			if p.set.has(s.ids[row]) {
				rows[row/blockRows-from] |= 1 << (row % blockRows)
			}
		}
		return
	}
	for _, added := range p.added[i] {
		if row, ok := s.rowAdded(added, first, end); ok {
			rows[row/blockRows-from] |= 1 << (row % blockRows)
		}
	}
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

func (g *Gallery) pickSome(p *picks, starts map[*segment]int, ids []uint64, chunks []chunk) {
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
				p.added[i] = append(p.added[i], added)
				break
			}
		}
	}
}

// eligible writes which rows of each block of chunk i are compared: of those from
// first up to end the live ones, and of these the picked ones. It returns how many.
func (w *scan) eligible(s *segment, p *picks, i, first, end int) (rows int) {
	from, to := first/blockRows, (end+blockRows-1)/blockRows
	w.rows = w.rows[:to-from]
	clear(w.rows)
	if p != nil {
		p.mark(w.rows, s, i, first, end)
	}
	for block := range w.rows {
		alive := s.aliveIn(from+block, first, end)
		if p != nil {
			alive &= w.rows[block]
		}
		w.rows[block] = alive
		rows += bits.OnesCount16(alive)
	}
	return rows
}

// rowAdded finds the row that was added at a time, from first up to end. Where no
// row ever went, times are as far apart as rows.
func (s *segment) rowAdded(added uint32, first, end int) (int, bool) {
	if at := first + int(added-s.added[first]); at >= first && at < end && s.added[at] == added {
		return at, true
	}
	at, ok := slices.BinarySearch(s.added[first:end], added)
	return first + at, ok
}

// idSet is a table of ids, at most half full, behind a filter that dismisses
// nearly all others by one bit.
type idSet struct {
	filter []uint64 // 8 bits for each slot
	slots  []uint64 // id + 1, or 0
	shift  int      // of a hash, to a bit of the filter
	last   bool     // the set has the id that has no id + 1
}

func newIDSet(ids []uint64) *idSet {
	size := bits.Len(uint(2*len(ids)) | 1) // of the slots, in bits
	s := &idSet{filter: make([]uint64, 1<<size/8+1), slots: make([]uint64, 1<<size), shift: 64 - size - 3}
	for _, id := range ids {
		s.add(id)
	}
	return s
}

// spread makes bits at the top of all bits of an id.
func spread(id uint64) uint64 { return (id ^ id>>32) * 0x9e3779b97f4a7c15 }

func (s *idSet) add(id uint64) {
	bit := spread(id) >> s.shift
	s.filter[bit/64] |= 1 << (bit % 64)
	s.last = s.last || id+1 == 0
	if at, ok := s.slot(id, bit); !ok {
		s.slots[at] = id + 1
	}
}

func (s *idSet) has(id uint64) bool {
	bit := spread(id) >> s.shift
	if s.filter[bit/64]>>(bit%64)&1 == 0 {
		return false
	}
	if id+1 == 0 {
		return s.last
	}
	_, ok := s.slot(id, bit)
	return ok
}

// slot finds an id, or where it would be.
func (s *idSet) slot(id, bit uint64) (at int, ok bool) {
	for at = int(bit >> 3); s.slots[at] != 0; at = (at + 1) & (len(s.slots) - 1) {
		if s.slots[at] == id+1 {
			return at, true
		}
	}
	return at, false
}
