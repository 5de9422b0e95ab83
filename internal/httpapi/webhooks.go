package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/webhook"
)

const (
	createWebhookText = `The answer alone shows the secret that signs deliveries (Standard Webhooks). A flow has at most five webhooks. They go to
public addresses over TLS, unless the server's administrator allowed more. It is told flow.start, technology.start, technology.end
and flow.end of each session; with person_events behind those also what became of the person: person.created or person.updated
({"person_id"}), or person.conflict ({"reason", "hits": [{"type", "person_id"}]}), which an operator decides.`
	changeWebhookText = `Events of the time while a webhook was disabled are not sent later.`
	rotateWebhookText = `What is sent from now on is signed with the new secret, also what waits already.`
	testWebhookText   = `One signed event without content is sent at once, also to a disabled webhook. The refusal of a receiver is no error of this call.`
	replayText        = `The event is sent once more under its own identifier. Events are kept for 30 days. It is refused while the webhook is disabled.`
)

// Webhook is where the events of a flow are delivered.
type Webhook struct {
	ID           string    `json:"id" format:"uuid"`
	FlowID       string    `json:"flow_id" format:"uuid"`
	URL          string    `json:"url"`
	Enabled      bool      `json:"enabled"`
	Reason       string    `json:"disabled_reason" doc:"GONE when the receiver answered 410; empty otherwise."`
	PersonEvents bool      `json:"person_events" doc:"Whether it is also told person.created, person.updated and person.conflict."`
	CreatedAt    time.Time `json:"created_at"`
}

// CreatedWebhook is a new webhook with its secret.
type CreatedWebhook struct {
	Webhook
	Secret string `json:"secret" doc:"whsec_ and the base64 of the key; shown here alone."`
}

func webhookOf(h idem.Webhook) Webhook {
	return Webhook{ID: string(h.ID), FlowID: string(h.Flow), URL: h.URL, Enabled: h.Enabled, Reason: h.Reason, PersonEvents: h.PersonEvents, CreatedAt: h.CreatedAt}
}

type webhookListOut struct {
	Body struct {
		Data []Webhook `json:"data" nullable:"false"`
	} `nameHint:"WebhookList"`
}

func (s *server) listWebhooks(ctx context.Context, p idem.Principal, in *FlowPath) (*webhookListOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	list, err := s.webhooks.List(ctx, p, id)
	out := &webhookListOut{}
	out.Body.Data = make([]Webhook, len(list))
	for i, h := range list {
		out.Body.Data[i] = webhookOf(h)
	}
	return out, err
}

type newWebhookBody struct {
	URL          string `json:"url" minLength:"1" maxLength:"2048"`
	PersonEvents bool   `json:"person_events,omitempty" doc:"Also tell what becomes of the persons of sessions."`
}

type createWebhookIn struct {
	FlowPath
	Body newWebhookBody
}

func (in *createWebhookIn) content(context.Context) (any, error) { return in.Body, nil }

func (s *server) createWebhook(ctx context.Context, p idem.Principal, in *createWebhookIn, c claim[CreatedWebhook]) (answer[CreatedWebhook], error) {
	id, err := in.id()
	if err != nil {
		return answer[CreatedWebhook]{}, err
	}
	made, err := s.webhooks.Create(ctx, p, id, webhook.NewWebhook(in.Body), func(ctx context.Context, tx store.Tx, done idem.Webhook) error {
		return c.remember(ctx, tx, createdWebhook(done))
	})
	return createdWebhook(made), err
}

func createdWebhook(h idem.Webhook) answer[CreatedWebhook] {
	return answer[CreatedWebhook]{http.StatusCreated, CreatedWebhook{webhookOf(h), h.Secret}}
}

// WebhookPath is the input of routes of one webhook.
type WebhookPath struct {
	FlowPath
	WebhookID string `path:"webhook_id" doc:"The webhook."`
}

// webhookAt returns the webhook of a path; that of another flow is none.
func (s *server) webhookAt(ctx context.Context, p idem.Principal, in WebhookPath) (idem.WebhookID, error) {
	flow, err := in.id()
	if err != nil {
		return "", err
	}
	id, ok := idem.ParseID(in.WebhookID)
	if !ok {
		return "", idem.ErrWebhookNotFound
	}
	return idem.WebhookID(id), s.webhooks.Belongs(ctx, p, flow, idem.WebhookID(id))
}

