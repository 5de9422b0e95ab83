package audit

import (
	"context"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/chain"
)

// ErrBroken: a chain of actions does not hold. Details:
// seq, where it breaks, and reason, POSITION, LINK or HASH.
var ErrBroken = idem.Errorf(idem.Internal, "AUDIT_CHAIN_BROKEN", "the audit was altered")

// The reasons of a broken chain.
const (
	ReasonPosition = "POSITION" // an entry is missing or stands twice
	ReasonLink     = "LINK"     // an entry does not name the one before it
	ReasonHash     = "HASH"     // an entry is not what its hash says
)

// Report is the result of a walk: how many actions hold, and the position and
// hash of the last one. To prove later that nothing was cut off the end, keep
// the report and compare.
type Report struct {
	Actions int64
	Seq     int64
	Hash    [32]byte
}

// pageSize is how many actions are read in one transaction.
const pageSize = 1000

// Verify walks the actions of an organisation, oldest first. The error of the
// first break is ErrBroken; the report then tells how far the chain holds.
func Verify(ctx context.Context, s store.Store, org idem.OrgID) (Report, error) {
	var r Report
	for {
		page, err := read(ctx, s, org, r.Seq)
		if err != nil {
			return r, err
		}
		for _, a := range page {
			if err := r.follow(linkOf(org, a)); err != nil {
				return r, err
			}
		}
		if len(page) < pageSize {
			return r, nil
		}
	}
}

// VerifyFrom is Verify that also insists on an earlier report: its last action
// must still be in its place, so nothing before it was cut off or rewritten.
func VerifyFrom(ctx context.Context, s store.Store, org idem.OrgID, earlier Report) (Report, error) {
	now, err := Verify(ctx, s, org)
	if err != nil || earlier.Seq == 0 {
		return now, err
	}
	if now.Seq < earlier.Seq {
		return now, broken(earlier.Seq, ReasonPosition)
	}
	page, err := read(ctx, s, org, earlier.Seq-1)
	switch {
	case err != nil:
		return now, err
	case len(page) == 0 || page[0].Hash != earlier.Hash:
		return now, broken(earlier.Seq, ReasonHash)
	}
	return now, nil
}

func read(ctx context.Context, s store.Store, org idem.OrgID, after int64) (page []idem.Action, err error) {
	err = s.View(ctx, org, func(tx store.Tx) error {
		page, err = tx.Actions().Chain(ctx, after, pageSize)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read actions behind %d: %w", after, err)
	}
	return page, nil
}

// link is what a chain stands on: an entry's place, the hash before it, its
// stored hash and the one that its content has.
type link struct {
	seq             int64
	prev, hash, sum [32]byte
	fault           error // why the content has no hash
}

func linkOf(org idem.OrgID, a idem.Action) link {
	sum, err := chain.Action(org, a)
	return link{a.Seq, a.PrevHash, a.Hash, sum, err}
}

// follow takes one more entry into the report, or says what is wrong with it.
func (r *Report) follow(l link) error {
	switch {
	case l.seq != r.Seq+1:
		return broken(r.Seq+1, ReasonPosition)
	case l.prev != r.Hash:
		return broken(l.seq, ReasonLink)
	case l.fault != nil:
		return broken(l.seq, ReasonHash).Because(l.fault)
	case l.sum != l.hash:
		return broken(l.seq, ReasonHash)
	}
	r.Actions++
	r.Seq, r.Hash = l.seq, l.hash
	return nil
}

func broken(seq int64, reason string) *idem.Error {
	return ErrBroken.With("seq", seq).With("reason", reason)
}
