package persons

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/httpapi/idempotent"
)

// api holds what the endpoints share.
type api struct {
	Deps
	batches chan struct{} // places for batches under way
}

// request is one authenticated request. Body is nil for routes without one.
type request struct {
	*http.Request
	principal idem.Principal
	secret    string
	body      []byte
	form      *form // for routes that take one
	claim     *idempotent.Claim
}

// answer is what an endpoint returns. A nil body is sent as no content.
type answer struct {
	status int
	body   any
	header map[string]string
}

// file is a body that is sent as it is.
type file struct {
	data []byte
	mime string
}

// endpoint answers an authenticated request.
type endpoint func(ctx context.Context, r *request) (answer, error)

// handle is the way of every request: limits, body, key, endpoint, answer.
func (a *api) handle(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer a.recover(w, r)
		if err := a.serve(w, r, rt); err != nil {
			a.writeError(w, r, renamed(err, fieldNames))
		}
	})
}

func (a *api) serve(w http.ResponseWriter, r *http.Request, rt route) error {
	if rt.limit == batchLimit {
		leave, err := a.enterBatch(r.Context())
		if err != nil {
			return err
		}
		defer leave()
	}
	req, err := a.authenticate(w, r, rt)
	if err != nil {
		return idem.Hint(err, idem.Unauthenticated, "the organisation's Persons key is expected, as api_key or in the header X-API-Key")
	}
	if !rt.creates {
		out, err := rt.endpoint(r.Context(), req)
		if err != nil {
			return err
		}
		return write(w, out)
	}
	return a.serveOnce(w, req, rt)
}

// serveOnce runs a creating request under its Idempotency-Key.
func (a *api) serveOnce(w http.ResponseWriter, r *request, rt route) error {
	key, err := idempotent.FromHTTP(r.Request, r.body)
	if err != nil {
		return err
	}
	var header map[string]string
	done, err := idempotent.Do(r.Context(), a.Store, r.principal, key, func(ctx context.Context, c *idempotent.Claim) (idempotent.Answer, error) {
		r.claim = c
		out, err := rt.endpoint(ctx, r)
		if err != nil {
			return idempotent.Answer{}, err
		}
		header = out.header
		return idempotent.Answer{Status: out.status, Body: encode(out.body)}, nil
	})
	if err != nil {
		return err
	}
	if done.Replayed {
		header = map[string]string{idempotent.Replayed: "true"}
	}
	return send(w, done.Status, "application/json", done.Body, header)
}

func write(w http.ResponseWriter, out answer) error {
	if f, ok := out.body.(file); ok {
		return send(w, out.status, f.mime, f.data, out.header)
	}
	if out.body == nil {
		return send(w, out.status, "", nil, out.header)
	}
	return send(w, out.status, "application/json", encode(out.body), out.header)
}

// send writes an answer. A client that left is nobody's error.
func send(w http.ResponseWriter, status int, mime string, body []byte, header map[string]string) error {
	h := w.Header()
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if mime != "" {
		h.Set("Content-Type", mime)
	}
	for name, value := range header {
		h.Set(name, value)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return nil
}

// encode renders a wire struct. It cannot fail: wire structs hold texts,
// numbers and valid JSON only.
func encode(body any) []byte {
	if body == nil {
		return nil
	}
	out, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		panic(err)
	}
	return out
}

// recover answers a panic with 500 and logs where it happened, not with what:
// the value may be anything that came in.
func (a *api) recover(w http.ResponseWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	var at []string
	for f, more := frames.Next(); ; f, more = frames.Next() {
		at = append(at, f.Function)
		if !more {
			break
		}
	}
	a.Log.ErrorContext(r.Context(), "request panicked", slog.String("request_id", a.requestID(w, r)), slog.String("at", strings.Join(at, " < ")))
	a.writeError(w, r, errInternal)
}
