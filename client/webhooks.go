package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Webhook is where the events of a flow are delivered.
type Webhook struct {
	ID           string    `json:"id"`
	FlowID       string    `json:"flow_id"`
	URL          string    `json:"url"`
	Enabled      bool      `json:"enabled"`
	Reason       string    `json:"disabled_reason"` // GONE when the receiver answered 410
	PersonEvents bool      `json:"person_events"`   // told of persons, too
	CreatedAt    time.Time `json:"created_at"`
}

// CreatedWebhook is a new webhook with its secret, for ReadEvent.
type CreatedWebhook struct {
	Webhook
	Secret string `json:"secret"`
}

// WebhookChange changes what is not nil.
type WebhookChange struct {
	URL          *string `json:"url,omitempty"`
	Enabled      *bool   `json:"enabled,omitempty"`
	PersonEvents *bool   `json:"person_events,omitempty"`
}

// Delivery is one attempt to deliver an event.
type Delivery struct {
	ID      string    `json:"id"`
	EventID string    `json:"event_id"`
	Event   string    `json:"event"`   // its name, such as flow.end
	Attempt int       `json:"attempt"` // counted from 1; 0 for a test
	At      time.Time `json:"at"`
	Status  *int      `json:"status"` // of the receiver's answer; nil without one
	TookMS  float64   `json:"took_ms"`
	Fault   string    `json:"fault"` // empty when the receiver took the event
	Reply   string    `json:"reply"` // the beginning of the answer
}

func webhookPath(flow, webhook string, more ...string) string {
	return flowPath(flow, append([]string{"webhooks", webhook}, more...)...)
}

// Webhooks lists the webhooks of a flow, oldest first.
func (c *Client) Webhooks(ctx context.Context, flow string) ([]Webhook, error) {
	return list[Webhook](ctx, c, flowPath(flow, "webhooks"))
}

// CreateWebhook adds a webhook to a flow, five at most. Its secret is shown in
// this answer alone.
func (c *Client) CreateWebhook(ctx context.Context, flow, address string) (CreatedWebhook, error) {
	k, err := call{method: http.MethodPost, path: flowPath(flow, "webhooks"), creates: true}.withJSON(map[string]any{"url": address})
	return answerOf[CreatedWebhook](ctx, c, k, err)
}

// ChangeWebhook changes a webhook. Events of the time while it was disabled are
// not sent later.
func (c *Client) ChangeWebhook(ctx context.Context, flow, webhook string, change WebhookChange) (Webhook, error) {
	k, err := call{method: http.MethodPatch, path: webhookPath(flow, webhook)}.withJSON(change)
	return answerOf[Webhook](ctx, c, k, err)
}

// RotateWebhook draws a new secret, which signs from then on, and returns it.
func (c *Client) RotateWebhook(ctx context.Context, flow, webhook string) (secret string, err error) {
	out, err := answerOf[struct {
		Secret string `json:"secret"`
	}](ctx, c, call{method: http.MethodPost, path: webhookPath(flow, webhook, "secret")}, nil)
	return out.Secret, err
}

// DeleteWebhook removes a webhook; what waits for it is not sent.
func (c *Client) DeleteWebhook(ctx context.Context, flow, webhook string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: webhookPath(flow, webhook)}, nil)
}

// TestWebhook sends one event without content at once. The refusal of the
// receiver is no error: Fault tells it.
func (c *Client) TestWebhook(ctx context.Context, flow, webhook string) (Delivery, error) {
	return answerOf[Delivery](ctx, c, call{method: http.MethodPost, path: webhookPath(flow, webhook, "test")}, nil)
}

// Deliveries walks over the attempts of a webhook, newest first, in pages of
// 1..100; 0 for the server's default.
func (c *Client) Deliveries(ctx context.Context, flow, webhook string, pageSize int) iter.Seq2[Delivery, error] {
	v := url.Values{}
	setSize(v, pageSize)
	return walk[Delivery](ctx, c, webhookPath(flow, webhook, "deliveries"), v)
}

// ReplayEvent sends an event once more under its own identifier; 409
// WEBHOOK_DISABLED while the webhook is disabled.
func (c *Client) ReplayEvent(ctx context.Context, flow, webhook, event string) error {
	return c.do(ctx, call{method: http.MethodPost, path: webhookPath(flow, webhook, "events", event, "replay")}, nil)
}
