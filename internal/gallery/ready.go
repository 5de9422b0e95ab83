package gallery

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/match"
)

// CatchUp applies the newest rows of every organisation's log. One broken log
// does not keep the others back: the errors are joined. Call it at start, and
// now and again, so that Ready tells of a recent moment.
func (g *Gallery) CatchUp(ctx context.Context) error {
	orgs, err := g.store.System().ListOrganisations(ctx)
	if err != nil {
		return fmt.Errorf("list organisations: %w", err)
	}
	var errs []error
	for _, o := range orgs {
		f := g.follower(o.ID)
		f.retry()
		if _, err := f.newest(ctx); err != nil {
			errs = append(errs, fmt.Errorf("catch up with the gallery of %s: %w", o.ID, err))
		}
	}
	if ctx.Err() == nil {
		g.loaded.Store(true)
		if !g.alone.Load() {
			g.alone.Store(g.endStrangers(ctx, orgs))
		}
	}
	return errors.Join(errs...)
}

// Ready returns nil when CatchUp has run and every log was applied to its head
// when it was last looked at, otherwise ErrNotReady, naming the organisation
// and the reason.
func (g *Gallery) Ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !g.loaded.Load() {
		return ErrNotReady.With("reason", "LOADING")
	}
	for _, f := range g.all() {
		if err := f.ready(); err != nil {
			return ErrNotReady.With("organisation", string(f.log.Org)).With("reason", idem.CodeOf(err)).Because(err)
		}
	}
	return nil
}

func (f *follower) ready() error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if err := f.provable(); err != nil {
		return err
	}
	if f.last != nil {
		return f.last
	}
	if f.applied < f.head {
		return ErrBehind
	}
	return nil
}

// Report is the result of a verified log.
type Report struct {
	Rows     int64
	Head     idem.Seq
	HeadHash [32]byte
	// Irregular counts rows whose operation the entry's state did not allow;
	// they have no effect.
	Irregular int64
}

// Verify reads an organisation's log from its beginning and checks positions,
// hashes and template digests. The error of the first break is ErrLogBroken.
func (g *Gallery) Verify(ctx context.Context, org idem.OrgID) (Report, error) {
	var r Report
	var seen table
	log := Log{Org: org, Model: g.model.ID}
	for {
		p := page{after: r.Head, prev: r.HeadHash}
		err := g.store.View(ctx, org, func(tx store.Tx) (err error) {
			if p.head, p.headHash, err = tx.Gallery().Head(ctx, log.Model); err != nil {
				return err
			}
			p.rows, err = tx.Gallery().Rows(ctx, log.Model, p.after, g.opt.Page)
			return err
		})
		if err != nil {
			return r, fmt.Errorf("read gallery log: %w", err)
		}
		if err := p.check(log, g.opt.Page); err != nil {
			return r, err
		}
		if len(p.rows) == 0 {
			return r, nil
		}
		r.take(&seen, p.rows)
	}
}

func (r *Report) take(seen *table, rows []store.StoredRow) {
	for i := range rows {
		if !seen.apply(&rows[i].LogRow) {
			r.Irregular++
		}
	}
	last := &rows[len(rows)-1]
	r.Rows += int64(len(rows))
	r.Head, r.HeadHash = last.Seq, last.Hash
}

type counters struct {
	searches, compared, survivors, exact, waits, busy, rebuilds, irregular atomic.Int64
	saved, loaded, failed, erased                                          atomic.Int64 // snapshots, and rows of them
}

func (c *counters) note(w match.Work) {
	c.searches.Add(1)
	c.compared.Add(int64(w.Rows))
	c.survivors.Add(int64(w.Survivors))
	c.exact.Add(int64(w.Exact))
}

// Stats are the counters of a gallery since it was made, and its logs now.
type Stats struct {
	Searches  int64 // answered by the index
	Compared  int64 // references compared by them
	Survivors int64 // of them those that half of each code did not dismiss
	Exact     int64 // of them those that were scored
	Waits     int64 // times that a search waited for a pending entry
	Busy      int64 // waits given up at the limit
	Rebuilds  int64 // logs read again because they did not chain
	Irregular int64 // log rows without effect
	Snapshots SnapshotStats
	Logs      []LogStats
}

// SnapshotStats count what became of snapshots.
type SnapshotStats struct {
	Saved  int64 // generations written
	Loaded int64 // logs that a start did not read from the beginning
	Failed int64 // savings, loadings and erasures that failed
	Erased int64 // rows overwritten in snapshots that were in use
}

// LogStats describes one organisation's log as this process knows it.
type LogStats struct {
	Org     idem.OrgID
	Entries int // pending and active
	Pending int
	Applied idem.Seq
	Head    idem.Seq // newest position seen
	Ready   bool
}

// Stats returns the counters for metrics.
func (g *Gallery) Stats() Stats {
	s := Stats{
		Searches: g.count.searches.Load(), Compared: g.count.compared.Load(),
		Survivors: g.count.survivors.Load(), Exact: g.count.exact.Load(), Waits: g.count.waits.Load(),
		Busy: g.count.busy.Load(), Rebuilds: g.count.rebuilds.Load(), Irregular: g.count.irregular.Load(),
		Snapshots: SnapshotStats{
			Saved: g.count.saved.Load(), Loaded: g.count.loaded.Load(), Failed: g.count.failed.Load(), Erased: g.count.erased.Load(),
		},
	}
	for _, f := range g.all() {
		ready := f.ready() == nil
		f.mu.RLock()
		s.Logs = append(s.Logs, LogStats{
			Org: f.log.Org, Entries: f.table.live(), Pending: f.table.pending, Applied: f.applied, Head: f.head, Ready: ready,
		})
		f.mu.RUnlock()
	}
	return s
}
