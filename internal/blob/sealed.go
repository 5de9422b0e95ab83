package blob

import (
	"context"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Sealer is what Sealed needs of store.Sealer.
type Sealer interface {
	Seal(ctx context.Context, key idem.DataKeyID, at store.Place, plain []byte) ([]byte, error)
	Open(ctx context.Context, at store.Place, sealed []byte) ([]byte, error)
}

// Sealed keeps plain objects in a Store: it seals on the way in and opens on
// the way out, bound to the organisation, the owner and the reference.
type Sealed struct {
	store  Store
	sealer Sealer
}

// NewSealed puts the sealer in front of the store.
func NewSealed(s Store, sealer Sealer) *Sealed { return &Sealed{store: s, sealer: sealer} }

func place(org idem.OrgID, owner string, ref idem.BlobRef) store.Place {
	return store.Place{Org: org, Owner: owner, Column: "blob", Row: string(ref)}
}

// Put seals the object under the owner's data key and stores it durably.
func (s *Sealed) Put(ctx context.Context, org idem.OrgID, key idem.DataKeyID, owner string, ref idem.BlobRef, plain []byte) error {
	sealed, err := s.sealer.Seal(ctx, key, place(org, owner, ref), plain)
	if err != nil {
		return fmt.Errorf("seal object %s: %w", ref, err)
	}
	return s.store.Put(ctx, org, ref, sealed)
}

// Get returns the plain object. Errors: ErrNotFound, idem.ErrErased when the
// owner's key was destroyed, SEAL_BROKEN when the object was altered or belongs
// to another owner.
func (s *Sealed) Get(ctx context.Context, org idem.OrgID, owner string, ref idem.BlobRef) ([]byte, error) {
	sealed, err := s.store.Get(ctx, org, ref)
	if err != nil {
		return nil, err
	}
	plain, err := s.sealer.Open(ctx, place(org, owner, ref), sealed)
	if err != nil {
		return nil, fmt.Errorf("open object %s: %w", ref, err)
	}
	return plain, nil
}

// Delete removes the object; a missing one is no error.
func (s *Sealed) Delete(ctx context.Context, org idem.OrgID, ref idem.BlobRef) error {
	return s.store.Delete(ctx, org, ref)
}
