package registry

import (
	"context"
	"fmt"
	"slices"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/store"
)

// AddPhoto gives a person one more photo and decides the default anew. It
// returns the other persons whose faces are similar; an organisation that
// rejects known faces gets idem.ErrFaceKnown instead.
func (r *Registry) AddPhoto(ctx context.Context, p idem.Principal, person idem.PersonID, u Upload, also ...Also[PhotoAdded]) (idem.Photo, []Similar, error) {
	if err := p.Require(idem.PersonsWrite); err != nil {
		return idem.Photo{}, nil, err
	}
	who, s, err := r.roomFor(ctx, p.Org, person)
	if err != nil {
		return idem.Photo{}, nil, err
	}
	f, err := r.take(ctx, u, s.FaceUniqueness)
	if err != nil {
		return idem.Photo{}, nil, ofPhoto(err)
	}
	done, err := r.addPhoto(ctx, p, s, who, f, also)
	return done.Photo, done.Similar, err
}

// roomFor reads the person and refuses early what the transaction would refuse.
func (r *Registry) roomFor(ctx context.Context, org idem.OrgID, person idem.PersonID) (who idem.Person, s idem.Settings, err error) {
	err = r.store.View(ctx, org, func(tx store.Tx) error {
		if who, err = tx.Persons().Get(ctx, person); err != nil {
			return fmt.Errorf("read person: %w", err)
		}
		if err := who.Writable(); err != nil {
			return err
		}
		if s, err = r.settings(ctx, tx); err != nil {
			return err
		}
		_, err := room(ctx, tx, s, person)
		return err
	})
	return who, s, err
}

// room lists the photos of a person that may get one more.
func room(ctx context.Context, tx store.Tx, s idem.Settings, person idem.PersonID) ([]idem.Photo, error) {
	photos, err := tx.Photos().List(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("list photos: %w", err)
	}
	if len(photos) >= s.MaxPhotos {
		return nil, idem.ErrPhotoLimit.With("max_photos", s.MaxPhotos)
	}
	return photos, nil
}

func (r *Registry) addPhoto(ctx context.Context, p idem.Principal, s idem.Settings, who idem.Person, f *portrait, also []Also[PhotoAdded]) (PhotoAdded, error) {
	photo, blob, err := r.keep(ctx, p.Org, who.ID, who.DataKey, f)
	if err != nil {
		return PhotoAdded{}, err
	}
	m := made{person: who.ID, photo: photo, blob: blob}
	var refs []gallery.Entry
	if f.usable {
		refs = reference(made{person: who.ID, photo: photo, key: who.DataKey}, f)
	}
	var done PhotoAdded
	err = r.enrol(ctx, p.Org, s, refs, func(tx store.Tx, g gate) error {
		row, err := r.appendPhoto(ctx, tx, p, f, m, g)
		if err != nil {
			return err
		}
		done = PhotoAdded{row, g.similar}
		return store.RunAlso(ctx, tx, done, also)
	})
	if err := r.settle(ctx, p.Org, m, err); err != nil {
		return PhotoAdded{}, err
	}
	return done, nil
}

// appendPhoto writes the photo of a locked person and moves the default.
func (r *Registry) appendPhoto(ctx context.Context, tx store.Tx, p idem.Principal, f *portrait, m made, g gate) (idem.Photo, error) {
	who, err := lock(ctx, tx, m.person)
	if err != nil {
		return idem.Photo{}, err
	}
	s, err := r.settings(ctx, tx)
	if err != nil {
		return idem.Photo{}, err
	}
	present, err := room(ctx, tx, s, m.person)
	if err != nil {
		return idem.Photo{}, err
	}
	row := f.photo(m.photo, m.person, m.blob, p.Actor.Source, tx.Now())
	old := currentDefault(present)
	chosen := idem.DefaultAfterAdding(present, []idem.Photo{row})
	row.Default = old == ""
	if err := r.insertPhoto(ctx, tx, &row, g); err != nil {
		return idem.Photo{}, err
	}
	row.Default = chosen == row.ID
	actions := []idem.Action{photoAdded(row, f.faces, g.similar)}
	if old != "" && chosen != old {
		if err := tx.Photos().SetDefault(ctx, m.person, chosen); err != nil {
			return idem.Photo{}, fmt.Errorf("move default: %w", err)
		}
		actions = append(actions, defaultChanged(old, chosen))
	}
	return row, r.record(ctx, tx, p, &who, actions...)
}

