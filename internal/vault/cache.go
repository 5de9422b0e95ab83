package vault

import (
	"sync"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
)

// cache keeps unwrapped data keys, the least recently used one leaves first. It
// keeps the 32 bytes and not the prepared cipher: that is a tenth of the memory,
// and a key that leaves can be wiped.
type cache struct {
	mu    sync.Mutex
	index map[uuid.UUID]int32
	slots []slot
	head  int32 // most recently used, -1 when empty
	tail  int32
	limit int
	// drops counts removals by destruction. A reader that fetched a key while
	// one happened must not put it back.
	drops uint64
}

type slot struct {
	id         uuid.UUID
	org        idem.OrgID
	key        secret
	erased     bool
	prev, next int32
}

func newCache(limit int) *cache {
	return &cache{index: make(map[uuid.UUID]int32), head: -1, tail: -1, limit: limit}
}

// get returns the key when it is known; erased tells that it was destroyed.
func (c *cache) get(org idem.OrgID, id uuid.UUID) (key secret, erased, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, ok := c.index[id]
	if !ok || c.slots[i].org != org {
		return secret{}, false, false
	}
	c.touch(i)
	return c.slots[i].key, c.slots[i].erased, true
}

// mark is given back to put, so that it can refuse what became stale between.
func (c *cache) mark() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drops
}

// put keeps a key unless a destruction happened since mark.
func (c *cache) put(mark uint64, org idem.OrgID, id uuid.UUID, key secret) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if mark == c.drops {
		c.set(org, id, key, false)
	}
}

// drop wipes a destroyed key and remembers that it is destroyed.
func (c *cache) drop(org idem.OrgID, id uuid.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	c.set(org, id, secret{}, true)
}

func (c *cache) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.index)
}

// wipe forgets everything.
func (c *cache) wipe() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.slots)
	clear(c.index)
	c.slots, c.head, c.tail = nil, -1, -1
	c.drops++
}

func (c *cache) set(org idem.OrgID, id uuid.UUID, key secret, erased bool) {
	i, ok := c.index[id]
	if !ok {
		i = c.room()
		c.slots[i] = slot{id: id, prev: -1, next: -1}
		c.index[id] = i
		c.pushFront(i)
	} else {
		c.touch(i)
	}
	s := &c.slots[i]
	s.org, s.key, s.erased = org, key, erased
}

// room returns an unlinked slot: a fresh one, or that of the entry used longest
// ago.
func (c *cache) room() int32 {
	if len(c.slots) < c.limit {
		c.slots = append(c.slots, slot{})
		return int32(len(c.slots) - 1)
	}
	i := c.tail
	c.unlink(i)
	delete(c.index, c.slots[i].id)
	return i
}

func (c *cache) touch(i int32) {
	if c.head != i {
		c.unlink(i)
		c.pushFront(i)
	}
}

func (c *cache) unlink(i int32) {
	s := &c.slots[i]
	if s.prev >= 0 {
		c.slots[s.prev].next = s.next
	} else {
		c.head = s.next
	}
	if s.next >= 0 {
		c.slots[s.next].prev = s.prev
	} else {
		c.tail = s.prev
	}
}

func (c *cache) pushFront(i int32) {
	s := &c.slots[i]
	s.prev, s.next = -1, c.head
	if c.head >= 0 {
		c.slots[c.head].prev = i
	} else {
		c.tail = i
	}
	c.head = i
}
