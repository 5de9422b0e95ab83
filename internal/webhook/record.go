package webhook

import (
	"context"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// record adds to the instance's audit, last in the transaction of the change.
func (w *Webhooks) record(ctx context.Context, tx store.Tx, who idem.Actor, what idem.InstanceActionType, details map[string]any) error {
	return store.Record(ctx, tx, w.account, who, what, details)
}

// describe names a webhook without its secret, and without its address, in
// which another may stand.
func describe(hook idem.Webhook) map[string]any {
	return map[string]any{"webhook": hook.ID, "flow": hook.Flow}
}

// recordChange tells what became of a webhook; nothing when nothing did.
func (w *Webhooks) recordChange(ctx context.Context, tx store.Tx, who idem.Actor, before, after idem.Webhook) error {
	if before == after {
		return nil
	}
	details := describe(after)
	if before.URL != after.URL {
		details["url"] = "changed"
	}
	if before.Secret != after.Secret {
		details["secret"] = "changed"
	}
	if before.Enabled != after.Enabled {
		details["enabled"] = map[string]any{"old": before.Enabled, "new": after.Enabled}
	}
	if before.PersonEvents != after.PersonEvents {
		details["person_events"] = map[string]any{"old": before.PersonEvents, "new": after.PersonEvents}
	}
	if after.Reason != "" {
		details["reason"] = after.Reason
	}
	return w.record(ctx, tx, who, idem.ActionWebhookChanged, details)
}
