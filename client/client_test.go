package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/idem-id/idem/client"
)

// script is a server that gives the next answer of a list to each request and
// remembers what it was asked.
type script struct {
	mu      sync.Mutex
	answers []http.HandlerFunc
	keys    []string
	bodies  []string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	n := len(s.keys)
	s.keys = append(s.keys, r.Header.Get("Idempotency-Key"))
	s.bodies = append(s.bodies, string(body))
	s.mu.Unlock()
	if n >= len(s.answers) {
		n = len(s.answers) - 1
	}
	s.answers[n](w, r)
}

// asked returns the idempotency keys of the requests so far.
func (s *script) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.keys)
}

func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func broken(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }

func start(t *testing.T, answers ...http.HandlerFunc) (*client.Client, *script) {
	t.Helper()
	s := &script{answers: answers}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	c, err := client.New(srv.URL, "sk_test", client.WithAttempts(3, time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

const busy = `{"status":429,"code":"RATE_LIMITED","detail":"busy","request_id":"r1"}`

func TestRepeatsWhatIsSafe(t *testing.T) {
	c, s := start(t, answer(429, busy), broken, answer(201, `{"id":"p1"}`))
	made, err := c.CreatePerson(t.Context(), client.NewPerson{Image: []byte("x"), PhotoType: client.PhotoLive})
	if err != nil || made.ID != "p1" {
		t.Fatalf("%+v, %v", made, err)
	}
	if len(s.asked()) != 3 || s.asked()[0] == "" || s.asked()[0] != s.asked()[1] || s.asked()[1] != s.asked()[2] {
		t.Errorf("keys %q", s.asked())
	}
	if s.bodies[0] != s.bodies[2] || !strings.Contains(s.bodies[0], "live") {
		t.Errorf("bodies differ")
	}
}

func TestOwnIdempotencyKey(t *testing.T) {
	c, s := start(t, answer(201, `{}`))
	ctx := client.WithIdempotencyKey(t.Context(), "order-7")
	if _, err := c.AddAlias(ctx, "p", client.NewAlias{Type: client.AliasCustom, Value: "v"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.FindPersons(ctx, client.NewAlias{Value: "v"}); err != nil {
		t.Fatal(err)
	}
	if s.asked()[0] != "order-7" || s.asked()[1] != "" {
		t.Errorf("keys %q", s.asked())
	}
}

func TestRepetitionEnds(t *testing.T) {
	c, s := start(t, answer(503, `{"status":503,"code":"GALLERY_BUSY","detail":"wait"}`))
	_, err := c.Identify(t.Context(), client.Identify{Image: []byte("x")})
	if client.CodeOf(err) != "GALLERY_BUSY" || len(s.asked()) != 3 {
		t.Errorf("%v after %d attempts", err, len(s.asked()))
	}
}

func TestDoesNotRepeatWhatMayHaveHappened(t *testing.T) {
	for name, first := range map[string]http.HandlerFunc{"broken": broken, "unavailable": answer(503, `{"code":"TIMEOUT"}`)} {
		c, s := start(t, first, answer(204, ""))
		if err := c.DeletePerson(t.Context(), "p"); err == nil || len(s.asked()) != 1 {
			t.Errorf("%s: %v after %d attempts", name, err, len(s.asked()))
		}
	}
	c, s := start(t, answer(429, busy), answer(204, ""))
	if err := c.DeletePerson(t.Context(), "p"); err != nil || len(s.asked()) != 2 {
		t.Errorf("busy: %v after %d attempts", err, len(s.asked()))
	}
	c, s = start(t, answer(409, `{"code":"ALIAS_CONFLICT"}`), answer(201, "{}"))
	if _, err := c.AddAlias(t.Context(), "p", client.NewAlias{}); client.CodeOf(err) != "ALIAS_CONFLICT" || len(s.asked()) != 1 {
		t.Errorf("conflict: %v after %d attempts", err, len(s.asked()))
	}
}

func TestWaitsForItsOwnEarlierAttempt(t *testing.T) {
	c, s := start(t, answer(409, `{"code":"IDEMPOTENCY_IN_PROGRESS"}`), answer(201, `{"id":"p"}`))
	if _, err := c.CreatePerson(t.Context(), client.NewPerson{}); err != nil || len(s.asked()) != 2 {
		t.Errorf("%v after %d attempts", err, len(s.asked()))
	}
}

func TestLimitsOfCodesAreTold(t *testing.T) {
	c, s := start(t, answer(429, `{"code":"RATE_LIMITED","details":{"limit":"receiver","retry_after":600}}`, "Retry-After", "600"))
	if _, err := c.StartEDocument(t.Context(), client.Holder{}); client.CodeOf(err) != "RATE_LIMITED" || len(s.asked()) != 1 {
		t.Errorf("%v after %d attempts", err, len(s.asked()))
	}
}

func TestRetryAfterEndsWithTheContext(t *testing.T) {
	c, s := start(t, answer(429, busy, "Retry-After", "3600"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := c.Organisation(ctx)
		ended <- err
	}()
	for {
		if len(s.asked()) > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if len(s.asked()) != 1 {
		t.Errorf("%d attempts although the server asked for an hour", len(s.asked()))
	}
}

func TestErrors(t *testing.T) {
	c, _ := start(t, answer(422, `{"status":422,"code":"VALIDATION_FAILED","title":"Unprocessable Entity","detail":"not valid","request_id":"r9",
		"errors":[{"detail":"required","pointer":"/image"}],"details":{"k":1}}`))
	_, err := c.Organisation(t.Context())
	var e *client.Error
	if !errors.As(err, &e) || e.Status != 422 || e.Code != "VALIDATION_FAILED" || e.RequestID != "r9" || e.Faults[0].Pointer != "/image" || e.Details["k"] != 1.0 {
		t.Fatalf("%#v", err)
	}
	if text := err.Error(); !strings.Contains(text, "VALIDATION_FAILED") || !strings.Contains(text, "r9") {
		t.Errorf("text %q", text)
	}
	c, _ = start(t, answer(502, "<html>proxy</html>"))
	if _, err := c.Organisation(t.Context()); client.CodeOf(err) != "UNEXPECTED_ANSWER" || !strings.Contains(err.Error(), "502") {
		t.Errorf("%v", err)
	}
	c, _ = start(t, answer(200, "no JSON"))
	if _, err := c.Organisation(t.Context()); err == nil || client.CodeOf(err) != "" {
		t.Errorf("%v", err)
	}
	if _, err := client.New("idem.example", "sk"); err == nil {
		t.Error("an address without a scheme was taken")
	}
}

func TestErrorsDoNotNamePersons(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(broken))
	defer srv.Close()
	c, err := client.New(srv.URL, "sk", client.WithAttempts(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range c.Persons(t.Context(), client.PersonsQuery{Source: "secret-filter"}) {
		if err == nil || strings.Contains(err.Error(), "secret-filter") {
			t.Errorf("%v", err)
		}
	}
}

func TestPages(t *testing.T) {
	page := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("cursor") {
		case "":
			answer(200, `{"data":[{"id":"1"},{"id":"2"}],"next_cursor":"c"}`)(w, r)
		case "c":
			answer(200, `{"data":[{"id":"3"}],"next_cursor":null}`)(w, r)
		}
	}
	c, s := start(t, page)
	var ids []string
	for p, err := range c.Persons(t.Context(), client.PersonsQuery{PageSize: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, p.ID)
	}
	if fmt.Sprint(ids) != "[1 2 3]" || len(s.asked()) != 2 {
		t.Errorf("%v in %d requests", ids, len(s.asked()))
	}
	for range c.Persons(t.Context(), client.PersonsQuery{}) {
		break
	}
	if len(s.asked()) != 3 {
		t.Errorf("leaving the loop asked for more: %d requests", len(s.asked()))
	}
}
