package gallery

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// follower brings one log into the index and keeps the state of its entries.
//
// Every change goes to the table first and to the index second, so that the
// table knows each entry that the index can answer with. On a reset the index
// goes first, and the generation tells searches under way to start again.
type follower struct {
	g    *Gallery
	log  Log
	gate chan struct{} // held by whoever reads the log and applies it
	turn chan struct{} // held by the waiter that looks at the log for all

	keeper *keeper // of snapshots; nil without

	rounds atomic.Int64 // advances begun
	served atomic.Int64 // the newest of them that succeeded

	mu         sync.RWMutex // guards what follows; never held over the store, a search or Apply
	table      table
	blind      map[idem.Seq]struct{} // live entries whose template cannot be opened
	applied    idem.Seq
	hash       [32]byte
	head       idem.Seq // newest position seen
	generation int
	unproven   bool          // a snapshot was loaded and the log not read to its head since
	changed    chan struct{} // closed when anything above changes
	fault      error         // the log broke after a rebuild; only CatchUp tries again
	last       error         // outcome of the newest advance
}

func newFollower(g *Gallery, log Log) *follower {
	return &follower{
		g: g, log: log, keeper: g.newKeeper(log),
		gate: make(chan struct{}, 1), turn: make(chan struct{}, 1),
		blind: map[idem.Seq]struct{}{}, changed: make(chan struct{}),
	}
}

// reach makes sure that position to and everything before it is applied.
func (f *follower) reach(ctx context.Context, to idem.Seq) error {
	if ok, err := f.covers(to); ok && err == nil {
		return nil
	}
	if err := f.enter(ctx); err != nil {
		return err
	}
	defer f.leave()
	if ok, err := f.covers(to); ok && err == nil {
		return nil
	}
	if err := f.advance(ctx); err != nil {
		return err
	}
	ok, err := f.covers(to)
	if !ok && err == nil {
		return ErrBehind
	}
	return err
}

// newest applies everything committed before the call and returns the applied
// position. Callers that arrive together share one reading of the log.
func (f *follower) newest(ctx context.Context) (idem.Seq, error) {
	arrived := f.rounds.Load()
	if err := f.enter(ctx); err != nil {
		return 0, err
	}
	defer f.leave()
	if f.served.Load() <= arrived {
		if err := f.advance(ctx); err != nil {
			return 0, err
		}
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.applied, f.provable()
}

// newestWithin is newest with a limit, behind which the index is ErrBehind.
func (f *follower) newestWithin(ctx context.Context, limit time.Duration) (idem.Seq, error) {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	at, err := f.newest(bounded)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return 0, ErrBehind.Because(err)
	}
	return at, err
}

func (f *follower) enter(ctx context.Context) error {
	select {
	case f.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *follower) leave() { <-f.gate }

func (f *follower) covers(to idem.Seq) (bool, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.applied >= to, f.provable()
}

// provable returns why an answer could leave an entry out. The caller holds mu.
func (f *follower) provable() error {
	if f.fault != nil {
		return f.fault
	}
	if f.unproven {
		return ErrBehind
	}
	for seq := range f.blind {
		return ErrKeyMissing.With("position", int64(seq))
	}
	return nil
}

// advance applies the log up to its newest row. The caller holds the gate.
func (f *follower) advance(ctx context.Context) error {
	round := f.rounds.Add(1)
	err := f.followOrRebuild(ctx)
	if err == nil {
		f.served.Store(round)
	}
	if ctx.Err() == nil { // an impatient caller says nothing about the log
		f.mu.Lock()
		f.last = err
		f.mu.Unlock()
	}
	return err
}

// followOrRebuild reads a log that does not chain again from its beginning,
// once.
func (f *follower) followOrRebuild(ctx context.Context) error {
	f.mu.RLock()
	fault := f.fault
	f.mu.RUnlock()
	if fault != nil {
		return fault
	}
	if err := f.restore(ctx); err != nil {
		return fmt.Errorf("load gallery snapshot: %w", err)
	}
	err := f.follow(ctx)
	if err == nil {
		err = f.prove()
	}
	if !errors.Is(err, ErrLogBroken) {
		return err
	}
	f.g.count.rebuilds.Add(1)
	f.giveUp(ctx, "follow the log from a gallery snapshot", err)
	f.reset(ctx)
	if err = f.follow(ctx); errors.Is(err, ErrLogBroken) {
		f.reset(ctx)
		f.mu.Lock()
		f.fault = err
		f.mu.Unlock()
	}
	return err
}

// retry forgets an earlier verdict over the log.
func (f *follower) retry() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = nil
}

