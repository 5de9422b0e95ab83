package idem

import "time"

// Seq is a position in a gallery log. Positions start at 1 and have no gaps;
// whoever sees one sees all before it.
type Seq int64

// Set tells for which purpose a reference stands in the gallery. Searches name
// the sets that they cover.
type Set string

// The sets of a gallery.
const (
	SetPhoto       Set = "photo"
	SetRegistered  Set = "registered"
	SetUnconfirmed Set = "unconfirmed"
	SetAccepted    Set = "accepted"
	SetInReview    Set = "in_review"
	SetRejected    Set = "rejected"
	// SetDeleted holds the references of deleted persons: no search covers it,
	// and a restore starts a fresh entry that passes the uniqueness search.
	SetDeleted Set = "deleted"
)

// EntryState is where an entry stands: reserved and not yet decided, part of
// the gallery, or out of it.
type EntryState string

// The states of an entry.
const (
	EntryPending   EntryState = "pending"
	EntryActive    EntryState = "active"
	EntryWithdrawn EntryState = "withdrawn"
)

// LogOp is what one row of the gallery log does. Each operation has a row and
// a position of its own; rows never change.
type LogOp string

// The operations. Reserve introduces an entry, whose identity is its position;
// every other operation names that position in Ref.
const (
	OpReserve  LogOp = "reserve"
	OpActivate LogOp = "activate"
	OpWithdraw LogOp = "withdraw"
	OpMove     LogOp = "move"
	OpRemove   LogOp = "remove"
)

// LogRow is one immutable row of a gallery log. Digest is the SHA-256 of the
// sealed template, so that the chain stays verifiable after an erasure.
type LogRow struct {
	Seq      Seq
	Op       LogOp
	Ref      Seq    // the entry's reserve position; equal to Seq for a reserve
	Set      Set    // reserve and move
	Subject  string // reserve: the person or record that the reference belongs to
	Sample   string // reserve: the photo or sample that the template was made from
	Digest   [32]byte
	At       time.Time
	PrevHash [32]byte
	Hash     [32]byte
}

// Next returns the state of an entry after one more operation. Arrows that are
// not in the table are refused with ok false.
func (s EntryState) Next(op LogOp) (next EntryState, ok bool) {
	next, ok = entryArrows[entryArrow{s, op}]
	return next, ok
}

type entryArrow struct {
	from EntryState
	op   LogOp
}

// entryArrows is the whole life of an entry. A pending entry may be moved to
// no other set: its searchers rely on the set that they saw.
var entryArrows = map[entryArrow]EntryState{
	{"", OpReserve}:            EntryPending,
	{EntryPending, OpActivate}: EntryActive,
	{EntryPending, OpWithdraw}: EntryWithdrawn,
	{EntryActive, OpMove}:      EntryActive,
	{EntryActive, OpRemove}:    EntryWithdrawn,
}
