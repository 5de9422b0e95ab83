package blob

import (
	"strings"

	"github.com/idem-id/idem"
)

// The refusals of what is no name or is taken.
var (
	// ErrName: the organisation or reference is not a name that a backend can
	// store under.
	ErrName = idem.Errorf(idem.Invalid, "BLOB_NAME_INVALID", "the name of the stored object is not valid")
	// ErrExists: an object is written once.
	ErrExists = idem.Errorf(idem.Conflict, "BLOB_EXISTS", "the stored object exists already")
)

// CheckNames returns ErrName unless both names consist of 2 to 128 of the
// characters a-z, 0-9, - and _: no such name means anything to a file system or
// an address, and none differs from another by letter case alone. Backends call
// it first.
func CheckNames(org idem.OrgID, ref idem.BlobRef) error {
	if !isName(string(org)) || !isName(string(ref)) {
		return ErrName
	}
	return nil
}

// CheckOrg is CheckNames for the organisation alone.
func CheckOrg(org idem.OrgID) error {
	if !isName(string(org)) {
		return ErrName
	}
	return nil
}

func isName(s string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-_"
	return len(s) >= 2 && len(s) <= 128 && strings.Trim(s, allowed) == ""
}
