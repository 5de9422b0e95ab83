package flows_test

import (
	"strings"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/client"
	"github.com/idem-id/idem/internal/access"
)

// TestWebhooksAreAdministered goes through all that the native API does with
// webhooks.
func TestWebhooksAreAdministered(t *testing.T) {
	each(t, func(s *server) {
		s.work()
		c, ctx, in := s.client(), s.Context(), newInbox(s)
		f := string(s.Flow(nil, idem.TechLivenessShort).ID)
		hook := must(c.CreateWebhook(ctx, f, in.URL))(s)
		if !hook.Enabled || hook.PersonEvents || hook.URL != in.URL || hook.FlowID != f || len(hook.Secret) < 40 {
			s.Errorf("made %+v", hook)
		}
		in.trust(hook.Secret)
		if d := must(c.TestWebhook(ctx, f, hook.ID))(s); d.Status == nil || *d.Status != 200 || d.Fault != "" || d.Event != client.EventTest {
			s.Errorf("the test came to %+v", d)
		}
		secret := must(c.RotateWebhook(ctx, f, hook.ID))(s)
		if d := must(c.TestWebhook(ctx, f, hook.ID))(s); secret == hook.Secret || *d.Status != 401 || d.Fault != "WEBHOOK_REFUSED" {
			s.Errorf("a receiver with the old secret: %+v", d)
		}
		in.trust(secret)
		s.Finish(s.Open(s.flow(f), "").ID)
		events := in.await(s, 5)
		s.Must(c.ReplayEvent(ctx, f, hook.ID, events[1].ID))
		if again := in.await(s, 6)[5]; again.ID != events[1].ID || again.Name != events[1].Name {
			s.Errorf("replayed %+v", again)
		}
		s.delivered(c, f, hook.ID, 7) // two tests, four events, the replay
		off := must(c.ChangeWebhook(ctx, f, hook.ID, client.WebhookChange{Enabled: client.Value(false), PersonEvents: client.Value(true), URL: client.Value(in.URL + "/next")}))(s)
		if list := must(c.Webhooks(ctx, f))(s); len(list) != 1 || list[0] != off || off.Enabled || !off.PersonEvents || off.URL != in.URL+"/next" {
			s.Errorf("changed %+v, listed %+v", off, list)
		}
		s.wants(c.ReplayEvent(ctx, f, hook.ID, events[1].ID), 409, "WEBHOOK_DISABLED")
		s.Must(c.DeleteWebhook(ctx, f, hook.ID))
		s.wants(c.DeleteWebhook(ctx, f, hook.ID), 404, "WEBHOOK_NOT_FOUND")
		code, made := s.call("POST", "/v1/flows/"+f+"/webhooks", "application/json", strings.NewReader(`{"url":"https://shop.example/idem","person_events":true}`), "Authorization", "Bearer "+s.Secret)
		if list := must(c.Webhooks(ctx, f))(s); code != 201 || made["person_events"] != true || len(list) != 1 || !list[0].PersonEvents {
			s.Errorf("made %d %v, listed %+v", code, made, list)
		}
	})
}

// flow is the flow of an identifier.
func (s *server) flow(id string) idem.Flow {
	s.Helper()
	f, err := s.Flows.Get(s.Context(), s.Admin, idem.FlowID(id))
	s.Must(err)
	return f
}

// delivered waits until a number of attempts is listed, page by page.
func (s *server) delivered(c *client.Client, flow, hook string, n int) {
	s.Helper()
	for range 500 {
		var at []time.Time
		for d, err := range c.Deliveries(s.Context(), flow, hook, 3) {
			at = append(at, must(d, err)(s).At)
		}
		if len(at) == n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.Errorf("%d deliveries are not listed", n)
}

func TestWebhooksRefuse(t *testing.T) {
	each(t, func(s *server) {
		c, ctx := s.client(), s.Context()
		f, other := string(s.Flow(nil, idem.TechLivenessShort).ID), string(s.Flow(nil, idem.TechLivenessShort).ID)
		hook := must(c.CreateWebhook(ctx, f, "https://shop.example/idem"))(s)
		nothing := idem.UUIDv7{}.New()
		for _, u := range []string{"http://shop.example", "https://10.0.0.1/", "ftp://shop.example", "https://a:b@shop.example", "no address"} {
			_, err := c.CreateWebhook(ctx, f, u)
			s.wants(err, 422, "WEBHOOK_URL_INVALID")
			_, err = c.ChangeWebhook(ctx, f, hook.ID, client.WebhookChange{URL: &u})
			s.wants(err, 422, "WEBHOOK_URL_INVALID")
		}
		_, err := c.CreateWebhook(ctx, f, "")
		s.wants(err, 422, "VALIDATION_FAILED")
		for _, id := range []string{nothing, "nothing"} {
			_, err = c.CreateWebhook(ctx, id, "https://shop.example")
			s.wants(err, 404, "FLOW_NOT_FOUND")
			_, err = c.Webhooks(ctx, id)
			s.wants(err, 404, "FLOW_NOT_FOUND")
			s.wants(c.DeleteWebhook(ctx, f, id), 404, "WEBHOOK_NOT_FOUND")
			s.wants(c.ReplayEvent(ctx, f, hook.ID, id), 404, "EVENT_NOT_FOUND")
		}
		s.wants(c.DeleteWebhook(ctx, other, hook.ID), 404, "WEBHOOK_NOT_FOUND")
		_, err = c.RotateWebhook(ctx, other, hook.ID)
		s.wants(err, 404, "WEBHOOK_NOT_FOUND")
		for range idem.MaxWebhooks - 1 {
			must(c.CreateWebhook(ctx, f, "https://shop.example/idem"))(s)
		}
		_, err = c.CreateWebhook(ctx, f, "https://shop.example/idem")
		s.wants(err, 422, "WEBHOOK_LIMIT")
		s.reads(f, hook.ID)
	})
}

// reads tries to change webhooks with a key that may only read.
func (s *server) reads(flow, hook string) {
	s.Helper()
	_, secret, err := s.Access.CreateCredential(s.Context(), s.Admin, access.NewCredential{Kind: idem.CredentialSecret, Name: "reader",
		Permissions: []idem.Permission{idem.SettingsRead}})
	s.Must(err)
	c := must(client.New(s.url, secret, client.WithAttempts(1, 0)))(s)
	must(c.Webhooks(s.Context(), flow))(s)
	_, err = c.CreateWebhook(s.Context(), flow, "https://shop.example")
	s.wants(err, 403, "ROLE_FORBIDDEN")
	_, err = c.RotateWebhook(s.Context(), flow, hook)
	s.wants(err, 403, "ROLE_FORBIDDEN")
	s.wants(c.DeleteWebhook(s.Context(), flow, hook), 403, "ROLE_FORBIDDEN")
}
