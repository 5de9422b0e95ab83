package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

func subscription(left int64) idem.Subscription {
	return idem.Subscription{ID: idem.SubscriptionID(newID()), Technology: idem.TechPersons, Status: idem.SubscriptionActive,
		Total: left, Left: left, PurchasedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func testSubscriptions(t *testing.T, f fixture) {
	a, b, c := subscription(5), subscription(idem.Unlimited), subscription(1)
	a.PurchasedAt, a.StartsAt, a.EndsAt = b.PurchasedAt.Add(time.Hour), b.PurchasedAt, b.PurchasedAt.AddDate(1, 0, 0)
	c.Technology = idem.TechFace2Face
	update(t, f, f.org, func(tx store.Tx) error {
		for _, s := range []idem.Subscription{a, b, c} {
			if err := tx.Subscriptions().Insert(t.Context(), s); err != nil {
				return err
			}
		}
		return nil
	})
	a.Status, a.Left = idem.SubscriptionExpired, 0
	update(t, f, f.org, func(tx store.Tx) error {
		want(t, tx.Subscriptions().Save(t.Context(), subscription(1)), store.ErrSubscriptionNotFound)
		if err := tx.Subscriptions().Save(t.Context(), a); err != nil {
			return err
		}
		got, err := tx.Subscriptions().ListForUpdate(t.Context(), idem.TechPersons)
		if diff := cmp.Diff([]idem.Subscription{b, a}, got); diff != "" {
			t.Errorf("subscriptions differ (-want +got):\n%s", diff)
		}
		return err
	})
	view(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Subscriptions().List(t.Context())
		if diff := cmp.Diff([]idem.Subscription{b, c, a}, got); diff != "" {
			t.Errorf("all subscriptions differ (-want +got):\n%s", diff)
		}
		return err
	})
}

func testSubscriptionRace(t *testing.T, f fixture) {
	stores := []store.Store{f.Store, f.another(t)}
	update(t, f, f.org, func(tx store.Tx) error { return tx.Subscriptions().Insert(t.Context(), subscription(1)) })
	won := tally(t, parallel(10, func(i int) error {
		return stores[i%2].Update(t.Context(), f.org, func(tx store.Tx) error {
			all, err := tx.Subscriptions().ListForUpdate(t.Context(), idem.TechPersons)
			if err != nil {
				return err
			}
			spent, err := idem.Spend(all, tx.Now())
			if err != nil {
				return err
			}
			return tx.Subscriptions().Save(t.Context(), *spent)
		})
	}), idem.ErrSubscriptionLimit)
	if won != 1 {
		t.Errorf("%d of 10 spent the last transaction, want 1", won)
	}
}
