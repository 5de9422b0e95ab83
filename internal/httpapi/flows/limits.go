package flows

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/httpapi/peer"
	"github.com/idem-id/idem/internal/httpapi/throttle"
)

// Limit names what is bounded.
type Limit string

// The limits. Those of sessions have a bucket for each session, that of
// addresses one for each client's address and all of its routes, that of
// opening one for each flow.
const (
	LimitGuidance Limit = "guidance"
	LimitReads    Limit = "reads"       // state, start, challenge, abort
	LimitSubmit   Limit = "submissions" // evidence, codes asked for and codes given
	LimitAddress  Limit = "address"
	LimitOpening  Limit = "opening"

	unlimited Limit = "" // routes with a key
)

// Rates says how often each is allowed.
type Rates map[Limit]throttle.Rate

// DefaultRates leaves a camera and an impatient user room, and an office behind
// one address.
func DefaultRates() Rates {
	return Rates{
		LimitGuidance: {PerSecond: 4, Burst: 8},
		LimitReads:    {PerSecond: 5, Burst: 20},
		LimitSubmit:   {PerSecond: 1, Burst: 5},
		LimitAddress:  {PerSecond: 100, Burst: 300},
		LimitOpening:  {PerSecond: 20, Burst: 100},
	}
}

// ParseRates changes the defaults by a text such as
// "guidance=4/8,address=200/600": so many in a second, so many at once.
func ParseRates(text string) (Rates, error) {
	out := DefaultRates()
	for _, item := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		name, value, _ := strings.Cut(item, "=")
		perSecond, burst, _ := strings.Cut(value, "/")
		r := throttle.Rate{}
		var err error
		if r.PerSecond, err = strconv.ParseFloat(perSecond, 64); err == nil {
			r.Burst, err = strconv.Atoi(burst)
		}
		if _, known := out[Limit(name)]; !known || err != nil || !(r.PerSecond > 0 && r.PerSecond <= 1e6) || r.Burst < 1 {
			return nil, fmt.Errorf("%q is no rate: guidance, reads, submissions, address or opening, as in reads=5/20", item)
		}
		out[Limit(name)] = r
	}
	return out, nil
}

// missed is what an identifier of no session costs an address on top, so that
// trying them out is slow.
const missed = 20

// mostKeys bounds the buckets of one limit: some 20 MB when all are full.
const mostKeys = 1 << 16

// Limiter bounds how often clients without a key come. A nil Limiter bounds
// nothing.
type Limiter struct {
	proxies peer.Proxies
	buckets map[Limit]*throttle.Buckets
	refused map[Limit]*atomic.Int64

	mu     sync.Mutex
	bodies map[string]int // being read, by session
}

// NewLimiter returns a limiter; now is its clock.
func NewLimiter(rates Rates, proxies peer.Proxies, now func() time.Time) *Limiter {
	l := &Limiter{proxies: proxies, buckets: map[Limit]*throttle.Buckets{}, refused: map[Limit]*atomic.Int64{}, bodies: map[string]int{}}
	for name, r := range rates {
		l.buckets[name], l.refused[name] = throttle.New(r, mostKeys, now), &atomic.Int64{}
	}
	return l
}

// Refused is how many requests each limit refused so far.
func (l *Limiter) Refused() map[Limit]int64 {
	out := map[Limit]int64{}
	for name, n := range l.refused {
		out[name] = n.Load()
	}
	return out
}

var errRate = idem.Errorf(idem.Limited, "RATE_LIMITED", "too many requests; try again later")

func (l *Limiter) take(name Limit, key string) error {
	if l == nil {
		return nil
	}
	wait, ok := l.buckets[name].Take(key)
	if ok {
		return nil
	}
	l.refused[name].Add(1)
	return errRate.With("retry_after", int(math.Ceil(wait.Seconds())))
}

// mostBodies is how many requests with a body a session may have under way: a
// submission, a look at the camera, and one whose connection was lost unseen.
// Bodies that come slowly would otherwise fill the memory that all share.
const mostBodies = 3

// enter lets a request to a session's route in until leave is called.
func (l *Limiter) enter(name Limit, r *http.Request) (leave func(), err error) {
	if err := l.admit(name, r); err != nil {
		return nil, err
	}
	id, ok := idem.ParseID(r.PathValue("session_id"))
	if l == nil || !ok || r.ContentLength == 0 {
		return func() {}, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bodies[id] >= mostBodies {
		l.refused[name].Add(1)
		return nil, errRate.With("retry_after", 1)
	}
	l.bodies[id]++
	return func() { l.leave(id) }, nil
}

func (l *Limiter) leave(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bodies[id]--; l.bodies[id] == 0 {
		delete(l.bodies, id)
	}
}

// admit counts a request to a session's route.
func (l *Limiter) admit(name Limit, r *http.Request) error {
	if l == nil || name == unlimited {
		return nil
	}
	if err := l.take(LimitAddress, l.from(r)); err != nil {
		return err
	}
	id, ok := idem.ParseID(r.PathValue("session_id"))
	if !ok {
		return nil // there is no such session, which costs the address
	}
	return l.take(name, id)
}

// miss makes an address pay for an identifier that names no session.
func (l *Limiter) miss(name Limit, r *http.Request) {
	if l != nil && name != unlimited {
		l.buckets[LimitAddress].Charge(l.from(r), missed)
	}
}

// Look runs a look at the session of a path within the limits of reads: what
// stands outside this API and shows sessions has the same bounds.
func (l *Limiter) Look(r *http.Request, look func() error) error {
	if err := l.admit(LimitReads, r); err != nil {
		return err
	}
	err := look()
	if errors.Is(err, idem.ErrSessionNotFound) {
		l.miss(LimitReads, r)
	}
	return err
}

// from is the network of a client, "" without limits.
func (l *Limiter) from(r *http.Request) string {
	if l == nil {
		return ""
	}
	return peer.Key(l.client(r))
}

// client is the address of whoever asks.
func (l *Limiter) client(r *http.Request) netip.Addr {
	if l == nil {
		return peer.Proxies{}.Client(r)
	}
	return l.proxies.Client(r)
}
