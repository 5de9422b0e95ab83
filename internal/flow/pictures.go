package flow

import (
	"context"
	"errors"
	"fmt"

	"github.com/idem-id/idem"
)

// Picture returns a picture that a result of the session names.
func (f *Flows) Picture(ctx context.Context, org idem.OrgID, s *idem.Session, ref idem.BlobRef) ([]byte, error) {
	data, err := f.Blobs.Get(ctx, org, string(s.ID), ref)
	if err != nil {
		return nil, fmt.Errorf("read picture of session: %w", err)
	}
	return data, nil
}

// put stores an object of the session.
func (f *Flows) put(ctx context.Context, org idem.OrgID, s *idem.Session, data []byte) (idem.BlobRef, error) {
	ref := idem.BlobRef(f.IDs.New())
	if err := f.Blobs.Put(ctx, org, s.DataKey, string(s.ID), ref, data); err != nil {
		return "", fmt.Errorf("store picture of session: %w", err)
	}
	return ref, nil
}

// discard drops the objects of a change that was not made. They stay where
// that is not known: a row may name them.
func (f *Flows) discard(ctx context.Context, org idem.OrgID, refs []idem.BlobRef, err error) {
	if errors.As(err, new(unsure)) {
		f.Log.WarnContext(ctx, "pictures left behind by a change of unknown outcome", "organisation", org, "blobs", refs)
		return
	}
	f.drop(ctx, org, refs)
}

// drop deletes objects that no row names.
func (f *Flows) drop(ctx context.Context, org idem.OrgID, refs []idem.BlobRef) {
	for _, ref := range refs {
		if err := f.Blobs.Delete(context.WithoutCancel(ctx), org, ref); err != nil {
			f.Log.WarnContext(ctx, "picture left behind", "organisation", org, "blob", ref, "error", err)
		}
	}
}
