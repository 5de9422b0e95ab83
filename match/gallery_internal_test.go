package match

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"unsafe"
)

func filled(t *testing.T, rows uint64) *Gallery {
	t.Helper()
	g, err := NewGallery(1, 4)
	if err != nil {
		t.Fatal(err)
	}
	for id := range rows {
		if err := g.Add(id, newTemplate(1, []int8{99, 98, 97, 96})); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

// held counts the codes, also beyond the rows in use, that are not wiped.
func held(s *segment) (n int) {
	codes := make([]int8, s.rows.dim)
	for row := range cap(s.ids) {
		s.rows.codes(row, codes)
		for _, c := range codes {
			if c != -128 {
				n++
			}
		}
	}
	return n
}

func wiped(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }

func TestRemoveOverwritesTheTemplate(t *testing.T) {
	g := filled(t, 500)
	s := g.segments[0]
	for id := range uint64(500) {
		g.Remove(id)
		if want := 4 * (499 - int(id)); held(s) != want {
			t.Fatalf("%d bytes of templates after removing %d rows, want %d", held(s), id+1, want)
		}
	}
	if len(s.ids) != 0 || g.places.used != 0 || !wiped(s.rows.memory.bytes) {
		t.Errorf("%d rows and %d places are left, wiped: %v", len(s.ids), g.places.used, wiped(s.rows.memory.bytes))
	}
}

func TestCompactionOverwritesWhatItGivesBack(t *testing.T) {
	g := filled(t, 20000)
	s := g.segments[2]
	old, first := s.rows.memory.bytes, s.ids[0]
	n := uint64(len(s.ids))
	for id := first; id < first+n/4; id++ {
		g.Remove(id)
	}
	if s.dead != int(n/4) {
		t.Fatalf("%d dead rows of %d, want a quarter", s.dead, n)
	}
	g.Remove(first + n/4)
	if s.dead != 0 || len(s.ids) != int(n-n/4-1) || cap(s.ids) != len(s.ids) {
		t.Errorf("%d dead rows, %d rows, room for %d", s.dead, len(s.ids), cap(s.ids))
	}
	if !wiped(old) {
		t.Fatal("templates are left in memory that was given back")
	}
	for id := first + n/4 + 1; id < first+n; id++ {
		g.Remove(id)
	}
	if g.segments[2] != nil {
		t.Error("an empty segment stays")
	}
}

func TestEmptySegmentsAreUsedAgain(t *testing.T) {
	g := filled(t, 20000)
	segments := len(g.segments)
	for round := range uint64(5) {
		for id := range uint64(20000) {
			if !g.Remove(round*20000 + id) {
				t.Fatal("a row is lost")
			}
			if err := g.Add((round+1)*20000+id, newTemplate(1, []int8{1, 2, 3, 4})); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(g.segments) > segments+2 {
		t.Errorf("%d segments grew to %d", segments, len(g.segments))
	}
}

// TestMappedRowsStayWhatTheyAre has segments outside the heap: memory is made
// ready ahead of the rows, and given back where it lies.
func TestMappedRowsStayWhatTheyAre(t *testing.T) {
	const rows, dim = 60_000, 512
	g, err := NewGallery(1, dim)
	if err != nil {
		t.Fatal(err)
	}
	template := func(id uint64) Template {
		codes := make([]int8, dim)
		for i := range codes {
			codes[i] = int8(id>>(i%16)&1) - int8(i%7)
		}
		return newTemplate(1, codes)
	}
	for id := range uint64(rows) {
		if err := g.Add(id, template(id)); err != nil {
			t.Fatal(err)
		}
	}
	s := g.segments[len(g.segments)-2]
	if !s.rows.memory.mapped && newPlanes(hugePage, 8).memory.mapped {
		t.Fatal("the rows lie in the heap")
	}
	for i, id := range slices.Clone(s.ids) {
		if i%2 == 0 {
			g.Remove(id)
		}
	}
	s.rows.populate(0, cap(s.added)+blockRows)
	codes := make([]int8, dim)
	for row := range len(s.ids) {
		if s.rows.codes(row, codes); s.isAlive(row) && !slices.Equal(codes, template(s.ids[row]).body.codes) {
			t.Fatalf("row %d changed", row)
		}
	}
	room := len(s.rows.low) / s.rows.rowBytes()
	for row := len(s.ids); row < room; row++ {
		if s.rows.codes(row, codes); slices.Max(codes) != -128 {
			t.Fatalf("row %d of %d is not wiped, %d are in use", row, room, len(s.ids))
		}
	}
}

// TestGalleryStaysSmall counts what the rows take, and how much is spare.
func TestGalleryStaysSmall(t *testing.T) {
	g := filled(t, 100_000)
	used, spare := g.places.size(), 0
	for _, s := range g.segments {
		room, rows := cap(s.ids), len(s.ids)
		perRow := (len(s.rows.high)+len(s.rows.low))/room + 8 + 4 + 4
		used += rows*perRow + 8*len(s.alive)
		spare += room - rows
	}
	const stored = 8 // dimensions: whole lines
	if perRow := float64(used) / 100_000; perRow > stored+32 {
		t.Errorf("%.1f bytes per row of %d dimensions", perRow, stored)
	}
	if spare > 100_000/8 {
		t.Errorf("%d rows are spare", spare)
	}
}

func TestGalleryRefusesMoreRowsThanItCanNumber(t *testing.T) {
	g := filled(t, 0)
	g.segments = make([]*segment, maxSegments)
	full := &segment{}
	for i := range g.segments {
		g.segments[i] = full
	}
	if err := g.Add(1, newTemplate(1, []int8{1, 2, 3, 4})); !errors.Is(err, ErrFull) {
		t.Errorf("Add: %v", err)
	}
	if last := place(maxSegments-1, maxSegmentRows-1); last+1 == 0 || last/maxSegmentRows != maxSegments-1 {
		t.Errorf("the last place is %d", last)
	}
}

// TestPlacesSurviveCollisions fills and empties the table in an order that
// leaves gaps inside runs of entries.
func TestPlacesSurviveCollisions(t *testing.T) {
	ids := make([]uint64, 3000)
	for i := range ids {
		ids[i] = uint64(i) * 7919
	}
	p := newPlaces(func(at uint32) uint64 { return ids[at] })
	for at, id := range ids {
		p.add(id, uint32(at))
	}
	for step := range 3 {
		for at := step; at < len(ids); at += 3 {
			p.remove(ids[at], uint32(at))
		}
		for at, id := range ids {
			if place, ok := p.find(id); ok != (at%3 > step) || ok && place != uint32(at) {
				t.Fatalf("step %d: id %d is at %d, %v", step, id, place, ok)
			}
		}
	}
	for _, table := range p.all {
		if table.used != 0 || slices.Max(table.slots) != 0 {
			t.Fatal("an entry is left")
		}
	}
}

// size is how many bytes the tables take.
func (p *places) size() (n int) {
	var last *table
	for _, t := range p.all {
		if n += 8; t != last {
			n += 4*cap(t.slots) + int(unsafe.Sizeof(*t))
		}
		last = t
	}
	return n
}

// TestPlacesTakeLittle also of a table that was reserved.
func TestPlacesTakeLittle(t *testing.T) {
	for _, n := range []int{700, 710, 3000, 100_000, 180_000, 181_000} {
		for _, reserved := range []int{0, n} {
			p := newPlaces(func(at uint32) uint64 { return uint64(at) })
			p.reserve(reserved)
			for at := range uint32(n) {
				p.add(uint64(at), at)
			}
			for at := range uint32(n) {
				if place, ok := p.find(uint64(at)); !ok || place != at {
					t.Fatalf("of %d ids %d is at %d, %v", n, at, place, ok)
				}
			}
			if perRow := float64(p.size()) / float64(n); perRow > 12 {
				t.Errorf("%d ids, %d reserved: %.1f bytes for one", n, reserved, perRow)
			}
		}
	}
}
