package store

import (
	"context"
	"time"

	"github.com/idem-id/idem"
)

// Webhooks keeps where events are delivered. Addresses and secrets are sealed
// under the organisation's key. What names a webhook that the organisation does
// not have is idem.ErrWebhookNotFound.
type Webhooks interface {
	// Insert adds a webhook; idem.ErrWebhookLimit when its flow has
	// idem.MaxWebhooks, whoever adds one at the same time.
	Insert(ctx context.Context, w idem.Webhook) error
	Get(ctx context.Context, id idem.WebhookID) (idem.Webhook, error)
	// GetForUpdate is Get with the row locked until the transaction ends.
	GetForUpdate(ctx context.Context, id idem.WebhookID) (idem.Webhook, error)
	// Save writes address, secret, state, reason and events of a webhook read by
	// GetForUpdate.
	Save(ctx context.Context, w idem.Webhook) error
	// List returns the webhooks of a flow, oldest first.
	List(ctx context.Context, flow idem.FlowID) ([]idem.Webhook, error)
	// Delete removes a webhook; its deliveries stay until they are forgotten.
	Delete(ctx context.Context, id idem.WebhookID) error
}

// Event is what is delivered to the webhooks of a flow.
type Event struct {
	ID      idem.EventID
	Flow    idem.FlowID
	Session idem.SessionID // "" for a test
	Name    string
	// Body is the JSON as it is sent each time, sealed under DataKey.
	Body      []byte
	DataKey   idem.DataKeyID // "" is the organisation's
	CreatedAt time.Time
}

// Delivery is one attempt to deliver an event to a webhook.
type Delivery struct {
	ID      string
	Webhook idem.WebhookID
	Event   idem.EventID
	Name    string // of the event
	Attempt int    // 0 for a test
	At      time.Time
	Status  int           // of the answer, 0 without one
	Took    time.Duration // in microseconds
	Fault   string        // code, "" when the receiver took the event
	// Reply is the beginning of the answer, sealed as the event is; nil when it
	// was empty or cannot be opened any more.
	Reply []byte
}

// Deliveries keeps events and what became of them.
type Deliveries interface {
	InsertEvent(ctx context.Context, e Event) error
	// Event returns idem.ErrEventNotFound for what the organisation does not
	// have, and idem.ErrErased when its key was destroyed.
	Event(ctx context.Context, id idem.EventID) (Event, error)
	// Append adds an attempt. The reply is sealed under the given key, "" for the
	// organisation's, and dropped when that was destroyed.
	Append(ctx context.Context, key idem.DataKeyID, d Delivery) error
	// List returns the attempts of a webhook, newest first.
	List(ctx context.Context, webhook idem.WebhookID, page Page) ([]Delivery, string, error)
}
