package throttle

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how often something may be done.
type Rate struct {
	PerSecond float64 // in the long run
	Burst     int     // at once
}

// Buckets holds one bucket for each key, all of one rate. It is safe for
// concurrent use.
type Buckets struct {
	rate Rate
	most int
	now  func() time.Time

	mu     sync.Mutex
	byKey  map[string]*list.Element
	recent *list.List // of *bucket, the one used last in front
}

type bucket struct {
	key    string
	tokens *rate.Limiter
}

// New returns full buckets. At most so many keys are kept: beyond, the one that
// was not used for the longest time starts afresh.
func New(r Rate, most int, now func() time.Time) *Buckets {
	return &Buckets{rate: r, most: most, now: now, byKey: map[string]*list.Element{}, recent: list.New()}
}

// Take takes a token of the key. Without one it returns how long it takes
// until there is one, and takes nothing.
func (b *Buckets) Take(key string) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	r := b.of(key).ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait == 0 {
		return 0, true
	}
	r.CancelAt(now)
	return wait, false
}

// Charge takes n more tokens, also those that are still to come, but not more
// than a burst.
func (b *Buckets) Charge(key string, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(key).ReserveN(b.now(), min(n, b.rate.Burst))
}

// Keys is how many buckets are kept.
func (b *Buckets) Keys() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.recent.Len()
}

// of returns the bucket of a key, and drops the last one when it is full or
// one too many.
func (b *Buckets) of(key string) *rate.Limiter {
	if at, ok := b.byKey[key]; ok {
		b.recent.MoveToFront(at)
		return at.Value.(*bucket).tokens
	}
	for range 2 {
		b.dropLast()
	}
	made := &bucket{key, rate.NewLimiter(rate.Limit(b.rate.PerSecond), b.rate.Burst)}
	b.byKey[key] = b.recent.PushFront(made)
	return made.tokens
}

func (b *Buckets) dropLast() {
	last := b.recent.Back()
	if last == nil {
		return
	}
	old := last.Value.(*bucket)
	if b.recent.Len() >= b.most || old.tokens.TokensAt(b.now()) >= float64(b.rate.Burst) {
		b.recent.Remove(last)
		delete(b.byKey, old.key)
	}
}
