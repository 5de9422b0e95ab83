package registry

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/store"
)

// Keys makes and destroys the data keys of persons.
type Keys interface {
	// NewKey returns a fresh, durable data key of the organisation.
	NewKey(ctx context.Context, org idem.OrgID) (idem.DataKeyID, error)
	// DestroyKey makes everything sealed with the key unreadable for ever. A
	// key that is destroyed already is no error.
	DestroyKey(ctx context.Context, org idem.OrgID, key idem.DataKeyID) error
}

// Blobs keeps pictures sealed under a data key and bound to their owner.
type Blobs interface {
	Put(ctx context.Context, org idem.OrgID, key idem.DataKeyID, owner string, ref idem.BlobRef, plain []byte) error
	Get(ctx context.Context, org idem.OrgID, owner string, ref idem.BlobRef) ([]byte, error)
	// Delete removes an object; a missing one is no error.
	Delete(ctx context.Context, org idem.OrgID, ref idem.BlobRef) error
}

// Pictures decodes what strangers upload. *picture.Decoder is one.
type Pictures interface {
	Decode(ctx context.Context, data []byte) (picture.Picture, error)
	Intake(ctx context.Context, data []byte) (picture.Picture, picture.Stored, error)
}

// Deps is what a registry works with. Everything but Log is needed.
type Deps struct {
	Store    store.Store
	Vault    Keys
	Blobs    Blobs
	Gallery  *gallery.Gallery
	Engine   face.Engine
	Pictures Pictures
	IDs      idem.IDs
	Log      *slog.Logger // what was left behind and must be cleaned; nil discards it
}

// Registry is the use case of persons. It is safe for concurrent use. Each
// method checks the principal's permission first and works in the principal's
// organisation only.
type Registry struct {
	store    store.Store
	vault    Keys
	blobs    Blobs
	gallery  *gallery.Gallery
	engine   face.Engine
	pictures Pictures
	ids      idem.IDs
	log      *slog.Logger
}

// New returns the use case over its ports.
func New(d Deps) *Registry {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Registry{
		store: d.Store, vault: d.Vault, blobs: d.Blobs, gallery: d.Gallery,
		engine: d.Engine, pictures: d.Pictures, ids: d.IDs, log: d.Log,
	}
}

func (r *Registry) settings(ctx context.Context, tx store.Tx) (idem.Settings, error) {
	o, err := tx.Organisations().Get(ctx)
	if err != nil {
		return idem.Settings{}, fmt.Errorf("read settings: %w", err)
	}
	return o.Settings, nil
}
