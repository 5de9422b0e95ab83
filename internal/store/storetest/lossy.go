package storetest

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Lossy is a store whose connection breaks behind a commit: the change is made
// and its caller sees ErrLost.
type Lossy struct {
	store.Store
	until atomic.Int64
}

// ErrLost is what an update fails with whose answer was lost.
var ErrLost = errors.New("the connection broke behind the commit")

// Lose makes the n-th update from now on lose its answer, n from 1.
func (l *Lossy) Lose(n int64) { l.until.Store(n) }

// Update implements store.Store.
func (l *Lossy) Update(ctx context.Context, org idem.OrgID, f func(store.Tx) error) error {
	err := l.Store.Update(ctx, org, f)
	if l.until.Add(-1) == 0 && err == nil {
		return ErrLost
	}
	return err
}
