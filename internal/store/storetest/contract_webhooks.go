package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// webhookContract is the part about what is sent to others.
func webhookContract() map[string]func(*testing.T, fixture) {
	return map[string]func(*testing.T, fixture){
		"Webhooks":    testWebhooks,
		"WebhookRace": testWebhookRace,
		"Deliveries":  testDeliveries,
	}
}

func webhook(flow idem.FlowID) idem.Webhook {
	return idem.Webhook{ID: idem.WebhookID(newID()), Flow: flow, URL: "https://example.org/?token=t0ken", Secret: "whsec_c2VjcmV0",
		Enabled: true, CreatedAt: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
}

func testWebhooks(t *testing.T, f fixture) {
	w := webhook("flow")
	update(t, f, f.org, func(tx store.Tx) error { return tx.Webhooks().Insert(t.Context(), w) })
	update(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Webhooks().GetForUpdate(t.Context(), w.ID)
		if diff := cmp.Diff(w, got); diff != "" {
			t.Errorf("a webhook differs (-want +got):\n%s", diff)
		}
		w.URL, w.Secret, w.Enabled, w.Reason, w.PersonEvents = "https://example.net/", "whsec_b3RoZXI=", false, idem.WebhookGone, true
		return errors.Join(err, tx.Webhooks().Save(t.Context(), w))
	})
	view(t, f, f.org, func(tx store.Tx) error {
		list, err := tx.Webhooks().List(t.Context(), "flow")
		if diff := cmp.Diff([]idem.Webhook{w}, list); diff != "" {
			t.Errorf("a saved webhook differs (-want +got):\n%s", diff)
		}
		return err
	})
	elsewhere := NewOrganisation(t, f)
	for name, do := range map[string]func(store.Webhooks) error{
		"get":    func(x store.Webhooks) error { _, err := x.Get(t.Context(), w.ID); return err },
		"lock":   func(x store.Webhooks) error { _, err := x.GetForUpdate(t.Context(), w.ID); return err },
		"save":   func(x store.Webhooks) error { return x.Save(t.Context(), w) },
		"delete": func(x store.Webhooks) error { return x.Delete(t.Context(), w.ID) },
	} {
		if err := f.Update(t.Context(), elsewhere, func(tx store.Tx) error { return do(tx.Webhooks()) }); !errors.Is(err, idem.ErrWebhookNotFound) {
			t.Errorf("%s from another organisation: %v", name, err)
		}
	}
	update(t, f, f.org, func(tx store.Tx) error { return tx.Webhooks().Delete(t.Context(), w.ID) })
	want(t, f.Update(t.Context(), f.org, func(tx store.Tx) error { return tx.Webhooks().Delete(t.Context(), w.ID) }), idem.ErrWebhookNotFound)
}

// testWebhookRace adds more webhooks to one flow than it may have, from two
// processes at once, and one more to another flow.
func testWebhookRace(t *testing.T, f fixture) {
	stores := []store.Store{f.Store, f.another(t)}
	insert := func(s store.Store, w idem.Webhook) error {
		return s.Update(t.Context(), f.org, func(tx store.Tx) error { return tx.Webhooks().Insert(t.Context(), w) })
	}
	added := tally(t, parallel(12, func(i int) error { return insert(stores[i%2], webhook("flow")) }), idem.ErrWebhookLimit)
	if added != idem.MaxWebhooks {
		t.Errorf("%d of 12 were added, want %d", added, idem.MaxWebhooks)
	}
	want(t, insert(f, webhook("another flow")), nil)
	update(t, f, f.org, func(tx store.Tx) error {
		list, err := tx.Webhooks().List(t.Context(), "flow")
		return errors.Join(err, tx.Webhooks().Delete(t.Context(), list[0].ID))
	})
	want(t, insert(f, webhook("flow")), nil)
	want(t, insert(f, webhook("flow")), idem.ErrWebhookLimit)
}

func testDeliveries(t *testing.T, f fixture) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	e := store.Event{ID: idem.EventID(newID()), Flow: "flow", Session: "s", Name: "flow.end", Body: []byte(`{"a":1}`), DataKey: "session:1", CreatedAt: at}
	first := store.Delivery{ID: newID(), Webhook: "w", Event: e.ID, Name: e.Name, Attempt: 1, At: at, Status: 500, Took: 1500 * time.Microsecond,
		Fault: "WEBHOOK_REFUSED", Reply: []byte("sorry")}
	second := store.Delivery{ID: newID(), Webhook: "w", Event: e.ID, Name: e.Name, Attempt: 2, At: at.Add(time.Second), Status: 204}
	update(t, f, f.org, func(tx store.Tx) error {
		return errors.Join(tx.Deliveries().InsertEvent(t.Context(), e), tx.Deliveries().Append(t.Context(), e.DataKey, first),
			tx.Deliveries().Append(t.Context(), e.DataKey, second))
	})
	checkEvent(t, f, e, nil)
	checkDeliveries(t, f, []store.Delivery{second, first})
	want(t, f.View(t.Context(), NewOrganisation(t, f), func(tx store.Tx) error {
		_, err := tx.Deliveries().Event(t.Context(), e.ID)
		return err
	}), idem.ErrEventNotFound)
	f.keys.Destroy(e.DataKey)
	checkEvent(t, f, e, idem.ErrErased)
	first.Reply = nil
	checkDeliveries(t, f, []store.Delivery{second, first})
	want(t, f.System().ExpireDeliveries(t.Context(), at.Add(time.Second)), nil)
	checkEvent(t, f, e, idem.ErrEventNotFound)
	checkDeliveries(t, f, []store.Delivery{second})
}

func checkEvent(t *testing.T, f fixture, e store.Event, refusal error) {
	t.Helper()
	view(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Deliveries().Event(t.Context(), e.ID)
		want(t, err, refusal)
		if diff := cmp.Diff(e, got); refusal == nil && diff != "" {
			t.Errorf("an event differs (-want +got):\n%s", diff)
		}
		return nil
	})
}

// checkDeliveries reads them one to a page.
func checkDeliveries(t *testing.T, f fixture, expected []store.Delivery) {
	t.Helper()
	var all []store.Delivery
	page := store.Page{Limit: 1}
	view(t, f, f.org, func(tx store.Tx) error {
		for {
			list, next, err := tx.Deliveries().List(t.Context(), "w", page)
			if all = append(all, list...); err != nil || next == "" {
				return err
			}
			page.After = next
		}
	})
	if diff := cmp.Diff(expected, all); diff != "" {
		t.Errorf("deliveries differ (-want +got):\n%s", diff)
	}
}
