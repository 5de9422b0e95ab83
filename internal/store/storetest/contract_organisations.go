package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

func testOrganisations(t *testing.T, f fixture) {
	o := idem.Organisation{
		ID: idem.OrgID(newID()), Name: "Zweite", CreatedAt: time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond), Version: 1,
		Settings: idem.Settings{FaceUniqueness: idem.UniquenessReject, DuplicateFMR: 3e-6, SimilarFMR: 2e-3, MatchFMR: 4e-5, Country: "KZ", PhonePrefix: "49", MaxPhotos: 7, CodesPerHour: 9},
	}
	if err := f.System().CreateOrganisation(t.Context(), o, nil); err != nil {
		t.Fatal(err)
	}
	want(t, f.System().CreateOrganisation(t.Context(), o, nil), store.ErrDuplicateRow)
	view(t, f, o.ID, func(tx store.Tx) error {
		got, err := tx.Organisations().Get(t.Context())
		if diff := cmp.Diff(o, got); diff != "" {
			t.Errorf("organisation differs (-want +got):\n%s", diff)
		}
		return err
	})
	all, err := f.System().ListOrganisations(t.Context())
	if err != nil || len(all) != 2 || all[0].ID != f.org || all[1].ID != o.ID {
		t.Errorf("organisations %+v, %v", all, err)
	}
	want(t, f.View(t.Context(), "elsewhere", func(tx store.Tx) error {
		_, err := tx.Organisations().Get(t.Context())
		return err
	}), store.ErrOrganisationNotFound)
	if version, err := f.System().SchemaVersion(t.Context()); err != nil || version < 2 {
		t.Errorf("schema version %d, %v", version, err)
	}
}

func testOrganisationVersions(t *testing.T, f fixture) {
	var o idem.Organisation
	update(t, f, f.org, func(tx store.Tx) (err error) {
		if o, err = tx.Organisations().Get(t.Context()); err != nil {
			return err
		}
		o.Name, o.Settings.MaxPhotos = "Renamed", 3
		return tx.Organisations().Save(t.Context(), &o)
	})
	if o.Version != 2 {
		t.Errorf("version %d behind a save, want 2", o.Version)
	}
	stale := o
	stale.Version = 1
	want(t, f.Update(t.Context(), f.org, func(tx store.Tx) error {
		return tx.Organisations().Save(t.Context(), &stale)
	}), idem.ErrVersionMismatch)
	view(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Organisations().Get(t.Context())
		if diff := cmp.Diff(o, got); diff != "" {
			t.Errorf("saved organisation differs (-want +got):\n%s", diff)
		}
		return err
	})
}
