package blob

import (
	"context"

	"github.com/idem-id/idem"
)

// ErrNotFound is the refusal of a reference that the organisation does not have.
var ErrNotFound = idem.Errorf(idem.NotFound, "BLOB_NOT_FOUND", "the stored object is missing")

// Store is a blob backend. Implementations are safe for concurrent use.
type Store interface {
	// Put makes the object durable before it returns. Writing the same
	// reference twice is an error. A full disk is idem.ErrStorageFull and
	// leaves nothing behind.
	Put(ctx context.Context, org idem.OrgID, ref idem.BlobRef, sealed []byte) error
	// Get returns the whole object, or ErrNotFound.
	Get(ctx context.Context, org idem.OrgID, ref idem.BlobRef) ([]byte, error)
	// Delete removes the object; a missing one is no error.
	Delete(ctx context.Context, org idem.OrgID, ref idem.BlobRef) error
	// List calls f for each reference of the organisation, in no order.
	List(ctx context.Context, org idem.OrgID, f func(idem.BlobRef) error) error
}
