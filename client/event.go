package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The events of a session, in their order, those of its person for webhooks
// with PersonEvents, and that of TestWebhook.
const (
	EventFlowStart       = "flow.start"
	EventTechnologyStart = "technology.start"
	EventTechnologyEnd   = "technology.end"
	EventFlowEnd         = "flow.end"
	EventPersonCreated   = "person.created"
	EventPersonUpdated   = "person.updated"
	EventPersonConflict  = "person.conflict"
	EventTest            = "webhook.test"
)

// Event is what a webhook delivers. It may come more than once, each time with
// the same ID.
type Event struct {
	ID        string          `json:"id"`
	Name      string          `json:"event"`
	SessionID string          `json:"session_id"` // empty for a test
	Created   int64           `json:"created"`    // seconds since 1970
	Success   bool            `json:"success"`
	FlowName  string          `json:"flow_name"`
	Metadata  json.RawMessage `json:"metadata"` // as it was given to the session
	Data      json.RawMessage `json:"data"`     // without pictures: read the result for those
}

// EventTolerance is how far the time of a delivery may be from the receiver's
// clock.
const EventTolerance = 5 * time.Minute

// ErrSignature: a delivery was not signed with the secret, or too long ago.
var ErrSignature = errors.New("the webhook's signature does not hold")

// ReadEvent reads a delivery after its signature (Standard Webhooks 1.0) was
// verified with the webhook's secret over the bytes of the body as they came;
// ErrSignature otherwise. now is the receiver's clock.
func ReadEvent(secret string, h http.Header, body []byte, now time.Time) (e Event, err error) {
	if !signed(secret, h, body, now) {
		return e, ErrSignature
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, fmt.Errorf("read event: %w", err)
	}
	return e, nil
}

func signed(secret string, h http.Header, body []byte, now time.Time) bool {
	id, stamp := h.Get("webhook-id"), h.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > EventTolerance {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) == 0 {
		return false
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, stamp, body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, given := range strings.Fields(h.Get("webhook-signature")) {
		if hmac.Equal([]byte(given), []byte(want)) {
			return true
		}
	}
	return false
}
