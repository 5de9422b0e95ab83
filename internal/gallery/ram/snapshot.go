package ram

import (
	"maps"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/match"
)

var _ gallery.Snapshotter = (*Index)(nil)

// Len returns how many references of a log there are.
func (x *Index) Len(log gallery.Log) (n int) {
	for _, refs := range x.find(log).all() {
		n += refs.Len()
	}
	return n
}

// Capture notes which references a log has now, by set.
func (x *Index) Capture(log gallery.Log) map[idem.Set]*match.Capture {
	out := map[idem.Set]*match.Capture{}
	for set, refs := range x.find(log).all() {
		out[set] = refs.Capture()
	}
	return out
}

// Restore makes the references of a log those of the sets, as of a position.
func (x *Index) Restore(log gallery.Log, sets map[idem.Set]*match.Gallery, applied idem.Seq) {
	r := newReferences(maps.Clone(sets))
	r.applied.Store(int64(applied))
	x.mu.Lock()
	defer x.mu.Unlock()
	x.logs[log] = r
}

func (r *references) all() map[idem.Set]*match.Gallery {
	if r == nil {
		return nil
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return maps.Clone(r.sets)
}
