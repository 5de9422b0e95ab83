package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/go-json-experiment/json"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/httpapi/status"
)

// Problem is the body of every refusal of the native API (RFC 9457).
type Problem struct {
	Type      string         `json:"type" doc:"Where this code is explained, relative to the server." example:"/docs/errors#ALIAS_CONFLICT"`
	Title     string         `json:"title" doc:"The HTTP status in words." example:"Conflict"`
	Status    int            `json:"status" doc:"The HTTP status code." example:"409"`
	Detail    string         `json:"detail" doc:"What is wrong, for humans." example:"the alias belongs to another person"`
	Code      string         `json:"code" doc:"What is wrong, for programs; it never changes its meaning." example:"ALIAS_CONFLICT"`
	RequestID string         `json:"request_id" doc:"Identifies the request in the server's log."`
	Errors    []ProblemAt    `json:"errors,omitempty" doc:"The faults of the request, one by one."`
	Details   map[string]any `json:"details,omitempty" doc:"What the code says more about."`

	headers http.Header
}

// ProblemAt is one fault of a request.
type ProblemAt struct {
	Detail   string `json:"detail" doc:"What is wrong here."`
	Pointer  string `json:"pointer,omitempty" doc:"JSON Pointer (RFC 6901) into the body." example:"/aliases/0/value"`
	Location string `json:"location,omitempty" doc:"Which part outside the body: query.limit, path.person_id, header.If-Match." example:"query.limit"`
}

// Error makes a Problem an error that huma passes through.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus tells huma the status code.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders tells huma the headers that belong to the refusal.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType is the media type of RFC 9457.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// newProblem makes the body of a refusal. What is not an *idem.Error is shown
// as INTERNAL without a word of its text.
func newProblem(ctx context.Context, err error) *Problem {
	e := refusalOf(ctx, err)
	code := statusOf(e)
	p := &Problem{
		Type: errorPage + "#" + e.Code, Title: http.StatusText(code), Status: code, Detail: e.Message, Code: e.Code,
		RequestID: requestID(ctx), Details: e.Details, headers: http.Header{},
	}
	if e.Field != "" {
		p.Errors = []ProblemAt{fault(e.Field, e.Message)}
	}
	p.addHeaders(e)
	return p
}

// Codes whose status is finer than that of their kind.
const (
	codeBodyTooLarge     = "BODY_TOO_LARGE"
	codeBodyTooSlow      = "BODY_TOO_SLOW"
	codeMethodNotAllowed = "METHOD_NOT_ALLOWED"
	codeClientGone       = "CLIENT_GONE"
)

// statusOf is the status of a refusal: that of its kind but for three codes.
// 499 is for the log alone, because nobody is there to read the answer.
func statusOf(e *idem.Error) int {
	switch e.Code {
	case codeBodyTooSlow:
		return http.StatusRequestTimeout
	case codeMethodNotAllowed:
		return http.StatusMethodNotAllowed
	case codeClientGone:
		return 499
	}
	return status.Of(e.Kind)
}

func refusalOf(ctx context.Context, err error) *idem.Error {
	var e *idem.Error
	switch {
	case errors.As(err, &e) && e.Kind != idem.Internal:
		return e
	case errors.Is(ctx.Err(), context.Canceled):
		return idem.Errorf(idem.Unavailable, codeClientGone, "the client went away")
	case errors.Is(err, context.DeadlineExceeded):
		return idem.Errorf(idem.Unavailable, "TIMEOUT", "the answer took too long")
	case e != nil:
		return idem.Errorf(idem.Internal, e.Code, "the server failed; the operator finds the reason under the request identifier")
	}
	return idem.Errorf(idem.Internal, "INTERNAL", "the server failed; the operator finds the reason under the request identifier")
}

// addHeaders adds what the status demands: when to come back and how to prove
// who one is.
func (p *Problem) addHeaders(e *idem.Error) {
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		p.headers.Set("Retry-After", retryAfter(e))
	case http.StatusUnauthorized:
		p.headers.Set("WWW-Authenticate", `Bearer realm="idem"`)
	}
}

// retryAfter reads the detail retry_after in whole seconds, 1 without one.
func retryAfter(e *idem.Error) string {
	seconds := 1
	switch v := e.Details["retry_after"].(type) {
	case int:
		seconds = max(1, v)
	case int64:
		seconds = max(1, int(v))
	case float64:
		seconds = max(1, int(v+0.999))
	}
	return strconv.Itoa(seconds)
}