// follow reads and applies pages until one is not full. When that leaves an
// entry without its key it looks once more: a key is destroyed behind the row
// that ends its entry, and that row may have been committed since the last
// reading began.
func (f *follower) follow(ctx context.Context) error {
	for again := true; ; {
		p, err := f.read(ctx)
		if err != nil {
			return fmt.Errorf("follow gallery log: %w", err)
		}
		if err := f.absorb(ctx, p); err != nil {
			return err
		}
		if len(p.rows) == f.g.opt.Page {
			continue
		}
		if !again || f.seesAll() {
			return nil
		}
		again = false
	}
}

// seesAll reports whether every standing entry can be compared.
func (f *follower) seesAll() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return len(f.blind) == 0
}

// page is what one transaction saw of the log behind a position.
type page struct {
	after    idem.Seq
	prev     [32]byte
	rows     []store.StoredRow
	moved    map[idem.Seq][]byte // sealed templates of the entries that rows move
	head     idem.Seq
	headHash [32]byte
}

func (f *follower) read(ctx context.Context) (page, error) {
	f.mu.RLock()
	p := page{after: f.applied, prev: f.hash}
	f.mu.RUnlock()
	model := f.log.Model
	err := f.g.store.View(ctx, f.log.Org, func(tx store.Tx) (err error) {
		if p.head, p.headHash, err = tx.Gallery().Head(ctx, model); err != nil || p.head <= p.after {
			return err
		}
		if p.rows, err = tx.Gallery().Rows(ctx, model, p.after, f.g.opt.Page); err != nil {
			return err
		}
		return f.readMoved(ctx, tx, &p)
	})
	return p, err
}

func (f *follower) readMoved(ctx context.Context, tx store.Tx, p *page) error {
	for i := range p.rows {
		row := &p.rows[i]
		if row.Op != idem.OpMove || row.Ref > p.after || p.moved[row.Ref] != nil {
			continue
		}
		sealed, err := tx.Gallery().Template(ctx, f.log.Model, row.Ref)
		if err != nil {
			return err
		}
		if p.moved == nil {
			p.moved = map[idem.Seq][]byte{}
		}
		p.moved[row.Ref] = sealed
	}
	return nil
}

// absorb checks a page, opens its templates and applies it. Nothing is changed
// before everything could be opened.
func (f *follower) absorb(ctx context.Context, p page) error {
	if err := p.check(f.log, f.g.opt.Page); err != nil {
		return err
	}
	if len(p.rows) == 0 {
		f.see(p.head)
		return nil
	}
	opened, err := f.openPage(ctx, p)
	if err != nil {
		return err
	}
	last := &p.rows[len(p.rows)-1]
	changes := f.enact(p, opened)
	if err := f.g.index.Apply(context.WithoutCancel(ctx), f.log, changes, last.Seq); err != nil {
		f.reset(ctx)
		return fmt.Errorf("apply to index: %w", err)
	}
	f.arrive(last, p.head)
	f.erase(ctx, changes)
	return nil
}

func (f *follower) arrive(last *store.StoredRow, head idem.Seq) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.applied, f.hash, f.head = last.Seq, last.Hash, head
	f.announce()
}

func (f *follower) see(head idem.Seq) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.head = head
}

// enact brings the rows into the table and returns what the index must know.
func (f *follower) enact(p page, opened map[idem.Seq]reading) []Change {
	f.mu.Lock()
	defer f.mu.Unlock()
	changes := make([]Change, 0, len(p.rows))
	for i := range p.rows {
		row := &p.rows[i].LogRow
		if !f.table.apply(row) {
			f.g.count.irregular.Add(1)
			continue
		}
		if row.Op == idem.OpActivate {
			continue
		}
		c := Change{Seq: row.Seq, Op: row.Op, Ref: row.Ref, Set: row.Set}
		if row.Op == idem.OpReserve || row.Op == idem.OpMove {
			c.Template = opened[row.Ref].template
		}
		f.watchBlind(c)
		changes = append(changes, c)
	}
	f.announce()
	return changes
}

// watchBlind keeps the list of standing entries that cannot be compared.
func (f *follower) watchBlind(c Change) {
	switch {
	case c.Op == idem.OpWithdraw || c.Op == idem.OpRemove:
		delete(f.blind, c.Ref)
	case c.Template.Dim() == 0:
		f.blind[c.Ref] = struct{}{}
	}
}

// reset forgets the log: first the index, so that no search can meet a full
// index with an empty table. A snapshot goes with it.
func (f *follower) reset(ctx context.Context) {
	f.g.index.Drop(f.log)
	f.giveUp(ctx, "keep a gallery snapshot", errReset)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.table = table{}
	f.blind = map[idem.Seq]struct{}{}
	f.applied, f.hash, f.unproven = 0, [32]byte{}, false
	f.generation++
	f.announce()
}

func (f *follower) announce() {
	close(f.changed)
	f.changed = make(chan struct{})
}
