package job

import (
	"context"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Watch returns the store for those who queue jobs: what they queue runs as
// soon as their transaction has ended, instead of at the next poll.
func (r *Runner) Watch(s store.Store) store.Store { return watched{s, r.Wake} }

type watched struct {
	store.Store
	wake func()
}

// Update implements store.Store.
func (w watched) Update(ctx context.Context, org idem.OrgID, f func(store.Tx) error) error {
	queued := false
	err := w.Store.Update(ctx, org, func(tx store.Tx) error {
		queued = false
		return f(watchedTx{tx, &queued})
	})
	if err == nil && queued {
		w.wake()
	}
	return err
}

type watchedTx struct {
	store.Tx
	queued *bool
}

// Jobs implements store.Tx.
func (t watchedTx) Jobs() store.Jobs { return watchedJobs{t.Tx.Jobs(), t.queued} }

type watchedJobs struct {
	store.Jobs
	queued *bool
}

// Insert implements store.Jobs.
func (j watchedJobs) Insert(ctx context.Context, job store.Job) (bool, error) {
	*j.queued = true
	return j.Jobs.Insert(ctx, job)
}
