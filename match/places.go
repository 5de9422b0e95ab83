package match

import "hash/maphash"

// places finds the row of an id: open-addressed tables of place+1, 0 where
// nothing is. They hold no ids but read them from the rows, which makes them 5
// to 12 bytes per row, a third of what a map takes.
//
// The first bits of an id's hash choose its table. A full one doubles up to
// maxSlots and then makes way for two, so that no id ever waits for others than
// those of its table to move.
type places struct {
	seed  maphash.Seed
	depth int      // how many bits choose
	all   []*table // 1 << depth; neighbours may be one
	used  int
	id    func(place uint32) uint64
}

type table struct {
	slots []uint32 // a power of two of them, at most three quarters used
	used  int
	depth int // how many bits of the hash all entries share
}

const (
	minSlots = 16
	maxSlots = 1024
)

func newPlaces(id func(place uint32) uint64) places {
	return places{seed: maphash.MakeSeed(), all: []*table{newTable(minSlots, 0)}, id: id}
}

func newTable(slots, depth int) *table { return &table{slots: make([]uint32, slots), depth: depth} }

func (p *places) hash(id uint64) uint64 { return maphash.Comparable(p.seed, id) }

func (p *places) table(hash uint64) *table { return p.all[hash>>(64-p.depth)] }

// home is the slot where the search for a hash begins.
func (t *table) home(hash uint64) int { return int(hash) & (len(t.slots) - 1) }

func (t *table) next(slot int) int { return (slot + 1) & (len(t.slots) - 1) }

func (t *table) full() bool { return (t.used+1)*4 > len(t.slots)*3 }

// find returns the place of id and whether there is one.
func (p *places) find(id uint64) (uint32, bool) {
	hash := p.hash(id)
	t := p.table(hash)
	for slot := t.home(hash); t.slots[slot] != 0; slot = t.next(slot) {
		if place := t.slots[slot] - 1; p.id(place) == id {
			return place, true
		}
	}
	return 0, false
}

// slot returns where there is an entry that the tables have.
func (p *places) slot(id uint64, place uint32) (*table, int) {
	hash := p.hash(id)
	t := p.table(hash)
	slot := t.home(hash)
	for t.slots[slot] != place+1 {
		slot = t.next(slot)
	}
	return t, slot
}

// add enters an id that the tables do not have.
func (p *places) add(id uint64, place uint32) {
	hash := p.hash(id)
	for p.table(hash).full() {
		p.grow(hash)
	}
	p.table(hash).put(hash, place)
	p.used++
}

func (t *table) put(hash uint64, place uint32) {
	slot := t.home(hash)
	for t.slots[slot] != 0 {
		slot = t.next(slot)
	}
	t.slots[slot] = place + 1
	t.used++
}

// reserve makes room for n entries in empty tables. The few tables that get far
// more than their share grow as they would otherwise.
func (p *places) reserve(n int) {
	p.depth = 0
	for n > maxSlots*11/16<<p.depth {
		p.depth++
	}
	slots := minSlots
	for slots < maxSlots && n*4 > slots*3 {
		slots *= 2
	}
	p.all = make([]*table, 1<<p.depth)
	for i := range p.all {
		p.all[i] = newTable(slots, p.depth)
	}
}

// grow makes room in the table of a hash.
func (p *places) grow(hash uint64) {
	old := p.table(hash)
	if n := len(old.slots); n < maxSlots {
		p.replace(hash, newTable(2*n, old.depth))
	} else {
		if old.depth == p.depth {
			p.deepen()
		}
		p.replace(hash, newTable(n, old.depth+1), newTable(n, old.depth+1))
	}
	for _, entry := range old.slots {
		if entry != 0 {
			hash := p.hash(p.id(entry - 1))
			p.table(hash).put(hash, entry-1)
		}
	}
}

// deepen lets one more bit choose, so far between twice the same table.
func (p *places) deepen() {
	all := make([]*table, 0, 2*len(p.all))
	for _, t := range p.all {
		all = append(all, t, t)
	}
	p.all, p.depth = all, p.depth+1
}

// replace puts one table, or two neighbours, where that of a hash was.
func (p *places) replace(hash uint64, by ...*table) {
	old := p.table(hash)
	n := 1 << (p.depth - old.depth)
	first := int(hash>>(64-p.depth)) &^ (n - 1)
	for i := range n {
		p.all[first+i] = by[i*len(by)/n]
	}
}

// move follows a row that changed its place.
func (p *places) move(id uint64, from, to uint32) {
	t, slot := p.slot(id, from)
	t.slots[slot] = to + 1
}

// remove drops an entry while its row still has its id. Entries behind it that
// were pushed past the gap move back into it, so that no search ends early.
func (p *places) remove(id uint64, place uint32) {
	t, gap := p.slot(id, place)
	for slot := t.next(gap); t.slots[slot] != 0; slot = t.next(slot) {
		home := t.home(p.hash(p.id(t.slots[slot] - 1)))
		if mask := len(t.slots) - 1; (slot-home)&mask >= (slot-gap)&mask {
			t.slots[gap] = t.slots[slot]
			gap = slot
		}
	}
	t.slots[gap] = 0
	t.used--
	p.used--
}
