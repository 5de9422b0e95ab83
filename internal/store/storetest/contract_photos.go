package storetest

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

func photo(p idem.Person, kind idem.PhotoType) idem.Photo {
	return idem.Photo{ID: idem.PhotoID(newID()), Person: p.ID, Type: kind, Blob: idem.BlobRef(newID()), Digest: sha256.Sum256([]byte(newID())),
		MIME: "image/jpeg", Width: 480, Height: 640, Bytes: 12345, FaceCode: "OK", Quality: 87.25, Source: idem.SourceAPI,
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)}
}

func photosOf(t *testing.T, s store.Store, org idem.OrgID, persons ...idem.PersonID) (found []idem.Photo) {
	t.Helper()
	view(t, s, org, func(tx store.Tx) (err error) {
		found, err = tx.Photos().List(t.Context(), persons...)
		return err
	})
	return found
}

func addPhotos(t *testing.T, s store.Store, org idem.OrgID, photos ...idem.Photo) {
	t.Helper()
	update(t, s, org, func(tx store.Tx) error {
		for _, p := range photos {
			if err := tx.Photos().Insert(t.Context(), p); err != nil {
				return err
			}
		}
		return nil
	})
}

func testPhotos(t *testing.T, f fixture) {
	p, q := NewPerson(t, f, f.org), NewPerson(t, f, f.org)
	a, b, other := photo(p, idem.PhotoDigital), photo(p, idem.PhotoOther), photo(q, idem.PhotoLive)
	b.CreatedAt = a.CreatedAt.Add(-time.Second)
	b.Default, b.EntrySeq, b.Quality = true, 7, 0.1
	addPhotos(t, f, f.org, a, b, other)
	if diff := cmp.Diff([]idem.Photo{b, a}, photosOf(t, f, f.org, p.ID)); diff != "" {
		t.Errorf("photos differ (-want +got):\n%s", diff)
	}
	if n := len(photosOf(t, f, f.org, p.ID, q.ID)); n != 3 {
		t.Errorf("%d photos of two persons, want 3", n)
	}
	a.EntrySeq = 42
	update(t, f, f.org, func(tx store.Tx) error {
		if err := tx.Photos().SetEntry(t.Context(), p.ID, a.ID, 42); err != nil {
			return err
		}
		return tx.Photos().Delete(t.Context(), p.ID, b.ID)
	})
	view(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Photos().Get(t.Context(), p.ID, a.ID)
		if diff := cmp.Diff(a, got); diff != "" {
			t.Errorf("photo differs (-want +got):\n%s", diff)
		}
		_, missing := tx.Photos().Get(t.Context(), q.ID, a.ID)
		want(t, missing, idem.ErrPhotoNotFound)
		return err
	})
	for name, change := range map[string]func(store.Photos) error{
		"delete":  func(x store.Photos) error { return x.Delete(t.Context(), p.ID, b.ID) },
		"entry":   func(x store.Photos) error { return x.SetEntry(t.Context(), q.ID, a.ID, 1) },
		"default": func(x store.Photos) error { return x.SetDefault(t.Context(), q.ID, a.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			want(t, f.Update(t.Context(), f.org, func(tx store.Tx) error { return change(tx.Photos()) }), idem.ErrPhotoNotFound)
		})
	}
}

func defaults(photos []idem.Photo) (ids []idem.PhotoID) {
	for _, p := range photos {
		if p.Default {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

func testPhotoDefault(t *testing.T, f fixture) {
	p := NewPerson(t, f, f.org)
	a, b := photo(p, idem.PhotoOther), photo(p, idem.PhotoOther)
	addPhotos(t, f, f.org, a, b)
	for _, id := range []idem.PhotoID{a.ID, b.ID, b.ID, "", a.ID} {
		update(t, f, f.org, func(tx store.Tx) error { return tx.Photos().SetDefault(t.Context(), p.ID, id) })
		got := defaults(photosOf(t, f, f.org, p.ID))
		if id == "" && len(got) != 0 || id != "" && (len(got) != 1 || got[0] != id) {
			t.Errorf("defaults %v, want %q", got, id)
		}
	}
	second := photo(p, idem.PhotoOther)
	second.Default = true
	want(t, f.Update(t.Context(), f.org, func(tx store.Tx) error { return tx.Photos().Insert(t.Context(), second) }), store.ErrDuplicateRow)
}

func testPhotoDefaultRace(t *testing.T, f fixture) {
	stores := []store.Store{f.Store, f.another(t)}
	p := NewPerson(t, f, f.org)
	photos := make([]idem.Photo, 10)
	for i := range photos {
		photos[i] = photo(p, idem.PhotoOther)
	}
	addPhotos(t, f, f.org, photos...)
	errs := parallel(50, func(i int) error {
		err := stores[i%2].Update(t.Context(), f.org, func(tx store.Tx) error {
			return tx.Photos().SetDefault(t.Context(), p.ID, photos[i%10].ID)
		})
		if err != nil {
			return err
		}
		return stores[i%2].View(t.Context(), f.org, func(tx store.Tx) error {
			all, err := tx.Photos().List(t.Context(), p.ID)
			if n := len(defaults(all)); n != 1 {
				return fmt.Errorf("%d defaults", n)
			}
			return err
		})
	})
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}
