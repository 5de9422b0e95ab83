package access

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Grant describes a subscription to be given.
type Grant struct {
	Technology idem.TechCode
	Total      int64     // transactions, idem.Unlimited for no limit
	StartsAt   time.Time // zero: at once
	EndsAt     time.Time // zero: no end
}

// Subscriptions lists the organisation's subscriptions, oldest purchase first.
// It needs settings.read.
func (a *Access) Subscriptions(ctx context.Context, p idem.Principal) ([]idem.Subscription, error) {
	if err := p.Require(idem.SettingsRead); err != nil {
		return nil, err
	}
	return a.SubscriptionsOf(ctx, p.Org)
}

// SubscriptionsOf is Subscriptions for the instance's administrator.
func (a *Access) SubscriptionsOf(ctx context.Context, org idem.OrgID) ([]idem.Subscription, error) {
	var list []idem.Subscription
	err := a.store.View(ctx, org, func(tx store.Tx) (err error) {
		list, err = tx.Subscriptions().List(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list subscriptions: %w", err)
	}
	return list, nil
}

// Grant gives an organisation one more subscription. While another one of the
// technology runs it waits as FUTURE. It belongs to the instance's
// administrator: there is no principal.
func (a *Access) Grant(ctx context.Context, org idem.OrgID, g Grant) (idem.Subscription, error) {
	if err := g.validate(); err != nil {
		return idem.Subscription{}, err
	}
	var granted idem.Subscription
	err := a.store.Update(ctx, org, func(tx store.Tx) (err error) {
		granted, err = a.grant(ctx, tx, g)
		return err
	})
	if err != nil {
		return idem.Subscription{}, fmt.Errorf("grant %s: %w", g.Technology, err)
	}
	return granted, nil
}

// Limit ends what an organisation has of a technology and gives it a
// subscription of total transactions instead, idem.Unlimited for no limit and
// 0 to take the technology away.
func (a *Access) Limit(ctx context.Context, org idem.OrgID, tech idem.TechCode, total int64) error {
	g := Grant{Technology: tech, Total: total}
	if total != 0 {
		if err := g.validate(); err != nil {
			return err
		}
	}
	err := a.store.Update(ctx, org, func(tx store.Tx) error {
		if err := a.end(ctx, tx, tech); err != nil || total == 0 {
			return err
		}
		_, err := a.grant(ctx, tx, g)
		return err
	})
	if err != nil {
		return fmt.Errorf("limit %s: %w", tech, err)
	}
	return nil
}

func (g Grant) validate() error {
	switch {
	case !slices.Contains(idem.Technologies(), g.Technology):
		return idem.Errorf(idem.Unprocessable, "TECHNOLOGY_UNKNOWN", "no technology of that code").At("technology")
	case g.Total != idem.Unlimited && g.Total < 1:
		return invalid("total", "the number of transactions is positive, or unlimited")
	case !g.EndsAt.IsZero() && !g.EndsAt.After(g.StartsAt):
		return invalid("ends_at", "the end is not after the start")
	}
	return nil
}

func (a *Access) grant(ctx context.Context, tx store.Tx, g Grant) (idem.Subscription, error) {
	present, err := settled(ctx, tx, g.Technology)
	if err != nil {
		return idem.Subscription{}, err
	}
	s := idem.Subscription{
		ID: idem.SubscriptionID(a.ids.New()), Technology: g.Technology, Status: idem.SubscriptionFuture,
		StartsAt: g.StartsAt.UTC().Truncate(time.Microsecond), EndsAt: g.EndsAt.UTC().Truncate(time.Microsecond),
		Total: g.Total, Left: g.Total, PurchasedAt: tx.Now(),
	}
	all := append(present, s)
	idem.Settle(all, tx.Now())
	s = all[len(all)-1]
	if err := tx.Subscriptions().Insert(ctx, s); err != nil {
		return s, err
	}
	return s, a.record(ctx, tx, commandLine, idem.ActionSubscriptionGranted, describeGrant(s))
}

// settled returns the technology's subscriptions brought up to date.
func settled(ctx context.Context, tx store.Tx, tech idem.TechCode) ([]idem.Subscription, error) {
	list, err := tx.Subscriptions().ListForUpdate(ctx, tech)
	if err != nil {
		return nil, err
	}
	for _, s := range idem.Settle(list, tx.Now()) {
		if err := tx.Subscriptions().Save(ctx, s); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// end expires everything of a technology that has not ended yet.
func (a *Access) end(ctx context.Context, tx store.Tx, tech idem.TechCode) error {
	list, err := tx.Subscriptions().ListForUpdate(ctx, tech)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.Status == idem.SubscriptionExpired {
			continue
		}
		s.Status = idem.SubscriptionExpired
		if err := tx.Subscriptions().Save(ctx, s); err != nil {
			return err
		}
		details := map[string]any{"subscription": s.ID, "technology": s.Technology}
		if err := a.record(ctx, tx, commandLine, idem.ActionSubscriptionEnded, details); err != nil {
			return err
		}
	}
	return nil
}

// grantAll gives a fresh organisation every technology without limit.
func (a *Access) grantAll(ctx context.Context, tx store.Tx) error {
	for _, tech := range idem.Technologies() {
		if _, err := a.grant(ctx, tx, Grant{Technology: tech, Total: idem.Unlimited}); err != nil {
			return err
		}
	}
	return nil
}
