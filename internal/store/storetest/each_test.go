package storetest_test

import (
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
)

func TestEachGivesAWorkingStore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		org := storetest.NewOrganisation(t, s)
		p := storetest.NewPerson(t, s, org)
		err := s.View(t.Context(), org, func(tx store.Tx) error {
			got, err := tx.Aliases().List(t.Context(), p.ID)
			if err == nil && (len(got) != 1 || got[0].Type != idem.AliasSystemID || got[0].Value != string(p.ID)) {
				t.Errorf("aliases of a new person: %+v", got)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestTwiceSharesOneDatabase(t *testing.T) {
	storetest.Twice(t, func(t *testing.T, a, b store.Store) {
		org := storetest.NewOrganisation(t, a)
		p := storetest.NewPerson(t, b, org)
		err := a.View(t.Context(), org, func(tx store.Tx) error {
			_, err := tx.Persons().Get(t.Context(), p.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
