package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/idem-id/idem"
)

// service is a gateway as the documentation describes it.
type service struct {
	*httptest.Server
	key     *ecdsa.PrivateKey
	answers []func(w http.ResponseWriter, request map[string]any) // one a call; the last one repeats
	calls   int
}

func newService(t *testing.T, answers ...func(http.ResponseWriter, map[string]any)) *service {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &service{key: key, answers: answers}
	s.Server = httptest.NewTLSServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request map[string]any
	data, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(data, &request)
	if r.Header.Get("Authorization") != "Bearer secret" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	answer := s.answers[min(s.calls, len(s.answers)-1)]
	s.calls++
	answer(w, request)
}

func (s *service) provider(t *testing.T) Provider {
	t.Helper()
	keys := &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: s.key.Public(), KeyID: "1", Algorithm: "ES256"}}}
	p, err := NewSigned(Signed{Name: "gateway", URL: s.URL, Keys: keys, Token: "secret", Client: s.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// signed answers with these members and what every answer carries.
func (s *service) signed(t *testing.T, members map[string]any) func(http.ResponseWriter, map[string]any) {
	return func(w http.ResponseWriter, request map[string]any) {
		body := map[string]any{"iat": time.Now().Unix(), "request_id": request["request_id"]}
		for k, v := range members {
			body[k] = v
		}
		payload, _ := json.Marshal(body)
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: s.key, KeyID: "1"}}, nil)
		if err != nil {
			t.Error(err)
			return
		}
		object, err := signer.Sign(payload)
		if err != nil {
			t.Error(err)
			return
		}
		text, _ := object.CompactSerialize()
		_, _ = io.WriteString(w, text)
	}
}

func status(code int) func(http.ResponseWriter, map[string]any) {
	return func(w http.ResponseWriter, _ map[string]any) { w.WriteHeader(code) }
}

func TestEDOC_12_SignedProvider(t *testing.T) {
	s := newService(t)
	s.answers = append(s.answers, status(http.StatusServiceUnavailable), s.signed(t, map[string]any{"session": "s1", "expires_in": 60}),
		s.signed(t, map[string]any{"personal_number": "900102400123", "birth": "1990-01-02", "portrait": "/9j/"}))
	p := s.provider(t)
	session, err := p.Start(t.Context(), Request{"900102400123", "+77010000000"})
	if err != nil || session != (Session{"s1", time.Minute}) {
		t.Fatalf("%+v, %v", session, err)
	}
	record, err := p.Approve(t.Context(), session.ID, "1234")
	if err != nil || record.PersonalNumber != "900102400123" || record.Birth != (idem.Date{Year: 1990, Month: 1, Day: 2}) || len(record.Portrait) != 3 {
		t.Errorf("%+v, %v", record, err)
	}
	if s.calls != 3 {
		t.Errorf("%d calls, want 3: one outage was tried again", s.calls)
	}
}

