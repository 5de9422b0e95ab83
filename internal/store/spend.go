package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/idem-id/idem"
)

// Affordable refuses early what Spend would refuse; Spend decides. It changes
// nothing, so that it can be asked in a View.
func Affordable(ctx context.Context, tx Tx, tech idem.TechCode) error {
	all, err := tx.Subscriptions().List(ctx)
	if err != nil {
		return fmt.Errorf("list subscriptions: %w", err)
	}
	subs := slices.DeleteFunc(all, func(s idem.Subscription) bool { return s.Technology != tech })
	idem.Settle(subs, tx.Now())
	_, err = idem.Spend(subs, tx.Now())
	return naming(tech, err)
}

// Spend takes one unit of the technology's subscription. Without one it is
// idem.ErrSubscriptionRequired or idem.ErrSubscriptionLimit.
func Spend(ctx context.Context, tx Tx, tech idem.TechCode) error {
	subs, err := tx.Subscriptions().ListForUpdate(ctx, tech)
	if err != nil {
		return fmt.Errorf("lock subscriptions: %w", err)
	}
	changed := idem.Settle(subs, tx.Now())
	spent, err := idem.Spend(subs, tx.Now())
	if err != nil {
		return naming(tech, err)
	}
	for _, s := range append(changed, *spent) {
		if err := tx.Subscriptions().Save(ctx, s); err != nil {
			return fmt.Errorf("save subscription: %w", err)
		}
	}
	return nil
}

// naming adds the technology to a refusal of the subscription.
func naming(tech idem.TechCode, err error) error {
	if e := (*idem.Error)(nil); errors.As(err, &e) {
		return e.With("technology", string(tech))
	}
	return err
}
