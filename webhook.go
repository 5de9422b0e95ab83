package idem

import "time"

// Webhook is where the events of a flow are delivered.
type Webhook struct {
	ID   WebhookID
	Flow FlowID
	URL  string
	// Secret signs what is delivered: "whsec_" and the base64 of the key.
	Secret string
	// PersonEvents has it told as well what becomes of the persons of sessions.
	PersonEvents bool
	Enabled      bool
	Reason       string // why it was disabled by the server, "" otherwise
	CreatedAt    time.Time
}

// MaxWebhooks bounds the webhooks of one flow.
const MaxWebhooks = 5

// WebhookGone is the reason of a webhook that was disabled because its receiver
// answered 410.
const WebhookGone = "GONE"

// The refusals of webhooks.
var (
	ErrWebhookNotFound = Errorf(NotFound, "WEBHOOK_NOT_FOUND", "no such webhook")
	ErrWebhookDisabled = Errorf(Conflict, "WEBHOOK_DISABLED", "the webhook is disabled; enable it first")
	ErrWebhookLimit    = Errorf(Unprocessable, "WEBHOOK_LIMIT", "a flow has at most %d webhooks", MaxWebhooks)
	ErrWebhookURL      = Errorf(Unprocessable, "WEBHOOK_URL_INVALID", "the address is not one that can be delivered to")
	ErrEventNotFound   = Errorf(NotFound, "EVENT_NOT_FOUND", "no such event, or it was forgotten")
)