func TestSignedProviderRefusesAnswers(t *testing.T) {
	other := newService(t)
	for name, c := range map[string]struct {
		answer func(s *service) func(http.ResponseWriter, map[string]any)
		want   error
	}{
		"outage":      {func(*service) func(http.ResponseWriter, map[string]any) { return status(502) }, ErrUnavailable},
		"wrong code":  {func(*service) func(http.ResponseWriter, map[string]any) { return status(422) }, ErrCode},
		"gone":        {func(*service) func(http.ResponseWriter, map[string]any) { return status(410) }, ErrSession},
		"unknown":     {func(*service) func(http.ResponseWriter, map[string]any) { return status(404) }, ErrHolder},
		"redirect":    {func(*service) func(http.ResponseWriter, map[string]any) { return status(302) }, ErrUnavailable},
		"unsigned":    {func(*service) func(http.ResponseWriter, map[string]any) { return plain(`{"personal_number":"1"}`) }, ErrUnavailable},
		"another key": {func(*service) func(http.ResponseWriter, map[string]any) { return other.signed(t, nil) }, ErrUnavailable},
		"old": {func(s *service) func(http.ResponseWriter, map[string]any) {
			return s.signed(t, map[string]any{"iat": 1})
		}, ErrUnavailable},
		"another request": {func(s *service) func(http.ResponseWriter, map[string]any) {
			return s.signed(t, map[string]any{"request_id": "x"})
		}, ErrUnavailable},
		"bad date": {func(s *service) func(http.ResponseWriter, map[string]any) {
			return s.signed(t, map[string]any{"birth": "yesterday"})
		}, ErrUnavailable},
		"too large": {func(*service) func(http.ResponseWriter, map[string]any) {
			return plain(strings.Repeat("x", maxAnswer+1))
		}, ErrUnavailable},
	} {
		s := newService(t)
		s.answers = append(s.answers, c.answer(s))
		if _, err := s.provider(t).Approve(t.Context(), "s", "1234"); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOutagesTellWhatWasSent: a code is unsent only when no connection came
// about, or when the service says so each time.
func TestOutagesTellWhatWasSent(t *testing.T) {
	hangUp := func(http.ResponseWriter, map[string]any) { panic(http.ErrAbortHandler) }
	for name, c := range map[string]struct {
		answers []func(http.ResponseWriter, map[string]any)
		unsent  bool
	}{
		"unavailable":               {[]func(http.ResponseWriter, map[string]any){status(503)}, true},
		"not allowed":               {[]func(http.ResponseWriter, map[string]any){status(403)}, true},
		"its own fault":             {[]func(http.ResponseWriter, map[string]any){status(500)}, false},
		"a proxy's fault":           {[]func(http.ResponseWriter, map[string]any){status(502)}, false},
		"no answer":                 {[]func(http.ResponseWriter, map[string]any){hangUp}, false},
		"no answer, then a refusal": {[]func(http.ResponseWriter, map[string]any){hangUp, status(503)}, false},
		"unsigned":                  {[]func(http.ResponseWriter, map[string]any){plain("{}")}, false},
		"too slow":                  {[]func(http.ResponseWriter, map[string]any){status(408)}, false},
	} {
		s := newService(t, c.answers...)
		s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
		if _, err := s.provider(t).Start(t.Context(), Request{}); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrUnsent) != c.unsent {
			t.Errorf("%s: %v", name, err)
		}
	}
	gone := newService(t, status(200))
	p := gone.provider(t)
	gone.Close()
	if _, err := p.Start(t.Context(), Request{}); !errors.Is(err, ErrUnavailable) || !errors.Is(err, ErrUnsent) {
		t.Errorf("nobody listens: %v", err)
	}
}

func plain(text string) func(http.ResponseWriter, map[string]any) {
	return func(w http.ResponseWriter, _ map[string]any) { _, _ = io.WriteString(w, text) }
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	keys, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1"}}})
	private, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key, KeyID: "1"}}})
	write("keys.json", string(keys))
	write("private.json", string(private))
	write("token", "secret\n")
	set, err := Load(write("good.json", `[{"name":"a","kind":"test"},{"name":"b","kind":"signed","url":"https://gateway.example/v1/","keys":"keys.json","token":"token"}]`))
	if err != nil || len(set) != 2 {
		t.Fatal(set, err)
	}
	if p, err := set.Find("b"); err != nil || p.(*signedProvider).Token != "secret" {
		t.Error(p, err)
	}
	if _, err := set.Find(""); !errors.Is(err, ErrUnknown) {
		t.Errorf("no name among two: %v", err)
	}
	for _, bad := range []string{
		`{}`, `[{"name":"","kind":"test"}]`, `[{"name":"a","kind":"test"},{"name":"a","kind":"test"}]`, `[{"name":"a","kind":"soap"}]`,
		`[{"name":"b","kind":"signed","url":"http://gateway.example","keys":"keys.json"}]`,
		`[{"name":"b","kind":"signed","url":"https://gateway.example","keys":"private.json"}]`,
	} {
		if set, err := Load(write("bad.json", bad)); err == nil {
			t.Errorf("%s: %v", bad, set)
		}
	}
	if set, err := Load(""); err != nil || set != nil {
		t.Error(set, err)
	}
}
