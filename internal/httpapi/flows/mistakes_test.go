package flows_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/flow/flowtest"
)

// TestMistakesAreExplained makes the mistakes of a first integration: each
// refusal says what to do instead.
func TestMistakesAreExplained(t *testing.T) {
	each(t, func(s *server) {
		f := s.Flow(nil, idem.TechLivenessHead, idem.TechDocumentRecognition)
		key := s.key(f)
		fresh, running, over := string(s.Open(f, "").ID), string(s.Open(f, "").ID), string(s.Finish(s.Open(f, "").ID).ID)
		const base = "/api/v1/flows/session/"
		s.ok(s.post(base+running+"/start/", ""))
		for what, c := range map[string]struct {
			method, path, body, says string
			status                   int
		}{
			"no key":              {"POST", base + "create/", `{}`, "the key of a flow is expected, as api_key or in the header X-API-Key", 401},
			"another key":         {"POST", base + "create/", `{"api_key":"` + s.Persons + `"}`, "the key of a flow is expected", 401},
			"result without key":  {"GET", base + "result/?session_id=" + over, "", "as flow_api_key", 401},
			"no session":          {"GET", base + "result/?flow_api_key=" + key, "", "the parameter is required", 422},
			"not started":         {"POST", base + fresh + "/steps/0/", "", "has to be started first", 409},
			"started twice":       {"POST", base + running + "/start/", "", "started already", 409},
			"out of order":        {"POST", base + running + "/steps/1/", "", "the turn of step 0", 409},
			"ended":               {"POST", base + over + "/abort/", "", "has ended as FINISHED", 409},
			"key of another kind": {"POST", "/api/v1/e-document/generate-files/", `{"api_key":"` + key + `","session_id":"` + over + `"}`, "the organisation's Persons key", 401},
		} {
			code, body := s.call(c.method, c.path, "", strings.NewReader(c.body))
			e, _ := body["error"].(object)
			if says := fmt.Sprint(e["message"]); code != c.status || !strings.Contains(says, c.says) {
				s.Errorf("%s: %d %q, want %d ... %q ...", what, code, says, c.status, c.says)
			}
		}
		code, body := s.call("POST", base+running+"/steps/0/", "", nil)
		if e, _ := body["error"].(object); code != 422 || e["field"] != "frames" {
			s.Errorf("nothing sent: %d %v", code, body)
		}
		code, body = s.form(base+running+"/steps/0/", [2]string{"photo", "x"})
		if e, _ := body["error"].(object); code != 422 || !strings.Contains(fmt.Sprint(e["message"]), "frames, image") || e["field"] != "photo" {
			s.Errorf("an unknown part: %d %v", code, body)
		}
	})
}

// TestPhonesAsPeopleWriteThem: a phone of the country without its code is the
// same phone.
func TestPhonesAsPeopleWriteThem(t *testing.T) {
	each(t, func(s *server) {
		id := string(s.Open(s.Flow(nil, idem.TechEDocument), "").ID)
		path := "/api/v1/flows/session/" + id
		s.ok(s.post(path+"/start/", ""))
		s.ok(s.post(path+"/steps/0/request/", `{"iin":"`+flowtest.IIN+`","phone":"8 (700) 123-45-67"}`))
		if state := s.ok(s.post(path+"/steps/0/approve/", `{"code":"123456"}`)); state["status"] != "FINISHED" {
			s.Errorf("the session is %v", state)
		}
	})
}

// TestCountriesOfTwoLetters reads a country as clients of the guide write it.
func TestCountriesOfTwoLetters(t *testing.T) {
	each(t, func(s *server) {
		id := string(s.Open(s.Flow(nil, idem.TechDocumentRecognition), "").ID)
		path := "/api/v1/flows/session/" + id
		s.ok(s.post(path+"/start/", ""))
		s.ok(s.form(path+"/steps/0/", [2]string{"frontside_image", face()}, [2]string{"country_code", "kz"}))
		if runs := s.Document.Runs(); len(runs) != 1 || runs[0].Country != "KAZ" {
			s.Errorf("the document was looked at %d times: %+v", len(runs), runs)
		}
	})
}

// TestKeyOfAFlowIsReplaced draws a new key: the old one is worth nothing, and
// what it opened is read with the new one.
func TestKeyOfAFlowIsReplaced(t *testing.T) {
	each(t, func(s *server) {
		f := s.Flow(nil, idem.TechLivenessHead)
		old, id := s.key(f), string(s.Open(f, "").ID)
		fresh, err := s.client().RotateFlowKey(s.Context(), string(f.ID))
		s.Must(err)
		if fresh == old || s.key(f) != fresh || len(fresh) < 47 {
			s.Errorf("the keys are %q, %q and now %q", old, fresh, s.key(f))
		}
		code, body := s.post("/api/v1/flows/session/create/", `{"api_key":"`+old+`"}`)
		s.refused(code, body, 401, "API_KEY_INVALID")
		code, body = s.call("GET", "/api/v1/flows/session/result/?session_id="+id+"&flow_api_key="+old, "", nil)
		s.refused(code, body, 401, "API_KEY_INVALID")
		s.ok(s.post("/api/v1/flows/session/create/", `{"api_key":"`+fresh+`"}`))
		s.ok(s.call("GET", "/api/v1/flows/session/result/?session_id="+id+"&flow_api_key="+fresh, "", nil))
	})
}
