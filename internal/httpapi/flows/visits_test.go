package flows_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/httpapi/flows"
)

// TestResultTellsFromWhere runs a session from two clients behind a proxy that
// is trusted: each change of the client is one entry, until the data are erased.
func TestResultTellsFromWhere(t *testing.T) {
	each(t, func(s *server) {
		s = limited(s, &stopped{time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)}, flows.DefaultRates(), "127.0.0.1")
		f := s.Flow(nil, idem.TechLivenessHead, idem.TechDocumentRecognition)
		opened := s.ok(s.post("/api/v1/flows/session/create/", fmt.Sprintf(`{"api_key":%q}`, s.key(f))))
		id := opened["session_id"].(string)
		path := "/api/v1/flows/session/" + id
		phone, laptop := from("203.0.113.7", "Phone/1"), from("2001:db8::5", "Laptop/2")
		if got := s.result(f, id); seen(got) != "[] []" {
			t.Errorf("before the start: %s", seen(got))
		}
		s.ok(s.call("POST", path+"/start/", "", nil, phone...))
		s.ok(s.call("POST", path+"/steps/0/challenge/", "", nil, laptop...)) // answers nothing
		s.ok(s.pictures(path+"/steps/0/", "frames", phone...))
		s.ok(s.pictures(path+"/steps/1/", "pages", laptop...))
		want := "[203.0.113.7 2001:db8::5] [203.0.113.7 Phone/1 2001:db8::5 Laptop/2]"
		if got := s.result(f, id); seen(got) != want {
			t.Errorf("at the end %s, want %s", seen(got), want)
		}
		if state := s.ok(s.call("GET", path+"/state/", "", nil, phone...)); state["request_sessions"] != nil {
			t.Errorf("the state tells %v", state)
		}
		c := s.Collect(idem.SessionID(id))
		_, err := s.Registry.Erase(s.Context(), s.Admin, c.Person, "T-1")
		s.Must(err)
		code, body := s.call("GET", "/api/v1/flows/session/result/?session_id="+id+"&flow_api_key="+s.key(f), "", nil)
		s.refused(code, body, 404, "DATA_ERASED")
		if kept, err := s.Flows.Session(s.Context(), s.Admin, idem.SessionID(id)); err != nil || len(kept.Visits) > 0 {
			t.Errorf("of an erased person: %+v, %v", kept.Visits, err)
		}
	})
}

// TestForgedAddressesAreNotKept: without a trusted proxy the connection's own
// address stands.
func TestForgedAddressesAreNotKept(t *testing.T) {
	each(t, func(s *server) {
		f := s.Flow(nil, idem.TechLivenessHead)
		path, id := s.begin(f)
		s.ok(s.pictures(path+"/steps/0/", "frames", from("203.0.113.7", "Go-http-client/1.1")...))
		if got := s.result(f, id); seen(got) != "[127.0.0.1] [127.0.0.1 Go-http-client/1.1]" {
			t.Errorf("seen from %s", seen(got))
		}
	})
}

func from(address, agent string) []string {
	return []string{"X-Forwarded-For", address, "User-Agent", agent}
}

// pictures posts one picture from a client.
func (s *server) pictures(path, part string, header ...string) (int, object) {
	s.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	to, err := w.CreateFormFile(part, "f.jpg")
	s.Must(err)
	_, err = to.Write([]byte(face()))
	s.Must(err)
	if part == "pages" {
		s.Must(w.WriteField("country", "UTO"))
	}
	s.Must(w.Close())
	return s.call("POST", path, w.FormDataContentType(), &b, header...)
}

// seen writes the addresses and the clients of a result.
func seen(result object) string {
	addresses, clients := []string{}, []string{}
	for _, a := range result["ip_check_results"].([]any) {
		addresses = append(addresses, a.(object)["ip"].(string))
	}
	for _, c := range result["request_sessions"].([]any) {
		at, err := time.Parse("2006-01-02T15:04:05.000000Z", c.(object)["created_at"].(string))
		if err != nil || time.Since(at).Abs() > time.Hour {
			return fmt.Sprintf("a time of %v: %v", at, err)
		}
		clients = append(clients, c.(object)["ip"].(string), c.(object)["user_agent"].(string))
	}
	return fmt.Sprint(addresses, " ", clients)
}
