package flows_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/flow/flowtest"
	"github.com/idem-id/idem/internal/httpapi"
	"github.com/idem-id/idem/internal/httpapi/flows"
	"github.com/idem-id/idem/internal/httpapi/persons"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/webhook"
)

// server is a world behind HTTP.
type server struct {
	*flowtest.World
	url     string
	hooks   *webhook.Webhooks
	limiter *flows.Limiter
}

type object = map[string]any

func each(t *testing.T, f func(*server)) {
	flowtest.Each(t, func(w *flowtest.World) {
		guard, err := webhook.NewGuard([]string{"127.0.0.1"}, nil)
		w.Must(err)
		hooks := webhook.New(webhook.Deps{Store: w.Store, Guard: guard, IDs: idem.UUIDv7{}, Now: w.Clock.Now})
		s := httptest.NewServer(handler(w, hooks, nil))
		w.TB.(*testing.T).Cleanup(s.Close)
		w.Head.Finds(flowtest.Seen("ann", 0.9))
		w.Document.Finds(flowtest.Card("ann", flowtest.IIN, "D1"))
		w.Holder.Holds("ann", "E1")
		f(&server{w, s.URL, hooks, nil})
	})
}

// handler is the whole API over a world.
func handler(w *flowtest.World, hooks *webhook.Webhooks, l *flows.Limiter) http.Handler {
	refuse := persons.Refuse(persons.Deps{Registry: w.Registry, Store: w.Store, IDs: idem.UUIDv7{}})
	return httpapi.New(httpapi.Deps{Access: w.Access, Registry: w.Registry, Flows: w.Flows, Webhooks: hooks, Store: w.Store, IDs: idem.UUIDv7{},
		Dialects: []httpapi.Dialect{{Refuse: refuse, Routes: func(mux *http.ServeMux, a httpapi.Authenticate) {
			flows.Routes(mux, flows.Deps{Flows: w.Flows, Pictures: picture.NewDecoder(picture.DefaultLimits(), nil),
				Authenticate: flows.Authenticate(a), Refuse: refuse, Limiter: l})
		}}}})
}

// call makes a request and returns status and body.
func (s *server) call(method, path, kind string, body io.Reader, header ...string) (int, object) {
	s.Helper()
	code, _, out := s.ask(method, path, kind, body, header...)
	return code, out
}

// header makes a request and returns the headers of the answer.
func (s *server) header(method, path string, header ...string) http.Header {
	s.Helper()
	_, out, _ := s.ask(method, path, "", nil, header...)
	return out
}

func (s *server) ask(method, path, kind string, body io.Reader, header ...string) (int, http.Header, object) {
	s.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, s.url+path, body)
	s.Must(err)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	s.Must(err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	s.Must(err)
	out := object{}
	if len(data) > 0 {
		s.Must(json.Unmarshal(data, &out))
	}
	return answer.StatusCode, answer.Header, out
}

func (s *server) post(path, body string) (int, object) {
	s.Helper()
	return s.call("POST", path, "", strings.NewReader(body))
}

// ok fails unless the status is 200.
func (s *server) ok(code int, body object) object {
	s.Helper()
	if code != 200 {
		s.Fatalf("status %d: %v", code, body)
	}
	return body
}

func (s *server) refused(code int, body object, status int, want string) {
	s.Helper()
	e, _ := body["error"].(object)
	if code != status || e["code"] != want {
		s.Errorf("got %d %v, want %d %s", code, body, status, want)
	}
}

// form posts files under the names of their parts.
func (s *server) form(path string, parts ...[2]string) (int, object) {
	s.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		part, err := w.CreateFormFile(p[0], "f.jpg")
		s.Must(err)
		_, err = part.Write([]byte(p[1]))
		s.Must(err)
	}
	s.Must(w.Close())
	return s.call("POST", path, w.FormDataContentType(), &b)
}

// key is the key of a flow.
func (s *server) key(f idem.Flow) string {
	s.Helper()
	key, err := s.Flows.Key(s.Context(), s.Admin, f.ID)
	s.Must(err)
	return key
}

