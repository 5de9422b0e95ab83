package sqltext

import (
	"context"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

type subscriptions struct{ *Tx }

const subscriptionColumns = `id, technology, status, starts_at, ends_at, total, remaining, purchased_at`

func scanSubscription(r row, s *idem.Subscription) error {
	return r.Scan(&s.ID, &s.Technology, &s.Status, (*moment)(&s.StartsAt), (*moment)(&s.EndsAt), &s.Total, &s.Left, (*moment)(&s.PurchasedAt))
}

// Insert implements store.Subscriptions.
func (t subscriptions) Insert(ctx context.Context, s idem.Subscription) error {
	_, err := t.exec(ctx, `INSERT INTO subscriptions (org, `+subscriptionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		t.org, s.ID, s.Technology, s.Status, micros(s.StartsAt), micros(s.EndsAt), s.Total, s.Left, micros(s.PurchasedAt))
	return err
}

// ListForUpdate implements store.Subscriptions.
func (t subscriptions) ListForUpdate(ctx context.Context, tech idem.TechCode) ([]idem.Subscription, error) {
	return list(ctx, t.Tx, `SELECT `+subscriptionColumns+` FROM subscriptions WHERE org = $1 AND technology = $2
		ORDER BY purchased_at, id`+lock, []any{t.org, tech}, scanSubscription)
}

// List implements store.Subscriptions.
func (t subscriptions) List(ctx context.Context) ([]idem.Subscription, error) {
	return list(ctx, t.Tx, `SELECT `+subscriptionColumns+` FROM subscriptions WHERE org = $1 ORDER BY purchased_at, id`,
		[]any{t.org}, scanSubscription)
}

// Save implements store.Subscriptions.
func (t subscriptions) Save(ctx context.Context, s idem.Subscription) error {
	n, err := t.exec(ctx, `UPDATE subscriptions SET status = $3, remaining = $4 WHERE org = $1 AND id = $2`, t.org, s.ID, s.Status, s.Left)
	return unlessFound(n, err, store.ErrSubscriptionNotFound)
}
