package store

import "context"

// Also runs last in the transaction that makes a change, with what the call
// will answer: whoever must remember the answer durably does it there. Its
// error undoes the change. It may run more than once, like any function of a
// transaction.
type Also[T any] func(ctx context.Context, tx Tx, done T) error

// RunAlso calls the functions that share the change's transaction.
func RunAlso[T any](ctx context.Context, tx Tx, done T, also []Also[T]) error {
	for _, f := range also {
		if err := f(ctx, tx, done); err != nil {
			return err
		}
	}
	return nil
}