// begin opens and starts a session.
func (s *server) begin(f idem.Flow) (path, id string) {
	s.Helper()
	opened := s.ok(s.post("/api/v1/flows/session/create/", fmt.Sprintf(`{"api_key":%q}`, s.key(f))))
	id = opened["session_id"].(string)
	path = "/api/v1/flows/session/" + id
	s.ok(s.post(path+"/start/", ""))
	return path, id
}

func (s *server) result(f idem.Flow, id string) object {
	s.Helper()
	return s.ok(s.call("GET", "/api/v1/flows/session/result/?session_id="+id+"&flow_api_key="+s.key(f), "", nil))
}

func face() string { return string(facetest.JPEG(facetest.Picture("ann", 1))) }

func TestPersons_46_FlowsNeedNameAndTechnology(t *testing.T) {
	each(t, func(s *server) {
		for body, code := range map[string]string{
			`{"name":" ","technologies":["LDS"]}`:              "VALIDATION_FAILED",
			`{"name":"","technologies":["LDS"]}`:               "VALIDATION_FAILED",
			`{"name":"x","technologies":[]}`:                   "FLOW_EMPTY",
			`{"name":"x","technologies":["F2F"]}`:              "FLOW_ORDER_INVALID",
			`{"name":"x","technologies":["PERSONS"]}`:          "TECHNOLOGY_UNKNOWN",
			`{"name":"x","technologies":["LDS","LDS"]}`:        "VALIDATION_FAILED",
			`{"name":"x","technologies":["LDS"],"attempts":0}`: "VALIDATION_FAILED",
		} {
			status, answer := s.call("POST", "/v1/flows", "application/json", strings.NewReader(body), "Authorization", "Bearer "+s.Secret)
			if status != 422 || answer["code"] != code {
				s.Errorf("%s: %d %v", body, status, answer)
			}
		}
	})
}

func TestPersons_47_ListOfFlows(t *testing.T) {
	each(t, func(s *server) {
		f := s.Flow(nil, idem.TechLivenessShort, idem.TechDocumentRecognition)
		list := s.ok(s.call("GET", "/v1/flows", "", nil, "Authorization", "Bearer "+s.Secret))["data"].([]any)
		one := list[0].(object)
		if len(list) != 1 || one["name"] != f.Name || len(one["key"].(string)) < 47 || fmt.Sprint(one["technologies"]) != "[LDS DR]" {
			s.Errorf("the list is %v", list)
		}
		path := "/v1/flows/" + string(f.ID)
		if demo := s.ok(s.call("POST", path+"/demo", "", nil, "Authorization", "Bearer "+s.Secret)); demo["is_demo"] != true {
			s.Errorf("the demonstration is %v", demo)
		}
		if status, _ := s.call("DELETE", path, "", nil, "Authorization", "Bearer "+s.Secret); status != 204 {
			s.Errorf("deleting answers %d", status)
		}
		code, answer := s.post("/api/v1/flows/session/create/", fmt.Sprintf(`{"api_key":%q}`, one["key"]))
		s.refused(code, answer, 410, "FLOW_DELETED")
	})
}

func TestPersons_50_SessionWithoutContentType(t *testing.T) {
	each(t, func(s *server) {
		f := s.Flow(nil, idem.TechLivenessHead, idem.TechDocumentRecognition)
		for _, kind := range []string{"", "text/plain", "application/json"} {
			body := fmt.Sprintf(`{"api_key":%q,"metadata":{"b":1.50,"a":[true]}}`, s.key(f))
			got := s.ok(s.call("POST", "/api/v1/flows/session/create/", kind, strings.NewReader(body)))
			if fmt.Sprint(got["technologies"]) != "[LDHP DR]" {
				s.Errorf("opened %v", got)
			}
			told := s.result(f, got["session_id"].(string))
			if fmt.Sprint(told["metadata"]) != "map[a:[true] b:1.5]" || told["status"] != "NEW" {
				s.Errorf("the result is %v", told)
			}
		}
		s.Limit(idem.TechDocumentRecognition, 0)
		code, answer := s.post("/api/v1/flows/session/create", fmt.Sprintf(`{"api_key":%q}`, s.key(f)))
		s.refused(code, answer, 403, "SUBSCRIPTION_REQUIRED")
		if !strings.Contains(fmt.Sprint(answer), "DR") {
			s.Errorf("the refusal is %v", answer)
		}
	})
}

