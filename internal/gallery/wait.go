package gallery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/match"
)

// sweepBatch is how many expired entries one transaction withdraws.
const sweepBatch = 64

// comparison is an answer of the index. Its candidates are entries of the table
// as long as the follower is of the same generation.
type comparison struct {
	Found
	generation int
}

// compare searches the index at a position that the follower has applied. A
// rebuild in the middle makes it start again.
func (f *follower) compare(ctx context.Context, probe match.Template, q Query, at idem.Seq) (comparison, error) {
	for range 4 {
		if err := f.reach(ctx, at); err != nil {
			return comparison{}, err
		}
		before := f.narrow(&q)
		if before.applied < at {
			continue // it is being rebuilt
		}
		found, err := f.g.index.Search(ctx, f.log, probe, q, at)
		if errors.Is(err, ErrBehind) || (err == nil && f.current() != before.generation) {
			continue
		}
		if q.Subjects != nil {
			found.At = min(found.At, before.applied)
		}
		if err == nil {
			f.g.count.note(found.Work)
		}
		return comparison{found, before.generation}, err
	}
	return comparison{}, ErrBehind
}

func (f *follower) current() int {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.generation
}

// belongs reports whether the entry stands for the subject, or stands no more.
func (f *follower) belongs(seq idem.Seq, subject string) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	e := f.table.find(seq)
	if e == nil {
		return true
	}
	own, ok := f.table.lookup(subject)
	return ok && e.subject == own
}

func (f *follower) active(seq idem.Seq) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	e := f.table.find(seq)
	return e != nil && e.state == rowActive
}

// split sorts candidates by their state: active ones are matches, pending ones
// must be waited for. It asks for another comparison when a candidate stands no
// more and made room for another one, k being the limit, and when the follower
// was rebuilt: a table that is being filled does not know who stands.
func (f *follower) split(found comparison, k int) (matches []Match, pending []idem.Seq, again bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.generation != found.generation {
		return nil, nil, true
	}
	full := k > 0 && len(found.Candidates) >= k
	for _, c := range found.Candidates {
		switch e := f.table.find(c.Seq); {
		case e == nil:
			again = again || full
		case e.state == rowPending:
			pending = append(pending, c.Seq)
		default:
			matches = append(matches, Match{
				Seq: c.Seq, Set: f.table.sets[e.set], Score: c.Score,
				Subject: f.table.text(e.subject), Sample: f.table.text(e.sample),
			})
		}
	}
	return matches, pending, again
}

// await returns when one of the pending entries at least is decided. It holds
// nothing meanwhile; of all waiters of a log one looks at the database.
func (f *follower) await(ctx context.Context, pending []idem.Seq) error {
	f.g.count.waits.Add(1)
	pause := f.g.opt.PollMin
	for {
		undecided, changed := f.pending(pending)
		if undecided < len(pending) {
			return nil
		}
		select {
		case <-changed:
			pause = f.g.opt.PollMin
		case f.turn <- struct{}{}:
			err := f.poll(ctx, pause, changed)
			<-f.turn
			if ctx.Err() != nil {
				return f.gaveUp(ctx)
			}
			if err != nil {
				return err
			}
			pause = min(2*pause, f.g.opt.PollMax)
		case <-ctx.Done():
			return f.gaveUp(ctx)
		}
	}
}

func (f *follower) gaveUp(ctx context.Context) error {
	err := context.Cause(ctx)
	if errors.Is(err, ErrBusy) {
		f.g.count.busy.Add(1)
	}
	return err
}

// pending counts the entries still undecided and returns the channel that
// closes on the next change.
func (f *follower) pending(seqs []idem.Seq) (int, <-chan struct{}) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	n := 0
	for _, seq := range seqs {
		if e := f.table.find(seq); e != nil && e.state == rowPending {
			n++
		}
	}
	return n, f.changed
}

// poll looks at the log after a pause, and at the leases when the log has
// nothing new.
func (f *follower) poll(ctx context.Context, pause time.Duration, changed <-chan struct{}) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-changed:
		return nil
	case <-timer.C:
	}
	if _, err := f.newest(ctx); err != nil {
		return err
	}
	select {
	case <-changed:
		return nil
	default:
	}
	_, err := f.g.sweep(ctx, f.log.Org)
	return err
}

// Sweep withdraws the pending entries of all organisations whose lease has
// ended and returns how many. Call it at start and then now and again.
func (g *Gallery) Sweep(ctx context.Context) (int, error) {
	orgs, err := g.store.System().ListOrganisations(ctx)
	if err != nil {
		return 0, fmt.Errorf("list organisations: %w", err)
	}
	total := 0
	var errs []error
	for _, o := range orgs {
		n, err := g.sweep(ctx, o.ID)
		total += n
		if err != nil {
			errs = append(errs, fmt.Errorf("sweep %s: %w", o.ID, err))
		}
	}
	return total, errors.Join(errs...)
}

// sweep looks before it writes: mostly no lease has ended.
func (g *Gallery) sweep(ctx context.Context, org idem.OrgID) (int, error) {
	total := 0
	for {
		var expired []store.Lease
		err := g.store.View(ctx, org, func(tx store.Tx) (err error) {
			expired, err = tx.Gallery().ExpiredPending(ctx, g.model.ID, sweepBatch)
			return err
		})
		if err != nil || len(expired) == 0 {
			return total, err
		}
		n, err := g.withdrawExpired(ctx, org)
		total += n
		if err != nil || len(expired) < sweepBatch {
			return total, err
		}
	}
}

func (g *Gallery) withdrawExpired(ctx context.Context, org idem.OrgID) (int, error) {
	n := 0
	err := g.store.Update(ctx, org, func(tx store.Tx) error {
		expired, err := tx.Gallery().ExpiredPending(ctx, g.model.ID, sweepBatch)
		if err != nil {
			return err
		}
		var seqs []idem.Seq
		for _, l := range expired {
			ok, err := tx.Gallery().TakePending(ctx, g.model.ID, l.Seq, l.Epoch)
			if err != nil {
				return err
			}
			if ok {
				seqs = append(seqs, l.Seq)
			}
		}
		n = len(seqs)
		if n == 0 {
			return nil
		}
		if err := g.log(ctx, tx, idem.OpWithdraw, "", seqs...); err != nil {
			return err
		}
		return g.forget(ctx, tx, seqs...)
	})
	return n, err
}
