package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/job"
	"github.com/idem-id/idem/internal/store"
)

// Delivery is the work of one job: an event to a webhook.
type Delivery struct {
	Event   idem.EventID   `json:"event"`
	Webhook idem.WebhookID `json:"webhook"`
}

// Deliveries is the kind of those jobs. Ten attempts take a little less than
// three days. Receivers that take their time hold the places of their own
// organisation alone.
var Deliveries = job.Kind[Delivery]{
	Name: "webhook", Attempts: 10, Workers: 32, PerOrg: 8, Limit: 2 * sendWithin,
	Backoff: job.Schedule(10*time.Second, time.Minute, 5*time.Minute, 30*time.Minute, 2*time.Hour, 6*time.Hour, 12*time.Hour, 24*time.Hour),
}

// Worker delivers queued events.
func (w *Webhooks) Worker() job.Worker { return job.Work(Deliveries, w.deliver) }

// deliver makes one attempt. There is nothing to do for a webhook that was
// deleted or disabled meanwhile, and for an event that was forgotten or erased.
func (w *Webhooks) deliver(ctx context.Context, task job.Task, what Delivery) error {
	hook, e, err := w.load(ctx, task.Org, what)
	switch {
	case errors.Is(err, idem.ErrWebhookNotFound), errors.Is(err, idem.ErrEventNotFound), errors.Is(err, idem.ErrErased):
		return nil
	case err != nil:
		return fmt.Errorf("load delivery: %w", err)
	case !hook.Enabled:
		return nil
	}
	d, refused := w.send(ctx, hook, e)
	if ctx.Err() != nil && refused != nil { // we left, not the receiver
		return refused
	}
	d.Attempt = task.Attempt
	settled := refused == nil || d.Status == http.StatusGone
	err = w.store.Update(ctx, task.Org, func(tx store.Tx) error {
		if err := tx.Deliveries().Append(ctx, e.DataKey, d); err != nil || !settled {
			return err
		}
		if err := task.Finish(ctx, tx); err != nil || d.Status != http.StatusGone {
			return err
		}
		return w.disable(ctx, tx, hook.ID)
	})
	if err != nil {
		return fmt.Errorf("record delivery: %w", err)
	}
	if settled {
		return nil
	}
	return refused
}

func (w *Webhooks) load(ctx context.Context, org idem.OrgID, what Delivery) (hook idem.Webhook, e store.Event, err error) {
	err = w.store.View(ctx, org, func(tx store.Tx) error {
		if hook, err = tx.Webhooks().Get(ctx, what.Webhook); err != nil {
			return err
		}
		e, err = tx.Deliveries().Event(ctx, what.Event)
		return err
	})
	return hook, e, err
}

// disable ends the deliveries to a receiver that says it is gone.
func (w *Webhooks) disable(ctx context.Context, tx store.Tx, id idem.WebhookID) error {
	hook, err := tx.Webhooks().GetForUpdate(ctx, id)
	if errors.Is(err, idem.ErrWebhookNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	before := hook
	hook.Enabled, hook.Reason = false, idem.WebhookGone
	if err := tx.Webhooks().Save(ctx, hook); err != nil {
		return err
	}
	return w.recordChange(ctx, tx, idem.Actor{}, before, hook)
}

// Replay queues an event once more for a webhook, under its own identifier. It
// needs settings.write. idem.ErrWebhookDisabled refuses what would be dropped.
func (w *Webhooks) Replay(ctx context.Context, p idem.Principal, id idem.WebhookID, event idem.EventID) error {
	if err := p.Require(idem.SettingsWrite); err != nil {
		return err
	}
	what := Delivery{Event: event, Webhook: id}
	err := w.store.Update(ctx, p.Org, func(tx store.Tx) error {
		if err := replayable(ctx, tx, what); err != nil {
			return err
		}
		_, err := job.Enqueue(ctx, tx, Deliveries, job.Order[Delivery]{Key: fmt.Sprintf("%s/%s/%s", event, id, w.ids.New()), Args: what})
		return err
	})
	if err != nil {
		return fmt.Errorf("replay event: %w", err)
	}
	return nil
}

func replayable(ctx context.Context, tx store.Tx, what Delivery) error {
	hook, err := tx.Webhooks().GetForUpdate(ctx, what.Webhook)
	if err != nil {
		return err
	}
	e, err := tx.Deliveries().Event(ctx, what.Event)
	switch {
	case err != nil:
		return err
	case hook.Flow != e.Flow:
		return idem.ErrEventNotFound
	case !hook.Enabled:
		return idem.ErrWebhookDisabled
	}
	return nil
}

// testEvent is the name of the event that Test sends.
const testEvent = "webhook.test"

// Test sends a signed event without content at once, also to a disabled
// webhook, and returns what came of it: the refusal of a receiver is no error.
// It needs settings.write.
func (w *Webhooks) Test(ctx context.Context, p idem.Principal, id idem.WebhookID) (store.Delivery, error) {
	if err := p.Require(idem.SettingsWrite); err != nil {
		return store.Delivery{}, err
	}
	var hook idem.Webhook
	var flow idem.Flow
	err := w.store.View(ctx, p.Org, func(tx store.Tx) (err error) {
		if hook, err = tx.Webhooks().Get(ctx, id); err != nil {
			return err
		}
		flow, err = tx.Flows().Get(ctx, hook.Flow)
		return err
	})
	if err != nil {
		return store.Delivery{}, fmt.Errorf("load webhook: %w", err)
	}
	e := store.Event{ID: idem.EventID(w.ids.New()), Name: testEvent}
	if e.Body, err = encode(payload{ID: e.ID, Event: testEvent, Created: w.now().Unix(), Success: true, FlowName: flow.Name}); err != nil {
		return store.Delivery{}, err
	}
	d, refused := w.send(ctx, hook, e)
	if refused != nil && ctx.Err() != nil {
		return store.Delivery{}, ctx.Err()
	}
	return d, w.store.Update(ctx, p.Org, func(tx store.Tx) error { return tx.Deliveries().Append(ctx, "", d) })
}