func TestPersons_51_ResultWhileRunning(t *testing.T) {
	each(t, func(s *server) {
		f := s.Flow(nil, idem.TechLivenessHead, idem.TechDocumentRecognition, idem.TechFace2Face)
		path, id := s.begin(f)
		s.ok(s.form(path+"/steps/0/", [2]string{"frames", face()}))
		got := s.result(f, id)
		if got["status"] != "PROGRESS" || got["flow_session_result"] != nil || got["liveness_result"].(object)["result"] != true {
			s.Errorf("the result is %v", got)
		}
		for _, member := range []string{"document_recognition_result", "face2face_result"} {
			if m, ok := got[member].(object); !ok || len(m) != 0 {
				s.Errorf("%s is %v", member, got[member])
			}
		}
		if _, there := got["edocument_result"]; there {
			s.Error("a technology that is not in the flow has a result")
		}
	})
}

func TestSessionOverHTTP(t *testing.T) {
	each(t, func(s *server) {
		f := s.Flow(nil, idem.TechLivenessHead, idem.TechEDocument, idem.TechFace2Face)
		path, id := s.begin(f)
		asked := s.ok(s.post(path+"/steps/0/challenge/", ""))
		if asked["challenge"] == nil || asked["current_step"] != 0.0 {
			s.Errorf("asked %v", asked)
		}
		s.ok(s.form(path+"/steps/0", [2]string{"frames", face()}))
		s.offers(s.ok(s.call("GET", path+"/state/", "", nil)), 3, false)
		s.offers(s.ok(s.post(path+"/steps/1/request/", fmt.Sprintf(`{"iin":%q,"phone":%q}`, flowtest.IIN, flowtest.Phone))), 2, true)
		code, answer := s.post(path+"/steps/1/approve/", `{"code":"000000"}`)
		s.refused(code, answer, 422, "CODE_WRONG")
		s.ok(s.post(path+"/steps/1/approve/", `{"code":"123456"}`))
		last := s.ok(s.post(path+"/steps/2/", ""))
		if last["status"] != "FINISHED" || last["current_step"] != nil || strings.Contains(fmt.Sprint(last), flowtest.IIN) {
			s.Errorf("at the end %v", last)
		}
		got := s.result(f, id)
		document, match := got["edocument_result"].(object), got["face2face_result"].(object)
		owner := document["result_json"].(object)["common"].(object)["docOwner"].(object)
		if got["flow_session_result"] != true || document["phone"] != flowtest.Phone || owner["iin"] != flowtest.IIN || len(document["face_photo"].(string)) < 100 {
			s.Errorf("the document is %v", document)
		}
		if match["result"] != true || match["reference_source"] != "EDOCUMENT" || match["prediction"] != "1.0000" || match["prediction_percent"] != "100.00" {
			s.Errorf("the match is %v", match)
		}
		if frame := got["liveness_result"].(object); len(frame["best_frame"].(string)) < 100 || frame["prediction"] != "0.9000" {
			s.Errorf("the liveness is %v", frame)
		}
	})
}

// offers holds the second step of a state against what it can be answered with.
func (s *server) offers(state object, codes float64, sent bool) {
	s.Helper()
	steps := state["steps"].([]any)
	offer := steps[1].(object)["offer"].(object)
	if fmt.Sprint(offer["providers"]) != "[holder]" || offer["codes_left"] != codes || (offer["code_until"] != nil) != sent {
		s.Errorf("offered %v", offer)
	}
	if steps[0].(object)["offer"] != nil {
		s.Errorf("liveness offers %v", steps[0])
	}
}

