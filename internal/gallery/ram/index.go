package ram

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/match"
)

// Index implements gallery.Index for templates of one model.
type Index struct {
	model uint32
	dim   int

	shareFrom int           // references
	places    chan struct{} // taken by shared passes
	count     counters

	mu   sync.RWMutex
	logs map[gallery.Log]*references
}

// New returns an empty index for templates of the model and dimension.
func New(model gallery.Model) *Index {
	return &Index{
		model: model.Short, dim: model.Dim, shareFrom: minShared,
		places: make(chan struct{}, max(2, runtime.GOMAXPROCS(0))),
		logs:   map[gallery.Log]*references{},
	}
}

// references are those of one log, one match.Gallery per set, so that a search
// reads nothing but the sets that it covers.
type references struct {
	applied atomic.Int64

	mu    sync.RWMutex
	sets  map[idem.Set]*match.Gallery
	lines map[string]*line // by the sets that are searched

	// A reference on its way from one set to another must not slip between the
	// scans of the two. moves is odd during a move; a search that saw it
	// change is repeated, and in the end keeps movers out by moving.
	moves  atomic.Int64
	moving sync.RWMutex
}

// ShareFrom makes searches over so many references and more share passes, and
// returns the index. It is called before the first search.
func (x *Index) ShareFrom(references int) *Index {
	x.shareFrom = references
	return x
}

func newReferences(sets map[idem.Set]*match.Gallery) *references {
	return &references{sets: sets, lines: map[string]*line{}}
}

func (x *Index) find(log gallery.Log) *references {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.logs[log]
}

func (x *Index) findOrAdd(log gallery.Log) *references {
	x.mu.Lock()
	defer x.mu.Unlock()
	r, ok := x.logs[log]
	if !ok {
		r = newReferences(map[idem.Set]*match.Gallery{})
		x.logs[log] = r
	}
	return r
}

// Applied returns the applied position of a log, 0 when it is unknown.
func (x *Index) Applied(log gallery.Log) idem.Seq {
	if r := x.find(log); r != nil {
		return idem.Seq(r.applied.Load())
	}
	return 0
}

// Drop forgets a log.
func (x *Index) Drop(log gallery.Log) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.logs, log)
}

// Apply takes the next changes of a log.
func (x *Index) Apply(_ context.Context, log gallery.Log, changes []gallery.Change, to idem.Seq) error {
	r := x.findOrAdd(log)
	applied := idem.Seq(r.applied.Load())
	for _, c := range changes {
		if c.Seq <= applied {
			continue
		}
		if err := x.apply(r, c); err != nil {
			return fmt.Errorf("%s at %d: %w", c.Op, c.Seq, err)
		}
	}
	if to > applied {
		r.applied.Store(int64(to))
	}
	return nil
}

func (x *Index) apply(r *references, c gallery.Change) error {
	switch c.Op {
	case idem.OpReserve:
		return x.add(r, c)
	case idem.OpWithdraw, idem.OpRemove:
		r.removeExcept("", c.Ref)
	case idem.OpMove:
		r.moving.Lock()
		defer r.moving.Unlock()
		r.moves.Add(1)
		defer r.moves.Add(1)
		r.removeExcept(c.Set, c.Ref)
		return x.add(r, c)
	}
	return nil
}

// add is without effect for a template that was erased, or is there already.
func (x *Index) add(r *references, c gallery.Change) error {
	if c.Template.Dim() == 0 {
		return nil
	}
	refs, err := x.set(r, c.Set)
	if err != nil {
		return err
	}
	if err := refs.Add(uint64(c.Ref), c.Template); !errors.Is(err, match.ErrExists) {
		return err
	}
	return nil
}

func (x *Index) set(r *references, set idem.Set) (*match.Gallery, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if refs, ok := r.sets[set]; ok {
		return refs, nil
	}
	refs, err := match.NewGallery(x.model, x.dim)
	if err != nil {
		return nil, err
	}
	r.sets[set] = refs
	return refs, nil
}

func (r *references) removeExcept(keep idem.Set, ref idem.Seq) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for set, refs := range r.sets {
		if set != keep && refs.Remove(uint64(ref)) {
			return
		}
	}
}

// Search compares the probe with every reference of the sets. Where these are
// many, searches that come during a pass over them share the next one.
func (x *Index) Search(ctx context.Context, log gallery.Log, probe match.Template, q gallery.Query, at idem.Seq) (gallery.Found, error) {
	r := x.find(log)
	if r == nil {
		if at > 0 {
			return gallery.Found{}, gallery.ErrBehind
		}
		return gallery.Found{}, nil
	}
	if idem.Seq(r.applied.Load()) < at {
		return gallery.Found{}, gallery.ErrBehind
	}
	a := &ask{ctx: ctx, probe: probe, query: q, came: time.Now()}
	if r.shares(q, x.shareFrom) {
		return x.wait(r, a)
	}
	x.pass(r, []*ask{a})
	return a.found, a.err
}

// covered returns the references of the sets, each once.
func (r *references) covered(sets []idem.Set) []*match.Gallery {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []*match.Gallery
	for i, set := range sets {
		if refs, ok := r.sets[set]; ok && !slices.Contains(sets[:i], set) {
			out = append(out, refs)
		}
	}
	return out
}

func best(candidates []gallery.Candidate, k int) []gallery.Candidate {
	slices.SortFunc(candidates, func(a, b gallery.Candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Seq, b.Seq))
	})
	if k > 0 && len(candidates) > k {
		candidates = candidates[:k]
	}
	return candidates
}
