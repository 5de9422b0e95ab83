package httpapi

import (
	"net/http"
	"strings"

	"golang.org/x/sync/semaphore"

	"github.com/idem-id/idem"
)

// errBusy is the refusal of a request that there is no room for. Refusing at
// once keeps the requests that were let in fast, and the process alive.
var errBusy = idem.Errorf(idem.Limited, "RATE_LIMITED", "the server is busy; try again").With("retry_after", 1)

// smallBody is what a body may have without counting against Limits.BodyMemory.
const smallBody = 64 << 10

// admission bounds the memory and the work of requests under way.
type admission struct {
	memory    *semaphore.Weighted
	budget    int64
	biometric chan struct{}
}

func newAdmission(l Limits) *admission {
	return &admission{memory: semaphore.NewWeighted(l.BodyMemory), budget: l.BodyMemory, biometric: make(chan struct{}, l.Biometric)}
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

// enter bounds the body of a request, reserves the memory for it and lets the
// API answer.
func (s *server) enter(d door, w http.ResponseWriter, r *http.Request) {
	if !hasBody(r) {
		d.mux.ServeHTTP(w, r)
		return
	}
	weight, err := s.reserve(d, r)
	if err != nil {
		w.Header().Set("Connection", "close") // do not read what was refused
		d.refuse(w, r, err)
		return
	}
	defer s.admission.memory.Release(weight)
	s.boundBody(w, r, d.limit)
	d.mux.ServeHTTP(w, r)
}

func (s *server) reserve(d door, r *http.Request) (weight int64, err error) {
	if err := checkBody(r, d.limit); err != nil {
		return 0, err
	}
	weight = s.admission.weight(r.ContentLength, d.limit)
	if !s.admission.memory.TryAcquire(weight) {
		return 0, errBusy
	}
	return weight, nil
}

func hasBody(r *http.Request) bool {
	return r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0
}

func checkBody(r *http.Request, limit int64) error {
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return errEncoding
	}
	if r.ContentLength > limit {
		return errBodyTooLarge.With("limit_bytes", limit)
	}
	return nil
}

// weight is the memory that a body may take, as far as it is announced.
func (a *admission) weight(length, limit int64) int64 {
	switch {
	case length < 0:
		return min(limit, a.budget)
	case length <= smallBody:
		return 0
	}
	return min(length, a.budget)
}
