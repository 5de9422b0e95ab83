package httpapi

import (
	"context"
	"net/http"
	"strings"

	"golang.org/x/sync/semaphore"

	"github.com/idem-id/idem"
)

// errBusy is the refusal of a request that there is no room for. Refusing at
// once keeps the requests that were let in fast, and the process alive.
var errBusy = idem.Errorf(idem.Limited, "RATE_LIMITED", "the server is busy; try again").With("retry_after", 1)

// What a body may have without counting against Limits.BodyMemory: more where
// it is read after authentication only, and in which steps it counts on top.
const (
	freeNative  = 1 << 20
	freeDialect = 64 << 10
	memoryStep  = 256 << 10
)

// pictureless is what the body of a dialect's request without a picture has at
// most.
const pictureless = 1 << 10

// admission bounds the memory and the work of requests under way.
type admission struct {
	memory    *semaphore.Weighted
	biometric chan struct{}
}

func newAdmission(l Limits) *admission {
	return &admission{memory: semaphore.NewWeighted(l.BodyMemory), biometric: make(chan struct{}, l.Biometric)}
}

// enter takes one of the places for requests with pictures.
func (a *admission) enter() (leave func(), ok bool) {
	select {
	case a.biometric <- struct{}{}:
		return func() { <-a.biometric }, true
	default:
		return nil, false
	}
}

// room reports whether n more bytes could be held at present.
func (a *admission) room(n int64) bool {
	if n <= 0 {
		return true
	}
	if !a.memory.TryAcquire(n) {
		return false
	}
	a.memory.Release(n)
	return true
}

// enter bounds the body of a request and lets the API answer.
func (s *server) enter(d door, w http.ResponseWriter, r *http.Request) {
	if !hasBody(r) {
		d.mux.ServeHTTP(w, r)
		return
	}
	if err := s.checkBody(d, r); err != nil {
		w.Header().Set("Connection", "close") // do not read what was refused
		d.refuse(w, r, err)
		return
	}
	body := s.boundBody(w, r, d)
	defer body.release()
	t := traceOf(r.Context())
	t.biometric = d.dialect && r.Method == http.MethodPost && (r.ContentLength < 0 || r.ContentLength > pictureless)
	defer t.end()
	d.mux.ServeHTTP(w, r)
}

// admitDialect authenticates for a dialect, whose key may stand in the body,
// and takes a place for requests that seem to carry a picture.
func (s *server) admitDialect(ctx context.Context, kind idem.CredentialKind, secret string) (idem.Principal, error) {
	p, err := s.authenticateSecret(ctx, kind, secret)
	if err != nil {
		return p, err
	}
	t := traceOf(ctx)
	if t == nil || !t.biometric || t.leave != nil {
		return p, nil
	}
	leave, ok := s.admission.enter()
	if !ok {
		return idem.Principal{}, errBusy
	}
	t.leave = leave
	return p, nil
}

func hasBody(r *http.Request) bool {
	return r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0
}

// checkBody refuses what can be refused by the headers alone. A body that is
// announced and would not fit is not begun.
func (s *server) checkBody(d door, r *http.Request) error {
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return errEncoding
	}
	if r.ContentLength > d.limit {
		return errBodyTooLarge.With("limit_bytes", d.limit)
	}
	if !s.admission.room(min(r.ContentLength-d.free(), s.limits.BodyMemory)) {
		return errBusy
	}
	return nil
}