func TestWhoReadsResults(t *testing.T) {
	each(t, func(s *server) {
		f, other := s.Flow(nil, idem.TechLivenessShort), s.Flow(nil, idem.TechLivenessShort)
		_, id := s.begin(f)
		ask := func(key, id string, header ...string) (int, object) {
			return s.call("GET", "/api/v1/flows/session/result/?session_id="+id+"&flow_api_key="+key, "", nil, header...)
		}
		code, answer := ask(s.key(other), id)
		s.refused(code, answer, 404, "SESSION_NOT_FOUND")
		code, answer = ask(s.key(f), idem.UUIDv7{}.New())
		s.refused(code, answer, 404, "SESSION_NOT_FOUND")
		code, answer = ask(s.key(f), "nothing")
		s.refused(code, answer, 404, "SESSION_NOT_FOUND")
		code, answer = ask("", id)
		s.refused(code, answer, 401, "API_KEY_MISSING")
		code, answer = ask(s.Persons, id)
		s.refused(code, answer, 401, "API_KEY_INVALID")
		code, answer = ask(s.key(f), id, "Origin", "https://shop.example")
		s.refused(code, answer, 403, "ORIGIN_FORBIDDEN")
		s.ok(ask("", id, "X-API-Key", s.key(f)))
		code, answer = s.call("POST", "/api/v1/flows/session/create/", "", strings.NewReader(`{"api_key":"`+s.key(f)+`"}`), "X-API-Key", s.key(other))
		s.refused(code, answer, 400, "AMBIGUOUS_CREDENTIALS")
	})
}

func TestBadInput(t *testing.T) {
	each(t, func(s *server) {
		f := s.Flow(nil, idem.TechLivenessShort, idem.TechDocumentRecognition)
		path, _ := s.begin(f)
		key := s.key(f)
		for _, c := range []struct {
			path, body string
			status     int
			code       string
		}{
			{"/api/v1/flows/session/create/", `{"api_key":`, 400, "INVALID_JSON"},
			{"/api/v1/flows/session/create/", `{"api_key":"a","api_key":"b"}`, 400, "INVALID_JSON"},
			{"/api/v1/flows/session/create/", `{"api_key":"` + key + `","metadata":[1]}`, 422, "VALIDATION_FAILED"},
			{"/api/v1/flows/session/create/", `{"api_key":"` + key + `","locale":"xx"}`, 422, "VALIDATION_FAILED"},
			{"/api/v1/flows/session/create/", `{"api_key":"` + key + `","more":1}`, 422, "VALIDATION_FAILED"},
			{"/api/v1/flows/session/create/", strings.Repeat(" ", 70<<10), 413, "BODY_TOO_LARGE"},
			{"/api/v1/flows/session/nothing/start/", "", 404, "SESSION_NOT_FOUND"},
			{path + "/start/", "", 409, "SESSION_STATE"},
			{path + "/steps/9/", "", 404, "STEP_NOT_FOUND"},
			{path + "/steps/-1/", "", 404, "STEP_NOT_FOUND"},
			{path + "/steps/x/", "", 404, "STEP_NOT_FOUND"},
			{path + "/steps/1/", "", 409, "SESSION_STATE"},
			{path + "/steps/0/", "", 422, "EVIDENCE_MISSING"},
			{path + "/steps/0/", "no form", 415, "CONTENT_TYPE_UNSUPPORTED"},
			{path + "/steps/0/challenge/", "", 422, "CHALLENGE_NOT_OFFERED"},
			{path + "/steps/0/request/", "{}", 422, "PROVIDER_NOT_OFFERED"},
			{"/api/v1/flows/session/x/y/z/", "", 404, "NOT_FOUND"},
		} {
			code, answer := s.post(c.path, c.body)
			s.refused(code, answer, c.status, c.code)
		}
		code, answer := s.form(path+"/steps/0/", [2]string{"frames", "no picture"})
		s.refused(code, answer, 415, "IMAGE_TYPE_UNSUPPORTED")
		code, answer = s.form(path+"/steps/0/", [2]string{"strange", face()})
		s.refused(code, answer, 422, "VALIDATION_FAILED")
		code, answer = s.call("GET", path+"/start/", "", nil)
		s.refused(code, answer, 405, "METHOD_NOT_ALLOWED")
		if state := s.ok(s.call("GET", path+"/state/", "", nil)); state["steps"].([]any)[0].(object)["attempts_left"] != 3.0 {
			s.Errorf("refusals cost attempts: %v", state)
		}
		s.ok(s.form(path+"/steps/0/", [2]string{"image", face()}))
		s.ok(s.post(path+"/abort/", ""))
		code, answer = s.post(path+"/abort/", "")
		s.refused(code, answer, 409, "SESSION_STATE")
	})
}

