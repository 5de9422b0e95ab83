package access

import (
	"sync"
	"time"

	"github.com/idem-id/idem"
)

// The cache holds a look-up for cacheLife at most, and cacheSize look-ups.
const (
	cacheLife = 5 * time.Second
	cacheSize = 10_000
)

// cache remembers credentials that were found lately. Unknown secrets are not
// remembered: guessing must not push out what works.
type cache struct {
	now func() time.Time

	mu      sync.Mutex
	byKey   map[[32]byte]cached
	dropped int64 // counts drops: a look-up begun before one is not kept
}

type cached struct {
	owned
	until time.Time
}

func newCache(now func() time.Time) *cache {
	return &cache{now: now, byKey: make(map[[32]byte]cached)}
}

func (c *cache) get(key [32]byte) (owned, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept, ok := c.byKey[key]
	if !ok || !c.now().Before(kept.until) {
		return owned{}, false
	}
	return kept.owned, true
}

// epoch is asked before a look-up and given back to put with its result.
func (c *cache) epoch() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dropped
}

func (c *cache) put(key [32]byte, o owned, epoch int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if epoch != c.dropped {
		return
	}
	if len(c.byKey) >= cacheSize {
		c.makeRoom()
	}
	c.byKey[key] = cached{owned: o, until: c.now().Add(cacheLife)}
}

// makeRoom forgets what is over, and everything when that is not enough.
func (c *cache) makeRoom() {
	now := c.now()
	for k, v := range c.byKey {
		if !now.Before(v.until) {
			delete(c.byKey, k)
		}
	}
	if len(c.byKey) >= cacheSize {
		clear(c.byKey)
	}
}

// drop forgets one credential at once. It is called after the revocation is
// durable, so that no later look-up brings the old state back.
func (c *cache) drop(id idem.CredentialID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropped++
	for k, v := range c.byKey {
		if v.credential.ID == id {
			delete(c.byKey, k)
		}
	}
}
