package registry

import (
	"context"
	"errors"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// cleanupTime bounds what is done after a failure, also when the caller is gone.
const cleanupTime = 10 * time.Second

// settle ends a change that stored a picture. After a refusal the picture and
// the new key, if any, are destroyed. When the outcome of the commit is
// unknown the database is asked: the change either happened, then there is no
// error, or the picture is left, because a commit may still be under way.
func (r *Registry) settle(ctx context.Context, org idem.OrgID, m made, err error) error {
	if err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	if !errors.As(err, new(unsure)) || errors.Is(err, idem.ErrStorageFull) {
		r.discard(ctx, org, m, err)
		return err
	}
	if r.happened(ctx, org, m) {
		return nil
	}
	r.log.WarnContext(ctx, "picture left behind by a change of unknown outcome", "organisation", org, "blob", m.blob)
	return err
}

// happened reports whether the change is in the database.
func (r *Registry) happened(ctx context.Context, org idem.OrgID, m made) bool {
	err := r.store.View(ctx, org, func(tx store.Tx) error {
		if m.photo != "" {
			_, err := tx.Photos().Get(ctx, m.person, m.photo)
			return err
		}
		_, err := tx.Persons().Get(ctx, m.person)
		return err
	})
	return err == nil
}

// discard removes what a refused change stored. The key outlives an entry that
// could not be withdrawn: the gallery still has to read it.
func (r *Registry) discard(ctx context.Context, org idem.OrgID, m made, cause error) {
	r.dropBlob(ctx, org, m.blob)
	if m.key == "" || errors.Is(cause, errHeld) {
		return
	}
	if err := r.vault.DestroyKey(ctx, org, m.key); err != nil {
		r.log.WarnContext(ctx, "unused data key left behind", "organisation", org, "key", m.key, "error", err)
	}
}

// dropBlob deletes an object that no row names any more.
func (r *Registry) dropBlob(ctx context.Context, org idem.OrgID, ref idem.BlobRef) {
	if ref == "" {
		return
	}
	if err := r.blobs.Delete(ctx, org, ref); err != nil {
		r.log.WarnContext(ctx, "picture left behind", "organisation", org, "blob", ref, "error", err)
	}
}