func TestConflictsOverHTTP(t *testing.T) {
	each(t, func(s *server) {
		f := s.Flow(nil, idem.TechEDocument, idem.TechDocumentRecognition)
		s.Document.Finds(flowtest.Card("ann", "OTHER1", "D1"))
		made, _ := s.Onboard(f, "")
		auth := []string{"Authorization", "Bearer " + s.Secret}
		list := s.ok(s.call("GET", "/v1/collections?state=CONFLICT", "", nil, auth...))["data"].([]any)
		if len(list) != 1 || list[0].(object)["reason"] != "INTRA_SESSION_MISMATCH" {
			s.Fatalf("conflicts are %v", list)
		}
		path := "/v1/collections/" + string(made.ID) + "/resolve"
		got := s.ok(s.call("POST", path, "application/json", strings.NewReader(`{"action":"discard"}`), auth...))
		if got["state"] != "SKIPPED" || got["reason"] != "DISCARDED" {
			s.Errorf("resolved %v", got)
		}
		if code, _ := s.call("POST", path, "application/json", strings.NewReader(`{"action":"create"}`), auth...); code != 409 {
			s.Errorf("resolved twice: %d", code)
		}
		sessions := s.ok(s.call("GET", "/v1/sessions?status=FINISHED", "", nil, auth...))["data"].([]any)
		one := s.ok(s.call("GET", "/v1/sessions/"+string(made.ID), "", nil, auth...))
		if len(sessions) != 1 || one["result"].(object)["edocument_result"].(object)["result"] != true {
			s.Errorf("the session is %v", one)
		}
	})
}

// TestCodesOfOneReceiver: a stand-alone check would count as well.
func TestCodesOfOneReceiver(t *testing.T) {
	each(t, func(s *server) {
		f := s.Flow(nil, idem.TechEDocument)
		body := fmt.Sprintf(`{"iin":%q,"phone":%q}`, flowtest.IIN, flowtest.Phone)
		for range 3 {
			path, _ := s.begin(f)
			s.ok(s.post(path+"/steps/0/request/", body))
		}
		path, _ := s.begin(f)
		code, answer := s.post(path+"/steps/0/request/", body)
		s.refused(code, answer, 429, "RATE_LIMITED")
		if details := answer["error"].(object)["details"].(object); details["limit"] != "receiver" || details["retry_after"].(float64) < 540 {
			s.Errorf("details %v", details)
		}
	})
}

// TestOneAddressLocksNobodyOut: whoever knows a phone takes half of its codes of
// a day from one address, and half of the organisation's of an hour; the holder
// still gets one elsewhere, and never more than ten are sent.
func TestOneAddressLocksNobodyOut(t *testing.T) {
	each(t, func(s *server) {
		s = limited(s, &stopped{}, flows.DefaultRates(), "127.0.0.1")
		f := s.Flow(nil, idem.TechEDocument)
		ask := func(from, iin, phone string) (int, string) {
			s.Helper()
			path, _ := s.begin(f)
			code, body := s.call("POST", path+"/steps/0/request/", "", strings.NewReader(fmt.Sprintf(`{"iin":%q,"phone":%q}`, iin, phone)), "X-Forwarded-For", from)
			if code == 200 {
				return code, ""
			}
			return code, body["error"].(object)["details"].(object)["limit"].(string)
		}
		stranger, holder := "203.0.113.7", "2001:db8::1"
		sent := 0
		for _, from := range []string{stranger, holder} {
			for range 5 {
				s.Clock.Advance(4 * time.Minute)
				if code, limit := ask(from, flowtest.IIN, flowtest.Phone); code == 200 {
					sent++
				} else {
					s.Errorf("code %d from %s: %d %s", sent, from, code, limit)
				}
			}
			if code, limit := ask(from, flowtest.IIN, flowtest.Phone); from == stranger && (code != 429 || limit != "address") {
				s.Errorf("a sixth code from %s: %d %s", from, code, limit)
			}
		}
		if code, limit := ask("198.51.100.1", flowtest.IIN, flowtest.Phone); code != 429 || limit != "receiver" || sent != 10 {
			s.Errorf("an eleventh code: %d %s, %d sent", code, limit, sent)
		}
		s.Clock.Advance(2 * time.Hour)
		set := func(tx store.Tx) error {
			o, err := tx.Organisations().Get(s.Context())
			o.Settings.CodesPerHour = 4
			return errors.Join(err, tx.Organisations().Save(s.Context(), &o))
		}
		s.Must(s.Store.Update(s.Context(), s.Org, set))
		for i, from := range []string{stranger, stranger, stranger, holder, holder, "198.51.100.1"} {
			want := map[int]string{2: "address", 5: "organisation"}[i]
			if _, limit := ask(from, fmt.Sprintf("90010240020%d", i), fmt.Sprintf("+7701000020%d", i)); limit != want {
				s.Errorf("receiver %d, asked for from %s: %q, want %q", i, from, limit, want)
			}
		}
	})
}

