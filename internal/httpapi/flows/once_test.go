package flows_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store/storetest"
	"github.com/idem-id/idem/internal/webhook"
)

// TestCreationsOutliveALostAnswer breaks the connection behind the commit of a
// flow's and of a webhook's creation: the repetition shows the one that was
// made with its secret, and makes no other.
func TestCreationsOutliveALostAnswer(t *testing.T) {
	each(t, func(s *server) {
		lossy := &storetest.Lossy{Store: s.Store}
		s.Flows.Store = lossy
		guard, err := webhook.NewGuard(nil, nil)
		s.Must(err)
		hooks := webhook.New(webhook.Deps{Store: lossy, Guard: guard, IDs: idem.UUIDv7{}})
		at := httptest.NewServer(handler(s.World, hooks, nil))
		defer at.Close()
		s.url = at.URL
		flow := s.Flow(nil, idem.TechLivenessShort)
		for path, c := range map[string]struct{ body, secret string }{
			"/v1/flows": {`{"name": "lost", "technologies": ["LDS"]}`, "key"},
			"/v1/flows/" + string(flow.ID) + "/webhooks": {`{"url": "https://shop.example/idem"}`, "secret"},
		} {
			native := []string{"Authorization", "Bearer " + s.Secret, "Idempotency-Key", "lost"}
			send := func() (int, object) {
				return s.call("POST", path, "application/json", strings.NewReader(c.body), native...)
			}
			list := func() []any { return s.ok(s.call("GET", path, "", nil, native[:2]...))["data"].([]any) }
			before := len(list())
			lossy.Lose(1)
			if code, body := send(); code != 500 {
				s.Fatalf("%s: %d %v", path, code, body)
			}
			code, again := send()
			if secret, _ := again[c.secret].(string); code != 201 || len(secret) < 40 {
				s.Errorf("%s: repeated %d %v", path, code, again)
			}
			made := list()
			if len(made) != before+1 || made[before].(object)["id"] != again["id"] {
				s.Errorf("%s: made %v, told of %v", path, made, again["id"])
			}
		}
	})
}
