package audit

import (
	"context"
	"fmt"
	"iter"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/chain"
)

// Instance yields the actions of the instance's audit, oldest first, and ends
// with the error of a read that failed.
func Instance(ctx context.Context, s store.Store) iter.Seq2[idem.InstanceAction, error] {
	return InstanceBehind(ctx, s, 0)
}

// InstanceBehind is Instance from behind a position on.
func InstanceBehind(ctx context.Context, s store.Store, after int64) iter.Seq2[idem.InstanceAction, error] {
	return func(yield func(idem.InstanceAction, error) bool) {
		for after := after; ; {
			page, err := s.System().InstanceActions(ctx, after, pageSize)
			if err != nil {
				yield(idem.InstanceAction{}, fmt.Errorf("read actions of the instance behind %d: %w", after, err))
				return
			}
			for _, a := range page {
				if after = a.Seq; !yield(a, nil) {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
		}
	}
}

// VerifyInstance is Verify of the instance's own audit.
func VerifyInstance(ctx context.Context, s store.Store) (r Report, err error) {
	for a, err := range Instance(ctx, s) {
		if err != nil {
			return r, err
		}
		sum, fault := chain.Instance(a)
		if err := r.follow(link{a.Seq, a.PrevHash, a.Hash, sum, fault}); err != nil {
			return r, err
		}
	}
	return r, nil
}