// TestSheetsOfACheckAlone: nothing is kept that could be drawn.
func TestSheetsOfACheckAlone(t *testing.T) {
	each(t, func(s *server) {
		c := idem.Check{ID: idem.CheckID(idem.UUIDv7{}.New()), Technology: idem.TechEDocument, State: idem.CheckOpen}
		s.Must(s.Store.Update(s.Context(), s.Org, func(tx store.Tx) error { return tx.Checks().Insert(s.Context(), c) }))
		generate := func(id string) (int, object) {
			return s.post("/api/v1/e-document/generate-files/", fmt.Sprintf(`{"api_key":%q,"session_id":%q}`, s.Persons, id))
		}
		code, answer := generate(string(c.ID))
		s.refused(code, answer, 422, "FILES_NOT_KEPT")
		code, answer = generate(idem.UUIDv7{}.New())
		s.refused(code, answer, 404, "SESSION_NOT_FOUND")
	})
}

func TestSheetsOfADocument(t *testing.T) {
	each(t, func(s *server) {
		f := s.Flow(nil, idem.TechEDocument, idem.TechLivenessHead)
		path, id := s.begin(f)
		generate := func(key string) (int, object) {
			return s.post("/api/v1/e-document/generate-files/", fmt.Sprintf(`{"api_key":%q,"session_id":%q}`, key, id))
		}
		code, answer := generate(s.Persons)
		s.refused(code, answer, 404, "SESSION_NOT_FOUND")
		s.ok(s.post(path+"/steps/0/request/", fmt.Sprintf(`{"iin":%q,"phone":%q}`, flowtest.IIN, flowtest.Phone)))
		s.ok(s.post(path+"/steps/0/approve/", `{"code":"123456"}`))
		sheets := func() (pdf, png []byte) {
			document := s.result(f, id)["edocument_result"].(object)
			return decoded(s, document["document_pdf"]), decoded(s, document["document_image"])
		}
		if pdf, png := sheets(); !bytes.HasPrefix(pdf, []byte("%PDF")) || !bytes.HasPrefix(png, []byte("\x89PNG")) {
			s.Errorf("the sheets begin with %.8q and %.8q", pdf, png)
		}
		code, answer = generate(s.key(f))
		s.refused(code, answer, 401, "API_KEY_INVALID")
		code, answer = generate(s.Persons)
		s.refused(code, answer, 409, "FILES_EXIST")
		s.Must(s.Store.Update(s.Context(), s.Org, func(tx store.Tx) error {
			found, err := tx.Sessions().GetForUpdate(s.Context(), idem.SessionID(id))
			if err != nil {
				return err
			}
			found.Steps[0].Result.Document.Files = idem.DocumentFiles{}
			return tx.Sessions().Save(s.Context(), found)
		}))
		s.ok(generate(s.Persons))
		if pdf, png := sheets(); !bytes.HasPrefix(pdf, []byte("%PDF")) || !bytes.HasPrefix(png, []byte("\x89PNG")) {
			s.Errorf("drawn again the sheets begin with %.8q and %.8q", pdf, png)
		}
	})
}

func decoded(s *server, text any) []byte {
	s.Helper()
	encoded, _ := text.(string)
	data, err := base64.StdEncoding.DecodeString(encoded)
	s.Must(err)
	return data
}
