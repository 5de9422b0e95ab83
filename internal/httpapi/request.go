package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/idem-id/idem"
)

// trace is what is known of a request while it is answered. Authentication
// fills in the organisation for the log.
type trace struct {
	id        string
	org       atomic.Pointer[idem.OrgID]
	biometric bool   // a dialect's request that seems to carry a picture
	leave     func() // gives its place back
}

// end gives back what the request held.
func (t *trace) end() {
	if t.leave != nil {
		t.leave()
		t.leave = nil
	}
}

type traceKey struct{}

func traceOf(ctx context.Context) *trace {
	t, _ := ctx.Value(traceKey{}).(*trace)
	return t
}

func requestID(ctx context.Context) string {
	if t := traceOf(ctx); t != nil {
		return t.id
	}
	return ""
}

// noteOrg remembers for the log whose request this is.
func noteOrg(ctx context.Context, org idem.OrgID) {
	if t := traceOf(ctx); t != nil {
		t.org.Store(&org)
	}
}

func (t *trace) organisation() string {
	if org := t.org.Load(); org != nil {
		return string(*org)
	}
	return ""
}

var requestIDForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// outermost is the way of every request: identifier, headers, panic, log and
// metrics around next.
func (s *server) outermost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t := &trace{id: r.Header.Get("X-Request-Id")}
		if !requestIDForm.MatchString(t.id) {
			t.id = s.ids.New()
		}
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), traceKey{}, t), s.workLimit(r.Method))
		defer cancel()
		r = r.WithContext(ctx)
		defer watchBody(w, r)()
		out := &reply{ResponseWriter: w, control: http.NewResponseController(w), patience: s.limits.WriteTimeout}
		done, started := s.metrics.Begin(r.Method), time.Now()
		defer func() {
			done(route(r), out.statusCode())
			s.logRequest(r, t, out.statusCode(), time.Since(started))
		}()
		defer s.recoverPanic(out, r)
		s.setHeaders(out.Header(), r, t.id)
		next.ServeHTTP(out, r)
	})
}

// workLimit is how long a request may be worked on.
func (s *server) workLimit(method string) time.Duration {
	if method == http.MethodGet || method == http.MethodHead {
		return s.limits.ReadWork
	}
	return s.limits.ChangeWork
}

// setHeaders sets what holds for every answer. Handlers may set a laxer
// Content-Security-Policy or Cache-Control for pages.
func (s *server) setHeaders(h http.Header, r *http.Request, id string) {
	h.Set("X-Request-Id", id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if r.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// logRequest tells that a request was answered: never its query, body, headers
// or path values.
func (s *server) logRequest(r *http.Request, t *trace, status int, took time.Duration) {
	s.log.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("method", r.Method), slog.String("route", route(r)),
		slog.Int("status", status), slog.Duration("duration", took), slog.String("request_id", t.id),
		slog.String("organisation", t.organisation()))
}

// route is the pattern that the request was answered by, without its method.
func route(r *http.Request) string {
	if _, pattern, ok := strings.Cut(r.Pattern, " "); ok {
		return pattern
	}
	return r.Pattern
}

func (s *server) recoverPanic(w *reply, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v)
	}
	if r.Context().Err() == nil {
		s.log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("request_id", requestID(r.Context())),
			slog.String("what", describePanic(v)), slog.String("stack", string(debug.Stack())))
	}
	if !w.written() {
		writeProblem(w, r, fmt.Errorf("panic"))
	}
}

// describePanic shows the text of the runtime's own errors only; any other
// value might hold personal data.
func describePanic(v any) string {
	if err, ok := v.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", v)
}

// reply remembers the status and gives every answer a time limit of its own,
// counted from its first byte: a server-wide one would also count the work.
type reply struct {
	http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
	status   int
}

// Unwrap lets http.ResponseController find the connection.
func (a *reply) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *reply) WriteHeader(code int) {
	if a.status == 0 && code >= http.StatusOK {
		a.status = code
		_ = a.control.SetWriteDeadline(time.Now().Add(a.patience)) // test recorders have no deadline
	}
	a.ResponseWriter.WriteHeader(code)
}

func (a *reply) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	return a.ResponseWriter.Write(b)
}

func (a *reply) written() bool { return a.status != 0 }

func (a *reply) statusCode() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

// door is one API of the server: the native one or a dialect.
type door struct {
	mux     *http.ServeMux
	limit   int64 // of bodies, in bytes
	dialect bool
	refuse  func(http.ResponseWriter, *http.Request, error)
}

// free is what a body may have without counting against the memory for bodies.
func (d door) free() int64 {
	if d.dialect {
		return freeDialect
	}
	return freeNative
}

// dispatch finds the API and the route. What no route fits is refused in the
// native shape instead of a mux's plain text, and unclean paths are not
// redirected: a redirected POST loses its body.
func (s *server) dispatch(w http.ResponseWriter, r *http.Request) {
	if !clean(r.URL.Path) {
		writeProblem(w, r, errNoRoute)
		return
	}
	for _, d := range s.doors {
		if _, pattern := d.mux.Handler(r); pattern != "" {
			s.enter(d, w, r)
			return
		}
	}
	probe := &headerOnly{header: http.Header{}}
	handler, _ := s.doors[0].mux.Handler(r)
	handler.ServeHTTP(probe, r)
	if allow := probe.header.Get("Allow"); allow != "" {
		writeNotAllowed(w, r, allow)
		return
	}
	writeProblem(w, r, errNoRoute)
}

var errNoRoute = idem.Errorf(idem.NotFound, "ROUTE_NOT_FOUND", "there is nothing at this path")

func clean(p string) bool {
	return strings.HasPrefix(p, "/") && (path.Clean(p) == p || p != "/" && path.Clean(p)+"/" == p)
}

func writeNotAllowed(w http.ResponseWriter, r *http.Request, allow string) {
	p := newProblem(r.Context(), idem.Errorf(idem.Invalid, codeMethodNotAllowed, "this path does not take the method; it takes %s", allow))
	p.headers.Set("Allow", allow)
	p.write(w)
}

// headerOnly takes an answer for its headers.
type headerOnly struct{ header http.Header }

func (h *headerOnly) Header() http.Header         { return h.header }
func (h *headerOnly) Write(b []byte) (int, error) { return len(b), nil }
func (h *headerOnly) WriteHeader(int)             {}
