package gallery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/match"
)

// firstEpoch is the epoch of a lease before any renewal.
const firstEpoch = 1

// Reservation is the hold on one pending entry by the process that reserved
// it. Its lease is renewed while it searches, and only then.
type Reservation struct {
	g        *Gallery
	block    *block
	seq      idem.Seq
	subject  string
	template match.Template
	epoch    atomic.Int64
	lost     atomic.Bool
}

// block is what one Reserve took; its leases are renewed together.
type block struct {
	g       *Gallery
	org     idem.OrgID
	members []*Reservation

	mu      sync.Mutex // one renewal at a time; never held by a decision
	renewed time.Time
}

// newBlock starts the lease's clock before the database does.
func (g *Gallery) newBlock(org idem.OrgID) *block {
	return &block{g: g, org: org, renewed: time.Now()}
}

func (b *block) hold(entries []Entry, seqs []idem.Seq) []*Reservation {
	b.members = make([]*Reservation, len(seqs))
	for i, seq := range seqs {
		r := &Reservation{g: b.g, block: b, seq: seq, subject: entries[i].Subject, template: entries[i].Template}
		r.epoch.Store(firstEpoch)
		b.members[i] = r
	}
	return b.members
}

// Seq returns the position of the reserved entry.
func (r *Reservation) Seq() idem.Seq { return r.seq }

// Activate makes the entry part of the gallery, inside the deciding
// transaction of the use case. ErrLeaseLost when somebody else has decided it.
func (r *Reservation) Activate(ctx context.Context, tx store.Tx) error {
	return ActivateAll(ctx, tx, r)
}

// WithdrawTx gives the entry up inside the deciding transaction of the use
// case and destroys its template. ErrLeaseLost when somebody else has decided
// it.
func (r *Reservation) WithdrawTx(ctx context.Context, tx store.Tx) error {
	return WithdrawAll(ctx, tx, r)
}

// Withdraw gives the entry up in a transaction of its own and destroys its
// template. An entry that is decided already stays as it is, so that Withdraw
// may follow any outcome. It works after ctx was cancelled, too.
func (r *Reservation) Withdraw(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.g.opt.Lease)
	defer cancel()
	err := r.g.store.Update(ctx, r.block.org, func(tx store.Tx) error { return r.WithdrawTx(ctx, tx) })
	if errors.Is(err, ErrLeaseLost) {
		return nil
	}
	return err
}

// ActivateAll activates several reservations of one organisation in one
// transaction; all or none.
func ActivateAll(ctx context.Context, tx store.Tx, rs ...*Reservation) error {
	return decide(ctx, tx, idem.OpActivate, rs)
}

// WithdrawAll withdraws several reservations of one organisation in one
// transaction and destroys their templates; all or none.
func WithdrawAll(ctx context.Context, tx store.Tx, rs ...*Reservation) error {
	return decide(ctx, tx, idem.OpWithdraw, rs)
}

// decide ends the pending states in rising order and only then locks the head
// of the log, so that two deciders never wait for each other in a circle.
func decide(ctx context.Context, tx store.Tx, op idem.LogOp, rs []*Reservation) error {
	if len(rs) == 0 {
		return nil
	}
	rs = slices.SortedFunc(slices.Values(rs), func(a, b *Reservation) int { return cmp.Compare(a.seq, b.seq) })
	seqs := make([]idem.Seq, len(rs))
	for i, r := range rs {
		if err := r.take(ctx, tx); err != nil {
			return err
		}
		seqs[i] = r.seq
	}
	g := rs[0].g
	if err := g.log(ctx, tx, op, "", seqs...); err != nil {
		return err
	}
	if op == idem.OpWithdraw {
		return g.forget(ctx, tx, seqs...)
	}
	return nil
}

func (r *Reservation) take(ctx context.Context, tx store.Tx) error {
	if tx.Org() != r.block.org {
		return fmt.Errorf("decide entry %d: transaction of another organisation", r.seq)
	}
	ok, err := tx.Gallery().TakePending(ctx, r.g.model.ID, r.seq, r.epoch.Load())
	switch {
	case err != nil:
		return fmt.Errorf("end pending entry %d: %w", r.seq, err)
	case !ok:
		return ErrLeaseLost
	}
	return nil
}

// keep renews the leases of the block until stop is called. The returned
// context ends with the cause ErrLeaseLost when the own lease is lost.
func (r *Reservation) keep(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for r.pause(ctx) {
			r.block.renew(ctx)
			if r.lost.Load() {
				cancel(ErrLeaseLost)
			}
		}
	}()
	return ctx, func() {
		cancel(context.Canceled)
		<-done
	}
}

// pause waits until a third of the lease is over; false when ctx ends before.
func (r *Reservation) pause(ctx context.Context) bool {
	timer := time.NewTimer(r.block.due())
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func (b *block) due() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Until(b.renewed.Add(b.g.opt.Lease / 3))
}

// renew extends every lease of the block that is still held. A renewal under
// way is never cancelled: an unknown outcome would lose the epoch. A failing
// one is repeated a little later, as long as the lease may last.
func (b *block) renew(ctx context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	started := time.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.g.opt.Lease)
	defer cancel()
	var fresh []renewal
	err := b.g.store.Update(ctx, b.org, func(tx store.Tx) (err error) {
		fresh, err = b.extend(ctx, tx)
		return err
	})
	if err != nil {
		b.renewed = started.Add(-b.g.opt.Lease / 4)
		return
	}
	b.renewed = started
	for _, n := range fresh {
		n.r.epoch.Store(n.epoch)
		n.r.lost.Store(!n.ok)
	}
}

type renewal struct {
	r     *Reservation
	epoch int64
	ok    bool
}

func (b *block) extend(ctx context.Context, tx store.Tx) ([]renewal, error) {
	var out []renewal
	until := tx.Now().Add(b.g.opt.Lease)
	for _, r := range b.members {
		if r.lost.Load() {
			continue
		}
		l := store.Lease{Seq: r.seq, Until: until, Epoch: r.epoch.Load()}
		epoch, ok, err := tx.Gallery().RenewPending(ctx, b.g.model.ID, l)
		if err != nil {
			return nil, fmt.Errorf("renew lease of entry %d: %w", r.seq, err)
		}
		out = append(out, renewal{r, epoch, ok})
	}
	return out, nil
}
