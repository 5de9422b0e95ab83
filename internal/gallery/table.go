package gallery

import (
	"slices"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
)

// table keeps the state of every live entry of one log: 48 bytes each, in
// rising position. Withdrawn entries leave it.
type table struct {
	rows    []tableRow
	dead    int
	pending int
	texts   []string          // subjects and samples that are no UUIDs
	numbers map[string]uint32 // their places in texts
	sets    []idem.Set        // the sets seen so far

	subjects bySubject // nil until it is needed
}

type tableRow struct {
	seq             idem.Seq
	subject, sample name
	state           rowState
	set             uint8  // place in sets
	older           uint32 // see bySubject
}

// name is a subject or sample: a UUID as its bytes, any other text as its
// place in texts behind a mark that no UUID of versions 1 to 8 carries.
type name [16]byte

type rowState uint8

const (
	rowDead rowState = iota
	rowPending
	rowActive
)

// minDead keeps small tables from being compacted again and again.
const minDead = 1024

func (t *table) name(text string) name {
	if n, ok := parseName(text); ok {
		return n
	}
	number, ok := t.numbers[text]
	if !ok {
		if t.numbers == nil {
			t.numbers = map[string]uint32{}
		}
		number = uint32(len(t.texts))
		t.numbers[text] = number
		t.texts = append(t.texts, text)
	}
	return markName(number)
}

// lookup is name for readers: ok is false for a text that no entry carries.
func (t *table) lookup(text string) (name, bool) {
	if n, ok := parseName(text); ok {
		return n, true
	}
	number, ok := t.numbers[text]
	return markName(number), ok
}

func (t *table) text(n name) string {
	if n[6]>>4 == 0 {
		return t.texts[uint32(n[0])<<24|uint32(n[1])<<16|uint32(n[2])<<8|uint32(n[3])]
	}
	return uuid.UUID(n).String()
}

func parseName(text string) (name, bool) {
	if len(text) != 36 {
		return name{}, false
	}
	u, err := uuid.Parse(text)
	if err != nil || u[6]>>4 == 0 || u.String() != text {
		return name{}, false
	}
	return name(u), true
}

func markName(number uint32) name {
	return name{byte(number >> 24), byte(number >> 16), byte(number >> 8), byte(number)}
}

func (t *table) setNumber(set idem.Set) uint8 {
	i := slices.Index(t.sets, set)
	if i < 0 {
		i = len(t.sets)
		t.sets = append(t.sets, set)
	}
	return uint8(i)
}

// find returns the live entry of a position, nil when there is none.
func (t *table) find(seq idem.Seq) *tableRow {
	i, ok := slices.BinarySearchFunc(t.rows, seq, func(r tableRow, seq idem.Seq) int { return int(r.seq - seq) })
	if !ok || t.rows[i].state == rowDead {
		return nil
	}
	return &t.rows[i]
}

// apply takes the next log row. False means an operation that the entry's
// state does not allow: every follower leaves it without effect.
func (t *table) apply(row *idem.LogRow) bool {
	if row.Op == idem.OpReserve {
		return t.reserve(row)
	}
	e := t.find(row.Ref)
	if e == nil {
		return false
	}
	next, ok := e.state.core().Next(row.Op)
	if !ok {
		return false
	}
	if e.state == rowPending {
		t.pending--
	}
	e.state = stateOf(next)
	if row.Op == idem.OpMove {
		e.set = t.setNumber(row.Set)
	}
	if e.state == rowDead {
		t.bury()
	}
	return true
}

func (t *table) reserve(row *idem.LogRow) bool {
	if row.Ref != row.Seq {
		return false
	}
	t.pending++
	t.rows = append(t.rows, tableRow{
		seq: row.Seq, subject: t.name(row.Subject), sample: t.name(row.Sample), state: rowPending, set: t.setNumber(row.Set),
	})
	if t.subjects != nil {
		t.subjects.add(t.rows, len(t.rows)-1)
	}
	return true
}

func (t *table) bury() {
	t.dead++
	if t.dead > minDead && t.dead > len(t.rows)/4 {
		t.rows = slices.DeleteFunc(t.rows, func(r tableRow) bool { return r.state == rowDead })
		t.dead, t.subjects = 0, nil
	}
}

// clone copies what a snapshot keeps.
func (t *table) clone() table {
	return table{rows: slices.Clone(t.rows), dead: t.dead, pending: t.pending, texts: slices.Clone(t.texts), sets: slices.Clone(t.sets)}
}

func (t *table) live() int { return len(t.rows) - t.dead }

func (s rowState) core() idem.EntryState {
	switch s {
	case rowPending:
		return idem.EntryPending
	case rowActive:
		return idem.EntryActive
	}
	return idem.EntryWithdrawn
}

func stateOf(s idem.EntryState) rowState {
	switch s {
	case idem.EntryPending:
		return rowPending
	case idem.EntryActive:
		return rowActive
	}
	return rowDead
}
