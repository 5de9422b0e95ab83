package gallery

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/match"
)

// Snapshots says where the galleries of this process are saved. They are
// derived data: what is missing, damaged or does not fit the log is built from
// the log again, and nobody but the log of the process hears of it. One Gallery
// at a time may use a folder: what it does not know there, it ends.
type Snapshots struct {
	Folder string
	Keys   SnapshotKeys
	Log    *slog.Logger
	// MinRows is how many rows of a log a start may have to apply without a
	// snapshot being worth its while; 2000 by default.
	MinRows int
	// MaxAge is after how long a gallery with that many new rows is saved
	// though they are few; 15 minutes by default.
	MaxAge time.Duration
	// Pace bounds how many bytes a second are written while the process serves;
	// 64 MiB by default.
	Pace int
}

// SnapshotKeys makes the key of each generation of snapshots and destroys it
// with the generation; vault.Vault is one.
type SnapshotKeys interface {
	NewKey(ctx context.Context, org idem.OrgID) (idem.DataKeyID, error)
	// AEAD returns the cipher of a key; it makes its own nonces.
	AEAD(ctx context.Context, org idem.OrgID, key idem.DataKeyID) (cipher.AEAD, error)
	DestroyKey(ctx context.Context, org idem.OrgID, key idem.DataKeyID) error
}

// Snapshotter is what an index may offer besides: giving its references to be
// saved, and taking them back.
type Snapshotter interface {
	// Capture notes which references a log has, by set. It is called between
	// two calls of Apply and returns at once.
	Capture(log Log) map[idem.Set]*match.Capture
	// Restore makes the references of a log those of the sets and its applied
	// position the given one.
	Restore(log Log, sets map[idem.Set]*match.Gallery, applied idem.Seq)
	// Len returns how many references a log has.
	Len(log Log) int
}

var errReset = errors.New("the gallery is built again")

func (s *Snapshots) withDefaults() *Snapshots {
	out := *s
	out.MinRows = orDefault(s.MinRows, 2000)
	out.MaxAge = orDefault(s.MaxAge, 15*time.Minute)
	out.Pace = orDefault(s.Pace, 64<<20)
	if out.Log == nil {
		out.Log = slog.New(slog.DiscardHandler)
	}
	return &out
}

// keeper keeps the snapshots of one log. All of it belongs to the holder of the
// follower's gate.
type keeper struct {
	*Snapshots
	index   Snapshotter
	folder  string
	looked  bool        // for a snapshot to start from
	current *generation // nil when there is none
	failed  time.Time   // when the newest save failed
	left    bool        // tidy could not end everything
	writing bool        // a save is under way
	erased  []idem.Seq  // while it is
}

// newKeeper returns nil when there are to be no snapshots.
func (g *Gallery) newKeeper(log Log) *keeper {
	index, ok := g.index.(Snapshotter)
	if !ok || g.opt.Snapshots == nil {
		return nil
	}
	s := g.opt.Snapshots.withDefaults()
	return &keeper{Snapshots: s, index: index,
		folder: filepath.Join(s.Folder, url.PathEscape(string(log.Org)), url.PathEscape(log.Model))}
}

// SaveSnapshots saves every gallery that has changed so much that a start would
// take long. final is for the end of the process: it asks for less change and
// does not spare the disk. Failures are logged and counted.
func (g *Gallery) SaveSnapshots(ctx context.Context, final bool) {
	g.saving.Lock()
	defer g.saving.Unlock()
	for _, f := range g.all() {
		if f.keeper == nil || ctx.Err() != nil {
			continue
		}
		if err := f.save(ctx, final); err != nil {
			f.complain(ctx, "save a gallery snapshot", err)
		}
	}
}

// complain counts and logs what went wrong with snapshots, which nobody else is
// told of.
func (f *follower) complain(ctx context.Context, what string, err error) {
	if ctx.Err() != nil {
		return // it was stopped
	}
	f.g.count.failed.Add(1)
	f.keeper.Log.Error("snapshots: "+what, "organisation", f.log.Org, "error", err)
}

// checkpoint is a gallery as of a position of its log.
type checkpoint struct {
	position idem.Seq
	hash     [32]byte
	table    table
	sets     map[idem.Set]*match.Capture
	reset    int // the follower's generation
}

