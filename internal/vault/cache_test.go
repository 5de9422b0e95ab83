package vault

import (
	"encoding/binary"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/idem-id/idem"
)

func numbered(n int) uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

// The cache is compared with a slice in order of use.
func TestCacheIsAnLRU(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 6).Draw(t, "limit")
		c := newCache(limit)
		type entry struct {
			id     int
			org    idem.OrgID
			key    secret
			erased bool
		}
		var model []entry // most recently used last
		find := func(id int) int { return slices.IndexFunc(model, func(e entry) bool { return e.id == id }) }
		set := func(e entry) {
			if i := find(e.id); i >= 0 {
				model = slices.Delete(model, i, i+1)
			}
			model = append(model, e)
			if len(model) > limit {
				model = model[1:]
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				e := entry{id: rapid.IntRange(0, 9).Draw(t, "id"), org: orgA, key: newSecret()}
				c.put(c.mark(), e.org, numbered(e.id), e.key)
				set(e)
			},
			"put stale": func(t *rapid.T) {
				mark := c.mark()
				e := entry{id: rapid.IntRange(0, 9).Draw(t, "id"), org: orgA, erased: true}
				c.drop(e.org, numbered(e.id))
				set(e)
				c.put(mark, e.org, numbered(e.id), newSecret())
			},
			"get": func(t *rapid.T) {
				id := rapid.IntRange(0, 9).Draw(t, "id")
				key, erased, known := c.get(orgA, numbered(id))
				i := find(id)
				if known != (i >= 0) || known && (key != model[i].key || erased != model[i].erased) {
					t.Fatalf("get %d: known %v erased %v, model %v", id, known, erased, i)
				}
				if known {
					set(model[i])
				}
				if _, _, known := c.get(orgB, numbered(id)); known {
					t.Fatal("another organisation sees the key")
				}
			},
			"": func(t *rapid.T) {
				if c.len() != len(model) {
					t.Fatalf("%d entries, want %d", c.len(), len(model))
				}
			},
		})
	})
}

func TestCacheUnderConcurrency(t *testing.T) {
	c := newCache(50)
	var group sync.WaitGroup
	for w := range 4 {
		group.Go(func() {
			for i := range 3000 {
				id := numbered((i*7 + w) % 90)
				switch i % 5 {
				case 0:
					c.drop(orgA, id)
				case 1, 2:
					c.put(c.mark(), orgA, id, secret{byte(w)})
				default:
					c.get(orgA, id)
				}
			}
		})
	}
	group.Wait()
	if c.len() > 50 {
		t.Errorf("%d entries", c.len())
	}
}

func TestEvictedKeysAreLoadedAgain(t *testing.T) {
	v := open(t, Options{URL: t.TempDir() + "/keys.db", Master: NewMaster(), CacheKeys: 3})
	sealed := map[idem.DataKeyID][]byte{}
	var ids []idem.DataKeyID
	for range 20 {
		key := newKey(t, v, orgA)
		ids = append(ids, key)
		sealed[key] = seal(t, v, key, place(orgA), string(key))
	}
	if err := v.Preload(t.Context(), orgA, ids); err != nil {
		t.Fatal(err)
	}
	if v.cache.len() != 3 {
		t.Errorf("%d keys in memory", v.cache.len())
	}
	for key, s := range sealed {
		mustOpen(t, v, place(orgA), s, string(key))
	}
}
