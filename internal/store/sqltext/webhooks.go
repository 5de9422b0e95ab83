package sqltext

import (
	"context"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

type webhooks struct{ *Tx }

// sealedWebhook is a webhook as it is stored.
type sealedWebhook struct {
	idem.Webhook
	url, secret []byte
}

const webhookColumns = `id, flow, url_sealed, secret_sealed, enabled, reason, person_events, created_at`

func scanWebhook(r row, w *sealedWebhook) error {
	return r.Scan(&w.ID, &w.Flow, &w.url, &w.secret, &w.Enabled, &w.Reason, &w.PersonEvents, (*moment)(&w.CreatedAt))
}

func (t webhooks) place(id idem.WebhookID, column string) store.Place {
	return store.Place{Org: t.org, Owner: string(id), Column: "webhooks." + column, Row: string(id)}
}

func (t webhooks) seal(ctx context.Context, w idem.Webhook) (s sealedWebhook, err error) {
	if s.url, err = t.sealForOrg(ctx, t.place(w.ID, "url_sealed"), []byte(w.URL)); err != nil {
		return s, err
	}
	s.secret, err = t.sealForOrg(ctx, t.place(w.ID, "secret_sealed"), []byte(w.Secret))
	return s, err
}

func (t webhooks) open(ctx context.Context, s sealedWebhook) (idem.Webhook, error) {
	url, err := t.openSealed(ctx, t.place(s.ID, "url_sealed"), s.url)
	if err != nil {
		return idem.Webhook{}, err
	}
	secret, err := t.openSealed(ctx, t.place(s.ID, "secret_sealed"), s.secret)
	s.URL, s.Secret = string(url), string(secret)
	return s.Webhook, err
}

// Insert implements store.Webhooks. The flow's line counts its webhooks, and
// whoever changes it waits for the others.
func (t webhooks) Insert(ctx context.Context, w idem.Webhook) error {
	sealed, err := t.seal(ctx, w)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `INSERT INTO webhook_flows (org, flow, held) VALUES ($1, $2, 1)
		ON CONFLICT (org, flow) DO UPDATE SET held = webhook_flows.held + 1 WHERE webhook_flows.held < $3`, t.org, w.Flow, idem.MaxWebhooks)
	if err := unlessFound(n, err, idem.ErrWebhookLimit); err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO webhooks (org, `+webhookColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		t.org, w.ID, w.Flow, sealed.url, sealed.secret, w.Enabled, w.Reason, w.PersonEvents, micros(w.CreatedAt))
	return err
}

// Get implements store.Webhooks.
func (t webhooks) Get(ctx context.Context, id idem.WebhookID) (idem.Webhook, error) {
	return t.one(ctx, id, "")
}

// GetForUpdate implements store.Webhooks.
func (t webhooks) GetForUpdate(ctx context.Context, id idem.WebhookID) (idem.Webhook, error) {
	return t.one(ctx, id, lock)
}

func (t webhooks) one(ctx context.Context, id idem.WebhookID, lock string) (idem.Webhook, error) {
	found, err := list(ctx, t.Tx, `SELECT `+webhookColumns+` FROM webhooks WHERE org = $1 AND id = $2`+lock, []any{t.org, id}, scanWebhook)
	if err == nil && len(found) == 0 {
		err = idem.ErrWebhookNotFound
	}
	if err != nil {
		return idem.Webhook{}, err
	}
	return t.open(ctx, found[0])
}

// Save implements store.Webhooks.
func (t webhooks) Save(ctx context.Context, w idem.Webhook) error {
	sealed, err := t.seal(ctx, w)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `UPDATE webhooks SET url_sealed = $3, secret_sealed = $4, enabled = $5, reason = $6, person_events = $7 WHERE org = $1 AND id = $2`,
		t.org, w.ID, sealed.url, sealed.secret, w.Enabled, w.Reason, w.PersonEvents)
	return unlessFound(n, err, idem.ErrWebhookNotFound)
}

// List implements store.Webhooks.
func (t webhooks) List(ctx context.Context, flow idem.FlowID) ([]idem.Webhook, error) {
	found, err := list(ctx, t.Tx, `SELECT `+webhookColumns+` FROM webhooks WHERE org = $1 AND flow = $2 ORDER BY created_at, id`,
		[]any{t.org, flow}, scanWebhook)
	if err != nil {
		return nil, err
	}
	opened := make([]idem.Webhook, 0, len(found))
	for _, s := range found {
		w, err := t.open(ctx, s)
		if err != nil {
			return nil, err
		}
		opened = append(opened, w)
	}
	return opened, nil
}

// Delete implements store.Webhooks.
func (t webhooks) Delete(ctx context.Context, id idem.WebhookID) error {
	var flow string
	found, err := t.first(ctx, `DELETE FROM webhooks WHERE org = $1 AND id = $2 RETURNING flow`, []any{t.org, id}, &flow)
	if err == nil && !found {
		err = idem.ErrWebhookNotFound
	}
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `UPDATE webhook_flows SET held = held - 1 WHERE org = $1 AND flow = $2`, t.org, flow)
	return err
}
