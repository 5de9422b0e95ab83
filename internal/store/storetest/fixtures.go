package storetest

import (
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// NewOrganisation makes an organisation with default settings and returns its
// identifier.
func NewOrganisation(t testing.TB, s store.Store) idem.OrgID {
	t.Helper()
	o := idem.Organisation{ID: idem.OrgID(newID()), Name: "Test", Settings: idem.DefaultSettings(),
		CreatedAt: time.Now().UTC().Truncate(time.Microsecond), Version: 1}
	if err := s.System().CreateOrganisation(t.Context(), o, nil); err != nil {
		t.Fatal(err)
	}
	return o.ID
}

// NewPerson makes a live person with a data key of its own and its SYSTEM_ID
// alias.
func NewPerson(t testing.TB, s store.Store, org idem.OrgID) idem.Person {
	t.Helper()
	p := person()
	update(t, s, org, func(tx store.Tx) error {
		p.CreatedAt, p.UpdatedAt = tx.Now(), tx.Now()
		if err := tx.Persons().Insert(t.Context(), p); err != nil {
			return err
		}
		return tx.Aliases().Insert(t.Context(), p.DataKey, idem.Alias{ID: idem.AliasID(newID()), Person: p.ID, Type: idem.AliasSystemID,
			Value: string(p.ID), Norm: string(p.ID), Source: idem.SourceAPI, CreatedAt: tx.Now()})
	})
	return p
}

func newID() string { return idem.UUIDv7{}.New() }

func person() idem.Person {
	return idem.Person{ID: idem.PersonID(newID()), CreatedSource: idem.SourceAPI, Version: 1, DataKey: idem.DataKeyID("person:" + newID())}
}

func custom(p idem.Person, value string) idem.Alias {
	return idem.Alias{ID: idem.AliasID(newID()), Person: p.ID, Type: idem.AliasCustom, Value: value, Norm: value, Source: idem.SourceAPI}
}

func update(t testing.TB, s store.Store, org idem.OrgID, f func(store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), org, f); err != nil {
		t.Fatal(err)
	}
}

func view(t testing.TB, s store.Store, org idem.OrgID, f func(store.Tx) error) {
	t.Helper()
	if err := s.View(t.Context(), org, f); err != nil {
		t.Fatal(err)
	}
}
