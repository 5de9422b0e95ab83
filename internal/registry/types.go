package registry

import (
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Upload is a picture as it came from outside.
type Upload struct {
	Image []byte // JPEG, PNG, WebP or HEIC, at most 10 MiB
	Type  idem.PhotoType
}

// AliasInput is an alias as it came from outside. Search alone accepts an empty
// type, which stands for all of them.
type AliasInput struct {
	Type  idem.AliasType
	Value string
}

// NewPerson is what a person is created from. Photo is nil only when a flow
// that has no picture creates the person.
type NewPerson struct {
	Photo    *Upload
	Verified bool
	Aliases  []AliasInput
}

// View is a person with everything that belongs to it. Aliases and photos are
// oldest first, SYSTEM_ID before all other aliases.
type View struct {
	Person       idem.Person
	Aliases      []idem.Alias
	Photos       []idem.Photo
	SessionCount int
}

// DefaultPhoto returns the default photo, nil when the person has none.
func (v *View) DefaultPhoto() *idem.Photo {
	for i := range v.Photos {
		if v.Photos[i].Default {
			return &v.Photos[i]
		}
	}
	return nil
}

// Similar is another person whose face resembles a new one: its best photo, the
// comparison score (cosine, -1..1) and the false match rate of a threshold at
// that score. Duplicate tells whether the organisation's settings take that for
// the same face.
type Similar struct {
	Person    idem.PersonID
	Photo     idem.PhotoID
	Score     float64
	FMR       float64
	Duplicate bool
}

// Created, PhotoAdded and AliasAdded are what the creating calls answer.
type (
	Created struct {
		View
		Similar []Similar
	}
	PhotoAdded struct {
		Photo   idem.Photo
		Similar []Similar
	}
	AliasAdded struct {
		Alias idem.Alias
		New   bool // false when the person had the alias already
	}
)

// Also runs last in the transaction that makes a change.
type Also[T any] = store.Also[T]

// Query narrows a list of persons. AliasValue is a clear value: with AliasType
// it is looked for under that type, without it under all types. AliasType alone
// lists the persons that have any alias of the type.
type Query struct {
	store.PersonQuery
	AliasValue string
}

// ActionQuery narrows the actions of one person.
type ActionQuery struct {
	Type     idem.ActionType
	Source   idem.Source
	Operator idem.OperatorID
	From, To time.Time
}

// Erasure is the receipt of a permanent erasure. Seq and Hash name the audit
// entry that proves it.
type Erasure struct {
	Person  idem.PersonID
	At      time.Time
	Reason  string
	Photos  int
	Aliases int // SYSTEM_ID, which stays, not counted
	Entries int // gallery entries
	Seq     int64
	Hash    [32]byte
}

// The refusals that only this package makes.
var (
	ErrFaceRequired = idem.Errorf(idem.Unprocessable, "FACE_NOT_FOUND", "the photo shows no face that can be compared")
	ErrInvalid      = idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", "the request is not valid")
)