// fault turns a field such as aliases[1].value into a JSON Pointer, and
// query.limit or header.If-Match into a location.
func fault(field, detail string) ProblemAt {
	if part, _, ok := strings.Cut(field, "."); ok && slices.Contains([]string{"query", "path", "header"}, part) {
		return ProblemAt{Detail: detail, Location: field}
	}
	return ProblemAt{Detail: detail, Pointer: pointer(field)}
}

func pointer(field string) string {
	if field == "" || strings.HasPrefix(field, "/") {
		return field
	}
	flat := strings.NewReplacer("~", "~0", "/", "~1", "[", ".", "]", "").Replace(field)
	return "/" + strings.ReplaceAll(flat, ".", "/")
}

// refuse turns a use case's error into what huma sends, and logs the cause of
// those that are the server's fault. It is the only place that logs them.
func (s *server) refuse(ctx context.Context, err error) error {
	p := newProblem(ctx, err)
	s.logFailure(ctx, p, err)
	return p
}

func (s *server) logFailure(ctx context.Context, p *Problem, err error) {
	if p.Status < http.StatusInternalServerError {
		return
	}
	level := slog.LevelError
	if p.Status == http.StatusServiceUnavailable {
		level = slog.LevelWarn
	}
	s.log.LogAttrs(ctx, level, "request failed", slog.String("request_id", p.RequestID), slog.String("code", p.Code),
		slog.Any("error", err))
}

// writeProblem answers outside of huma: before a route is found, or after a panic.
func writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := newProblem(r.Context(), err)
	p.write(w)
}

func (p *Problem) write(w http.ResponseWriter) {
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte(`{"code":"INTERNAL"}`)
	}
	for name, values := range p.headers {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // a client that has gone is nobody's fault
}

// problemOfHuma is a huma transformer: what huma refuses on its own becomes a
// Problem too. The offending values are dropped, for they may be personal.
func problemOfHuma(ctx huma.Context, _ string, body any) (any, error) {
	m, ok := body.(*huma.ErrorModel)
	if !ok {
		return body, nil
	}
	code, detail := codeOfHuma(m)
	p := &Problem{Type: errorPage + "#" + code, Title: http.StatusText(m.Status), Status: m.Status, Detail: detail, Code: code,
		RequestID: requestID(ctx.Context())}
	for _, e := range m.Errors {
		if e != nil {
			p.Errors = append(p.Errors, faultOfHuma(e))
		}
	}
	return p, nil
}

func codeOfHuma(m *huma.ErrorModel) (code, detail string) {
	switch m.Status {
	case http.StatusBadRequest:
		return "INVALID_JSON", "the body is not the JSON that is expected"
	case http.StatusRequestEntityTooLarge:
		return codeBodyTooLarge, "the body is larger than is allowed here"
	case http.StatusUnsupportedMediaType:
		return "CONTENT_TYPE_UNSUPPORTED", "the body has a content type that is not understood here"
	case http.StatusRequestTimeout:
		return codeBodyTooSlow, "the body did not arrive in time"
	case http.StatusUnprocessableEntity:
		return "VALIDATION_FAILED", "the request is not valid"
	}
	return "INTERNAL", "the server failed; the operator finds the reason under the request identifier"
}

func faultOfHuma(e *huma.ErrorDetail) ProblemAt {
	if rest, ok := strings.CutPrefix(e.Location, "body"); ok {
		at := strings.TrimPrefix(rest, ".")
		if p, message, ok := cutPointer(e.Message); ok {
			return ProblemAt{Detail: message, Pointer: p}
		}
		if name, ok := requiredMember(e.Message); ok {
			return ProblemAt{Detail: "the member is required", Pointer: pointer(strings.TrimPrefix(at+"."+name, "."))}
		}
		return ProblemAt{Detail: e.Message, Pointer: pointer(at)}
	}
	return ProblemAt{Detail: e.Message, Location: e.Location}
}

// requiredMember reads huma's message about a missing member, which names the
// member but not as a place.
func requiredMember(message string) (name string, ok bool) {
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	rest, found := strings.CutPrefix(message, before)
	name, closed := strings.CutSuffix(rest, after)
	return name, found && closed
}
