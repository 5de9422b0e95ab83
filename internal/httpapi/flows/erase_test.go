package flows_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/idem-id/idem"
)

// TestSessionIsErasedOverHTTP: a repeated request gets its receipt again,
// another one is refused, and nobody reads the session.
func TestSessionIsErasedOverHTTP(t *testing.T) {
	each(t, func(s *server) {
		f := s.Flow(func(c *idem.PersonConfig) { c.Collect = false }, idem.TechEDocument)
		running := s.Open(f, "")
		made := s.Finish(s.Open(f, `{"custom_id":"Ann Example"}`).ID)
		erase := func(id idem.SessionID, body, key string) (int, string, object) {
			header := []string{"Authorization", "Bearer " + s.Secret, "Content-Type", "application/json"}
			if key != "" {
				header = append(header, "Idempotency-Key", key)
			}
			code, h, answer := s.ask("POST", "/v1/sessions/"+string(id)+"/erase", "application/json", strings.NewReader(body), header...)
			return code, h.Get("Idempotency-Replayed"), answer
		}
		const reason = `{"reason":"case 7"}`
		for name, c := range map[string]struct {
			id     idem.SessionID
			body   string
			status int
			code   string
		}{
			"running":          {running.ID, reason, 409, "SESSION_STATE"},
			"no identifier":    {"none", reason, 404, "SESSION_NOT_FOUND"},
			"no reason":        {made.ID, `{}`, 422, "VALIDATION_FAILED"},
			"not a reference":  {made.ID, `{"reason":"<b>"}`, 422, "VALIDATION_FAILED"},
			"another instance": {"0198c0de-0000-7000-8000-000000000000", reason, 404, "SESSION_NOT_FOUND"},
		} {
			if code, _, body := erase(c.id, c.body, ""); code != c.status || body["code"] != c.code {
				s.Errorf("%s: %d %v", name, code, body)
			}
		}
		code, again, first := erase(made.ID, reason, "erase-7")
		if code != 200 || again != "" || first["session_id"] != string(made.ID) || first["reason"] != "case 7" || first["pictures"] != 3.0 || first["complete"] != true {
			s.Fatalf("erased %d %q %v", code, again, first)
		}
		if code, again, second := erase(made.ID, reason, "erase-7"); code != 200 || again != "true" || second["erased_at"] != first["erased_at"] {
			s.Errorf("repeated %d %q %v", code, again, second)
		}
		if code, _, body := erase(made.ID, reason, "erase-8"); code != 409 || body["code"] != "SESSION_ERASED" {
			s.Errorf("again %d %v", code, body)
		}
		code, body := s.call("GET", "/api/v1/flows/session/result/?session_id="+string(made.ID)+"&flow_api_key="+s.key(f), "", nil)
		s.refused(code, body, 404, "DATA_ERASED")
		auth := []string{"Authorization", "Bearer " + s.Secret}
		if one := s.ok(s.call("GET", "/v1/sessions/"+string(made.ID), "", nil, auth...)); one["erased_at"] != first["erased_at"] || strings.Contains(fmt.Sprint(one), "Ann") {
			s.Errorf("the session is %v", one)
		}
		if list := s.ok(s.call("GET", "/v1/sessions?status=FINISHED", "", nil, auth...))["data"].([]any); len(list) != 1 || list[0].(object)["erased_at"] == nil {
			s.Errorf("the list has %v", list)
		}
	})
}
