package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Error is a refusal of the server (RFC 9457). Code is stable and meant for
// programs.
type Error struct {
	Status    int            `json:"status"`
	Code      string         `json:"code"`
	Title     string         `json:"title"`
	Detail    string         `json:"detail"`
	RequestID string         `json:"request_id"`
	Faults    []Fault        `json:"errors"`
	Details   map[string]any `json:"details"`
	// RetryAfter is how long the server asks to wait, 0 without such a wish.
	RetryAfter time.Duration `json:"-"`
}

// Fault is one fault of a request: at a JSON Pointer into the body, or at a
// location outside of it.
type Fault struct {
	Detail   string `json:"detail"`
	Pointer  string `json:"pointer"`
	Location string `json:"location"`
}

// Error tells code, words and request identifier.
func (e *Error) Error() string {
	text := fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Detail)
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

// CodeOf returns the server's code in err, "" when the server did not refuse.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// refusal reads an answer that is no success. Something between client and
// server may answer in another form; its status is kept.
func refusal(status int, header http.Header, body []byte) *Error {
	e := &Error{}
	if err := json.Unmarshal(body, e); err != nil || e.Code == "" {
		e = refusalOfFlow(body)
	}
	if e.Code == "" {
		e = &Error{Code: "UNEXPECTED_ANSWER", Detail: http.StatusText(status)}
	}
	e.Status = status
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return e
}

// refusalOfFlow reads the shape in which the Flow session API refuses; the code
// is empty for anything else.
func refusalOfFlow(body []byte) *Error {
	var told struct {
		Error struct {
			Code    string         `json:"code"`
			Message string         `json:"message"`
			Field   string         `json:"field"`
			Details map[string]any `json:"details"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &told) != nil {
		return &Error{}
	}
	e := &Error{Code: told.Error.Code, Detail: told.Error.Message, Details: told.Error.Details}
	if told.Error.Field != "" {
		e.Faults = []Fault{{Detail: told.Error.Message, Pointer: "/" + told.Error.Field}}
	}
	return e
}
