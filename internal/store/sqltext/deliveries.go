package sqltext

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

type deliveries struct{ *Tx }

func (t deliveries) place(table, id string) store.Place {
	return store.Place{Org: t.org, Owner: id, Column: table + ".sealed", Row: id}
}

// seal seals under the given key, or under the organisation's.
func (t deliveries) seal(ctx context.Context, key idem.DataKeyID, at store.Place, plain []byte) ([]byte, error) {
	if key == "" {
		return t.sealForOrg(ctx, at, plain)
	}
	sealed, err := t.sealer.Seal(ctx, key, at, plain)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", at.Column, err)
	}
	return sealed, nil
}

// InsertEvent implements store.Deliveries.
func (t deliveries) InsertEvent(ctx context.Context, e store.Event) error {
	sealed, err := t.seal(ctx, e.DataKey, t.place("webhook_events", string(e.ID)), e.Body)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO webhook_events (org, id, flow, session, data_key, name, sealed, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		t.org, e.ID, e.Flow, e.Session, e.DataKey, e.Name, sealed, micros(e.CreatedAt))
	return err
}

// Event implements store.Deliveries.
func (t deliveries) Event(ctx context.Context, id idem.EventID) (store.Event, error) {
	e := store.Event{ID: id}
	var sealed []byte
	found, err := t.first(ctx, `SELECT flow, session, data_key, name, sealed, created_at FROM webhook_events WHERE org = $1 AND id = $2`, []any{t.org, id},
		&e.Flow, &e.Session, &e.DataKey, &e.Name, &sealed, (*moment)(&e.CreatedAt))
	if err == nil && !found {
		err = idem.ErrEventNotFound
	}
	if err != nil {
		return store.Event{}, err
	}
	e.Body, err = t.openSealed(ctx, t.place("webhook_events", string(id)), sealed)
	return e, err
}

const deliveryColumns = `id, webhook, event, name, attempt, at, status, took, fault, sealed`

// scanDelivery leaves the reply sealed.
func scanDelivery(r row, d *store.Delivery) error {
	var took int64
	err := r.Scan(&d.ID, &d.Webhook, &d.Event, &d.Name, &d.Attempt, (*moment)(&d.At), &d.Status, &took, &d.Fault, &d.Reply)
	d.Took = time.Duration(took) * time.Microsecond
	return err
}

// Append implements store.Deliveries.
func (t deliveries) Append(ctx context.Context, key idem.DataKeyID, d store.Delivery) error {
	var sealed []byte
	if len(d.Reply) > 0 {
		var err error
		if sealed, err = t.seal(ctx, key, t.place("webhook_deliveries", d.ID), d.Reply); err != nil && !errors.Is(err, idem.ErrErased) {
			return err
		}
	}
	_, err := t.exec(ctx, `INSERT INTO webhook_deliveries (org, `+deliveryColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		t.org, d.ID, d.Webhook, d.Event, d.Name, d.Attempt, micros(d.At), d.Status, d.Took.Microseconds(), d.Fault, sealed)
	return err
}

// List implements store.Deliveries.
func (t deliveries) List(ctx context.Context, webhook idem.WebhookID, page store.Page) ([]store.Delivery, string, error) {
	if err := checkPage(page); err != nil {
		return nil, "", err
	}
	w := &where{}
	w.add("org = ? AND webhook = ?", t.org, webhook)
	if page.After != "" {
		at, id, err := parseCursor(page.After)
		if err != nil {
			return nil, "", err
		}
		w.add("(at, id) < (?, ?)", at, id)
	}
	found, err := list(ctx, t.Tx, `SELECT `+deliveryColumns+` FROM webhook_deliveries WHERE `+w.text()+` ORDER BY at DESC, id DESC LIMIT `+w.arg(page.Limit+1),
		w.args, scanDelivery)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(found) > page.Limit {
		found = found[:page.Limit]
		next = cursor(micros(found[page.Limit-1].At), found[page.Limit-1].ID)
	}
	return found, next, t.openReplies(ctx, found)
}

func (t deliveries) openReplies(ctx context.Context, list []store.Delivery) error {
	for i, d := range list {
		if d.Reply == nil {
			continue
		}
		reply, err := t.openSealed(ctx, t.place("webhook_deliveries", d.ID), d.Reply)
		if err != nil && !errors.Is(err, idem.ErrErased) {
			return err
		}
		list[i].Reply = reply
	}
	return nil
}

// ExpireDeliveries implements store.System.
func (s System) ExpireDeliveries(ctx context.Context, before time.Time) error {
	return s.runner.Update(ctx, "", func(tx store.Tx) error {
		if _, err := tx.(*Tx).exec(ctx, `DELETE FROM webhook_deliveries WHERE at < $1`, micros(before)); err != nil {
			return err
		}
		_, err := tx.(*Tx).exec(ctx, `DELETE FROM webhook_events WHERE created_at < $1`, micros(before))
		return err
	})
}