func currentDefault(photos []idem.Photo) idem.PhotoID {
	for _, f := range photos {
		if f.Default {
			return f.ID
		}
	}
	return ""
}

// SetDefaultPhoto chooses the default; choosing it again changes nothing.
func (r *Registry) SetDefaultPhoto(ctx context.Context, p idem.Principal, person idem.PersonID, id idem.PhotoID) (idem.Photo, error) {
	if err := p.Require(idem.PersonsWrite); err != nil {
		return idem.Photo{}, err
	}
	var out idem.Photo
	err := r.change(ctx, p, person, func(tx store.Tx, who *idem.Person) error {
		present, err := tx.Photos().List(ctx, person)
		if err != nil {
			return fmt.Errorf("list photos: %w", err)
		}
		i := slices.IndexFunc(present, func(f idem.Photo) bool { return f.ID == id })
		if i < 0 {
			return idem.ErrPhotoNotFound
		}
		out = present[i]
		old := currentDefault(present)
		if old == id {
			return nil
		}
		out.Default = true
		if err := tx.Photos().SetDefault(ctx, person, id); err != nil {
			return fmt.Errorf("move default: %w", err)
		}
		return r.record(ctx, tx, p, who, defaultChanged(old, id))
	})
	return out, err
}

// RemovePhoto takes a photo from a person, with its face and its bytes. The
// only photo stays: idem.ErrLastDefaultPhoto.
func (r *Registry) RemovePhoto(ctx context.Context, p idem.Principal, person idem.PersonID, id idem.PhotoID) error {
	if err := p.Require(idem.PersonsWrite); err != nil {
		return err
	}
	var blob idem.BlobRef
	err := r.change(ctx, p, person, func(tx store.Tx, who *idem.Person) (err error) {
		blob, err = r.removePhoto(ctx, tx, p, who, id)
		return err
	})
	if err != nil {
		return err
	}
	r.dropBlob(context.WithoutCancel(ctx), p.Org, blob)
	return nil
}

func (r *Registry) removePhoto(ctx context.Context, tx store.Tx, p idem.Principal, who *idem.Person, id idem.PhotoID) (idem.BlobRef, error) {
	present, err := tx.Photos().List(ctx, who.ID)
	if err != nil {
		return "", fmt.Errorf("list photos: %w", err)
	}
	i := slices.IndexFunc(present, func(f idem.Photo) bool { return f.ID == id })
	if i < 0 {
		return "", idem.ErrPhotoNotFound
	}
	removed := present[i]
	chosen, err := idem.DefaultAfterRemoving(present, id)
	if err != nil {
		return "", err
	}
	if err := tx.Photos().Delete(ctx, who.ID, id); err != nil {
		return "", fmt.Errorf("delete photo: %w", err)
	}
	actions := []idem.Action{photoRemoved(removed)}
	if removed.Default {
		if err := tx.Photos().SetDefault(ctx, who.ID, chosen); err != nil {
			return "", fmt.Errorf("move default: %w", err)
		}
		actions = append(actions, defaultChanged(removed.ID, chosen))
	}
	if removed.EntrySeq != 0 {
		if err := r.gallery.Remove(ctx, tx, idem.Seq(removed.EntrySeq)); err != nil {
			return "", fmt.Errorf("remove gallery entry: %w", err)
		}
	}
	return removed.Blob, r.record(ctx, tx, p, who, actions...)
}

// PhotoImage returns the stored bytes of a photo and their media type.
func (r *Registry) PhotoImage(ctx context.Context, p idem.Principal, person idem.PersonID, id idem.PhotoID) (data []byte, mime string, err error) {
	if err := p.Require(idem.PicturesRead); err != nil {
		return nil, "", err
	}
	var f idem.Photo
	err = r.store.View(ctx, p.Org, func(tx store.Tx) error {
		if _, err := tx.Persons().Get(ctx, person); err != nil {
			return err
		}
		f, err = tx.Photos().Get(ctx, person, id)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("read photo: %w", err)
	}
	data, err = r.blobs.Get(ctx, p.Org, string(person), f.Blob)
	if err != nil {
		return nil, "", fmt.Errorf("read picture: %w", err)
	}
	return data, f.MIME, nil
}