// save writes the next generation when it is due. The gate is held as it
// begins and as it ends only: meanwhile enrolments go on. What they erase is
// erased from the new files as well before these count.
func (f *follower) save(ctx context.Context, final bool) error {
	c, err := f.begin(ctx, final)
	if c == nil || err != nil {
		return err
	}
	next, err := f.write(ctx, c, final)
	if err := f.enter(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	defer f.leave()
	defer f.keeper.tidy(context.WithoutCancel(ctx), f.log.Org)
	f.keeper.writing = false
	if err == nil {
		err = f.publish(ctx, c, next)
	}
	if err == nil {
		return nil
	}
	if ctx.Err() == nil {
		f.keeper.failed = time.Now()
	}
	if next != nil {
		err = errors.Join(err, next.end(context.WithoutCancel(ctx), f.log.Org, f.keeper.Keys))
	}
	return err
}

// begin returns nil when nothing is to be saved. It tries again to end what
// could not be ended before.
func (f *follower) begin(ctx context.Context, final bool) (*checkpoint, error) {
	if err := f.enter(ctx); err != nil {
		return nil, err
	}
	defer f.leave()
	if f.keeper.left {
		f.keeper.tidy(ctx, f.log.Org)
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.provable() != nil || !f.keeper.due(f.applied, f.table.live(), final) {
		return nil, nil
	}
	f.keeper.writing, f.keeper.erased = true, nil
	return &checkpoint{position: f.applied, hash: f.hash, table: f.table.clone(),
		sets: f.keeper.index.Capture(f.log), reset: f.generation}, nil
}

// due says whether replaying the log behind the current generation would take
// long. A generation in which rows were erased is followed by another one
// within a day, because disks keep what is overwritten: with its key it ends.
// After a failure it waits, so that a full disk is not filled again and again.
func (k *keeper) due(applied idem.Seq, live int, final bool) bool {
	if time.Since(k.failed) < k.MaxAge {
		return false
	}
	behind, age := int(applied), k.MaxAge
	if k.current != nil {
		behind, age = int(applied-k.current.position), time.Since(k.current.written)
		if k.current.wiped && age > 24*time.Hour {
			return true
		}
	}
	return behind >= k.MinRows && live >= k.MinRows && (final || behind >= live/10 || age >= k.MaxAge)
}

// write makes the files of the next generation, durably.
func (f *follower) write(ctx context.Context, c *checkpoint, final bool) (*generation, error) {
	k := f.keeper
	key, err := k.Keys.NewKey(ctx, f.log.Org)
	if err != nil {
		return nil, err
	}
	next := &generation{parent: k.folder, position: c.position, key: key, draft: true}
	aead, err := k.Keys.AEAD(ctx, f.log.Org, key)
	if err != nil {
		return next, err
	}
	pace := k.Pace
	if final {
		pace = 0
	}
	if err := next.makeFolder(int64(c.table.live()) * int64(f.g.model.Dim+bytesPerEntry)); err != nil {
		return next, err
	}
	return next, next.write(ctx, aead, pace, c)
}

// publish erases what was erased meanwhile and makes the generation the current
// one. The caller holds the gate.
func (f *follower) publish(ctx context.Context, c *checkpoint, next *generation) error {
	k := f.keeper
	if f.current() != c.reset {
		return errReset
	}
	aead, err := k.Keys.AEAD(ctx, f.log.Org, next.key)
	if err != nil {
		return err
	}
	if _, err := next.erase(aead, f.g.model, k.erased); err != nil {
		return err
	}
	if err := next.publish(); err != nil {
		return err
	}
	k.current = next
	f.g.count.saved.Add(1)
	return nil
}

// erase overwrites entries that the log has ended in the snapshot. When that
// fails the snapshot goes, with its key. The caller holds the gate.
func (f *follower) erase(ctx context.Context, changes []Change) {
	k := f.keeper
	if k == nil || k.current == nil && !k.writing {
		return
	}
	ended := endedBy(changes)
	if k.writing {
		k.erased = append(k.erased, ended...)
	}
	if k.current == nil {
		return
	}
	ended = slices.DeleteFunc(ended, func(seq idem.Seq) bool { return seq > k.current.position })
	if len(ended) == 0 {
		return
	}
	ctx = context.WithoutCancel(ctx)
	if err := f.eraseCurrent(ctx, ended); err != nil {
		f.giveUp(ctx, "erase from a gallery snapshot", err)
	}
}

func endedBy(changes []Change) (ended []idem.Seq) {
	for _, c := range changes {
		if c.Op == idem.OpWithdraw || c.Op == idem.OpRemove {
			ended = append(ended, c.Ref)
		}
	}
	return ended
}

func (f *follower) eraseCurrent(ctx context.Context, ended []idem.Seq) error {
	k := f.keeper
	aead, err := k.Keys.AEAD(ctx, f.log.Org, k.current.key)
	if err != nil {
		return err
	}
	n, err := k.current.erase(aead, f.g.model, ended)
	f.g.count.erased.Add(int64(n))
	return err
}

// giveUp ends the current generation, if there is one. The caller holds the
// gate.
func (f *follower) giveUp(ctx context.Context, what string, err error) {
	if f.keeper == nil || f.keeper.current == nil {
		return
	}
	f.complain(ctx, what, err)
	f.keeper.current = nil
	f.keeper.tidy(context.WithoutCancel(ctx), f.log.Org)
}

// restore starts an empty follower from a snapshot, once. What cannot be used
// is given up; an error means that nothing can be told yet. The caller holds
// the gate.
func (f *follower) restore(ctx context.Context) error {
	k := f.keeper
	if k == nil || k.looked {
		return nil
	}
	at, err := k.newest()
	if err == nil && at != nil {
		err = f.load(ctx, at)
	}
	if err != nil && (ctx.Err() != nil || idem.KindOf(err) == idem.Unavailable) {
		return err
	}
	k.looked = true
	if err != nil {
		f.complain(ctx, "load a gallery snapshot", err)
	}
	k.tidy(context.WithoutCancel(ctx), f.log.Org)
	return nil
}

// load takes a generation over. Until the log is read to its head nothing is
// answered: an entry that was moved while the snapshot was saved is in the
// index again only then.
func (f *follower) load(ctx context.Context, at *generation) error {
	aead, err := f.keeper.Keys.AEAD(ctx, f.log.Org, at.key)
	if err != nil {
		return err
	}
	c, sets, err := at.load(ctx, aead, f.g.model)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keeper.index.Restore(f.log, sets, c.position)
	f.table, f.applied, f.hash, f.head, f.unproven = c.table, c.position, c.hash, c.position, true
	f.keeper.current = at
	f.generation++
	f.announce()
	f.g.count.loaded.Add(1)
	return nil
}

// prove ends the wait that load began: with the log read to its head, every
// standing entry must be in the index.
func (f *follower) prove() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.unproven {
		return nil
	}
	if want, got := f.table.live()-len(f.blind), f.keeper.index.Len(f.log); want != got {
		return broken(f.applied, fmt.Sprintf("%d entries stand and the snapshot led to %d", want, got))
	}
	f.unproven = false
	f.announce()
	return nil
}