type changeWebhookIn struct {
	WebhookPath
	Body struct {
		URL          *string `json:"url,omitempty" minLength:"1" maxLength:"2048"`
		Enabled      *bool   `json:"enabled,omitempty"`
		PersonEvents *bool   `json:"person_events,omitempty"`
	} `nameHint:"WebhookChange"`
}

type webhookOut struct{ Body Webhook }

func (s *server) changeWebhook(ctx context.Context, p idem.Principal, in *changeWebhookIn) (*webhookOut, error) {
	id, err := s.webhookAt(ctx, p, in.WebhookPath)
	if err != nil {
		return nil, err
	}
	saved, err := s.webhooks.Save(ctx, p, id, webhook.Change{URL: in.Body.URL, Enabled: in.Body.Enabled, PersonEvents: in.Body.PersonEvents})
	return &webhookOut{webhookOf(saved)}, err
}

func (s *server) rotateWebhook(ctx context.Context, p idem.Principal, in *WebhookPath) (*secretOut, error) {
	id, err := s.webhookAt(ctx, p, *in)
	if err != nil {
		return nil, err
	}
	saved, err := s.webhooks.Save(ctx, p, id, webhook.Change{NewSecret: true})
	return &secretOut{Secret{saved.Secret}}, err
}

func (s *server) deleteWebhook(ctx context.Context, p idem.Principal, in *WebhookPath) (*none, error) {
	id, err := s.webhookAt(ctx, p, *in)
	if err != nil {
		return nil, err
	}
	return &none{}, s.webhooks.Delete(ctx, p, id)
}

// Delivery is one attempt to deliver an event.
type Delivery struct {
	ID      string    `json:"id" format:"uuid"`
	EventID string    `json:"event_id" format:"uuid"`
	Event   string    `json:"event" doc:"Its name, such as flow.end."`
	Attempt int       `json:"attempt" doc:"Counted from 1; 0 for a test."`
	At      time.Time `json:"at"`
	Status  *int      `json:"status" doc:"Of the receiver's answer; null without one."`
	TookMS  float64   `json:"took_ms"`
	Fault   string    `json:"fault" doc:"Why it failed; empty when the receiver took the event."`
	Reply   string    `json:"reply" doc:"The beginning of the answer, 1 KiB at most."`
}

func deliveryOf(d store.Delivery) Delivery {
	out := Delivery{ID: d.ID, EventID: string(d.Event), Event: d.Name, Attempt: d.Attempt, At: d.At,
		TookMS: float64(d.Took) / float64(time.Millisecond), Fault: d.Fault, Reply: strings.ToValidUTF8(string(d.Reply), "\uFFFD")}
	if d.Status != 0 {
		out.Status = &d.Status
	}
	return out
}

type deliveryOut struct{ Body Delivery }

func (s *server) testWebhook(ctx context.Context, p idem.Principal, in *WebhookPath) (*deliveryOut, error) {
	id, err := s.webhookAt(ctx, p, *in)
	if err != nil {
		return nil, err
	}
	d, err := s.webhooks.Test(ctx, p, id)
	return &deliveryOut{deliveryOf(d)}, err
}

type listDeliveriesIn struct {
	WebhookPath
	Paging
}

type deliveriesOut struct{ Body Page[Delivery] }

func (s *server) listDeliveries(ctx context.Context, p idem.Principal, in *listDeliveriesIn) (*deliveriesOut, error) {
	id, err := s.webhookAt(ctx, p, in.WebhookPath)
	if err != nil {
		return nil, err
	}
	page, err := in.page(in.WebhookPath)
	if err != nil {
		return nil, err
	}
	list, next, err := s.webhooks.Deliveries(ctx, p, id, page)
	if err != nil {
		return nil, cursorFault(err)
	}
	data := make([]Delivery, len(list))
	for i, d := range list {
		data[i] = deliveryOf(d)
	}
	return &deliveriesOut{newPage(data, next, in.WebhookPath)}, nil
}

type replayIn struct {
	WebhookPath
	EventID string `path:"event_id" doc:"The event."`
}

func (s *server) replayEvent(ctx context.Context, p idem.Principal, in *replayIn) (*none, error) {
	id, err := s.webhookAt(ctx, p, in.WebhookPath)
	if err != nil {
		return nil, err
	}
	event, ok := idem.ParseID(in.EventID)
	if !ok {
		return nil, idem.ErrEventNotFound
	}
	return &none{}, s.webhooks.Replay(ctx, p, id, idem.EventID(event))
}
