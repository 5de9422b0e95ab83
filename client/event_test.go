package client_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/idem-id/idem/client"
)

// TestReadEvent holds the verification against a vector that was calculated
// with openssl, and against what differs from it in one place.
func TestReadEvent(t *testing.T) {
	const secret, body = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", `{"id":"e1","event":"flow.end","session_id":"s1","success":true}`
	at := time.Unix(1700000000, 0)
	header := func() http.Header {
		h := http.Header{}
		h.Set("webhook-id", "e1")
		h.Set("webhook-timestamp", "1700000000")
		h.Set("webhook-signature", "v1,AAAA v1,FhKDjJ6BmIk2vfOlKFSN53FzaMCioA/g9wPjnoBuoM4=")
		return h
	}
	e, err := client.ReadEvent(secret, header(), []byte(body), at.Add(4*time.Minute))
	if err != nil || e.ID != "e1" || e.Name != client.EventFlowEnd || e.SessionID != "s1" || !e.Success {
		t.Errorf("%+v, %v", e, err)
	}
	for name, c := range map[string]struct {
		secret, body, field, value string
		now                        time.Time
	}{
		"other secret":  {secret: "whsec_" + strings.Repeat("A", 44)},
		"no secret":     {secret: "whsec_"},
		"other body":    {body: strings.Replace(body, ":", ": ", 1)},
		"other id":      {field: "webhook-id", value: "e2"},
		"other time":    {field: "webhook-timestamp", value: "1700000001"},
		"no time":       {field: "webhook-timestamp", value: "soon"},
		"no signature":  {field: "webhook-signature", value: ""},
		"other version": {field: "webhook-signature", value: "v2,FhKDjJ6BmIk2vfOlKFSN53FzaMCioA/g9wPjnoBuoM4="},
		"too old":       {now: at.Add(6 * time.Minute)},
		"too early":     {now: at.Add(-6 * time.Minute)},
	} {
		h, now := header(), at
		if c.field != "" {
			h.Set(c.field, c.value)
		}
		if !c.now.IsZero() {
			now = c.now
		}
		if _, err := client.ReadEvent(or(c.secret, secret), h, []byte(or(c.body, body)), now); !errors.Is(err, client.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
