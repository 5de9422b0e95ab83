package webhook

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Deps is what the use case works with.
type Deps struct {
	// Store should wake the job runner (see job.Runner.Watch).
	Store store.Store
	Guard *Guard
	IDs   idem.IDs
	// Roots are the authorities that receivers' certificates are checked
	// against; nil is the system's.
	Roots *x509.CertPool
	// Now is the clock; nil is the system's.
	Now func() time.Time
	// Account is the operating system's account of this process, recorded where
	// neither a credential nor an operator acts.
	Account string
}

// Webhooks is the use case. It is safe for concurrent use.
type Webhooks struct {
	store   store.Store
	guard   *Guard
	ids     idem.IDs
	client  *http.Client
	now     func() time.Time
	account string
}

// New returns the use case.
func New(d Deps) *Webhooks {
	if d.Now == nil {
		d.Now = time.Now
	}
	return &Webhooks{store: d.Store, guard: d.Guard, ids: d.IDs, client: newClient(d.Guard, d.Roots), now: d.Now, account: d.Account}
}

// NewWebhook is what Create adds.
type NewWebhook struct {
	URL          string
	PersonEvents bool
}

// Create adds a webhook to a flow and draws its secret. It needs
// settings.write. idem.ErrWebhookURL, idem.ErrWebhookLimit and
// idem.ErrFlowNotFound refuse. also shares the transaction.
func (w *Webhooks) Create(ctx context.Context, p idem.Principal, flow idem.FlowID, n NewWebhook, also ...store.Also[idem.Webhook]) (idem.Webhook, error) {
	if err := p.Require(idem.SettingsWrite); err != nil {
		return idem.Webhook{}, err
	}
	if _, err := w.guard.URL(n.URL); err != nil {
		return idem.Webhook{}, err
	}
	made := idem.Webhook{ID: idem.WebhookID(w.ids.New()), Flow: flow, URL: n.URL, Secret: newSecret(), Enabled: true, PersonEvents: n.PersonEvents}
	err := w.store.Update(ctx, p.Org, func(tx store.Tx) error {
		if err := openFlow(ctx, tx, flow); err != nil {
			return err
		}
		made.CreatedAt = tx.Now()
		if err := tx.Webhooks().Insert(ctx, made); err != nil {
			return err
		}
		if err := store.RunAlso(ctx, tx, made, also); err != nil {
			return err
		}
		details := describe(made)
		details["person_events"] = made.PersonEvents
		return w.record(ctx, tx, p.Actor, idem.ActionWebhookCreated, details)
	})
	if err != nil {
		return idem.Webhook{}, fmt.Errorf("create webhook: %w", err)
	}
	return made, nil
}

// openFlow refuses, with idem.ErrFlowNotFound, a flow that has no sessions to
// come.
func openFlow(ctx context.Context, tx store.Tx, id idem.FlowID) error {
	f, err := tx.Flows().Get(ctx, id)
	if err == nil && !f.DeletedAt.IsZero() {
		err = idem.ErrFlowNotFound
	}
	return err
}

// Belongs refuses, with idem.ErrWebhookNotFound, a webhook that is not one of
// the flow's. Which flow that is never changes.
func (w *Webhooks) Belongs(ctx context.Context, p idem.Principal, flow idem.FlowID, id idem.WebhookID) error {
	return w.store.View(ctx, p.Org, func(tx store.Tx) error {
		hook, err := tx.Webhooks().Get(ctx, id)
		if err == nil && hook.Flow != flow {
			err = idem.ErrWebhookNotFound
		}
		return err
	})
}

// List returns the webhooks of a flow without their secrets, also of a deleted
// one. It needs settings.read.
func (w *Webhooks) List(ctx context.Context, p idem.Principal, flow idem.FlowID) (list []idem.Webhook, err error) {
	if err := p.Require(idem.SettingsRead); err != nil {
		return nil, err
	}
	err = w.store.View(ctx, p.Org, func(tx store.Tx) error {
		if _, err := tx.Flows().Get(ctx, flow); err != nil {
			return err
		}
		list, err = tx.Webhooks().List(ctx, flow)
		return err
	})
	for i := range list {
		list[i].Secret = ""
	}
	return list, err
}

