package flows_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// TestPersons_50_SessionIsOpenedOnce: a request that is repeated under its
// Idempotency-Key gets the session that it opened.
func TestPersons_50_SessionIsOpenedOnce(t *testing.T) {
	each(t, func(s *server) {
		f, other := s.Flow(nil, idem.TechLivenessHead), s.Flow(nil, idem.TechLivenessHead)
		open := func(f idem.Flow, more, key string) (int, string, object) {
			code, header, body := s.ask("POST", "/api/v1/flows/session/create/", "", strings.NewReader(`{"api_key":"`+s.key(f)+`"`+more+`}`), "Idempotency-Key", key)
			return code, header.Get("Idempotency-Replayed"), body
		}
		code, _, body := open(f, "", "order 7") // a space is no visible character
		s.refused(code, body, 422, "IDEMPOTENCY_KEY_INVALID")
		code, again, first := open(f, "", "order-7")
		if code != 200 || again != "" || first["session_id"] == nil {
			s.Fatalf("first %d %q %v", code, again, first)
		}
		if code, again, second := open(f, "", "order-7"); code != 200 || again != "true" || second["session_id"] != first["session_id"] {
			s.Errorf("again %d %q %v", code, again, second)
		}
		code, _, body = open(f, `,"locale":"kz"`, "order-7")
		s.refused(code, body, 422, "IDEMPOTENCY_MISMATCH")
		if code, again, third := open(other, "", "order-7"); code != 200 || again != "" || third["session_id"] == first["session_id"] {
			s.Errorf("another flow %d %q %v", code, again, third)
		}
		s.openTogether(f)
		list, _, err := s.Flows.Sessions(s.Context(), s.Admin, store.SessionQuery{Flow: f.ID}, store.Page{Limit: 10})
		if s.Must(err); len(list) != 2 {
			s.Errorf("%d sessions", len(list))
		}
	})
}

// openTogether sends one request eight times at once.
func (s *server) openTogether(f idem.Flow) {
	s.Helper()
	key := s.key(f)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			code, body := s.call("POST", "/api/v1/flows/session/create/", "", strings.NewReader(`{"api_key":"`+key+`"}`), "Idempotency-Key", "together")
			e, _ := body["error"].(object)
			if code != 200 && e["code"] != "IDEMPOTENCY_IN_PROGRESS" {
				s.Errorf("%d %v", code, body)
			}
		})
	}
	wait.Wait()
}