// Secret shows the signing secret again. It needs keys.manage, and is recorded.
func (w *Webhooks) Secret(ctx context.Context, p idem.Principal, id idem.WebhookID) (secret string, err error) {
	if err := p.Require(idem.KeysManage); err != nil {
		return "", err
	}
	err = w.store.Update(ctx, p.Org, func(tx store.Tx) error {
		hook, err := tx.Webhooks().Get(ctx, id)
		if err != nil {
			return err
		}
		secret = hook.Secret
		details := describe(hook)
		details["kind"] = "webhook"
		return w.record(ctx, tx, p.Actor, idem.ActionKeyRevealed, details)
	})
	return secret, err
}

// Change is what Save does to a webhook; nil and false change nothing.
type Change struct {
	URL          *string
	Enabled      *bool
	PersonEvents *bool
	NewSecret    bool
}

// Save changes a webhook. It needs settings.write. Events of the time while it
// was disabled are not sent later.
func (w *Webhooks) Save(ctx context.Context, p idem.Principal, id idem.WebhookID, c Change) (idem.Webhook, error) {
	if err := p.Require(idem.SettingsWrite); err != nil {
		return idem.Webhook{}, err
	}
	if c.URL != nil {
		if _, err := w.guard.URL(*c.URL); err != nil {
			return idem.Webhook{}, err
		}
	}
	var hook idem.Webhook
	err := w.store.Update(ctx, p.Org, func(tx store.Tx) (err error) {
		if hook, err = tx.Webhooks().GetForUpdate(ctx, id); err != nil {
			return err
		}
		before := hook
		c.apply(&hook)
		if err := tx.Webhooks().Save(ctx, hook); err != nil {
			return err
		}
		return w.recordChange(ctx, tx, p.Actor, before, hook)
	})
	if err != nil {
		return idem.Webhook{}, fmt.Errorf("save webhook: %w", err)
	}
	if !c.NewSecret {
		hook.Secret = ""
	}
	return hook, nil
}

func (c Change) apply(hook *idem.Webhook) {
	if c.URL != nil {
		hook.URL = *c.URL
	}
	if c.Enabled != nil {
		hook.Enabled, hook.Reason = *c.Enabled, ""
	}
	if c.PersonEvents != nil {
		hook.PersonEvents = *c.PersonEvents
	}
	if c.NewSecret {
		hook.Secret = newSecret()
	}
}

// Delete removes a webhook. It needs settings.write. What is queued for it is
// not sent any more.
func (w *Webhooks) Delete(ctx context.Context, p idem.Principal, id idem.WebhookID) error {
	if err := p.Require(idem.SettingsWrite); err != nil {
		return err
	}
	return w.store.Update(ctx, p.Org, func(tx store.Tx) error {
		hook, err := tx.Webhooks().GetForUpdate(ctx, id)
		if err != nil {
			return err
		}
		if err := tx.Webhooks().Delete(ctx, id); err != nil {
			return err
		}
		return w.record(ctx, tx, p.Actor, idem.ActionWebhookDeleted, describe(hook))
	})
}

// Deliveries returns the attempts of a webhook, newest first, and the cursor of
// the next page. It needs settings.read.
func (w *Webhooks) Deliveries(ctx context.Context, p idem.Principal, id idem.WebhookID, page store.Page) (list []store.Delivery, next string, err error) {
	if err := p.Require(idem.SettingsRead); err != nil {
		return nil, "", err
	}
	err = w.store.View(ctx, p.Org, func(tx store.Tx) error {
		if _, err := tx.Webhooks().Get(ctx, id); err != nil {
			return err
		}
		list, next, err = tx.Deliveries().List(ctx, id, page)
		return err
	})
	return list, next, err
}
