package httpapi

import (
	"context"
	"time"

	"github.com/idem-id/idem"
)

// Subscription is the right to use a technology.
type Subscription struct {
	ID          string     `json:"id" format:"uuid"`
	Technology  string     `json:"technology" example:"PERSONS"`
	Status      string     `json:"status" enum:"FUTURE,ACTIVE,EXPIRED"`
	StartsAt    *time.Time `json:"starts_at" doc:"null: at once."`
	EndsAt      *time.Time `json:"ends_at" doc:"null: no end."`
	Total       *int64     `json:"total" doc:"How many transactions; null: no limit."`
	Left        *int64     `json:"left" doc:"How many remain; null: no limit."`
	PurchasedAt time.Time  `json:"purchased_at"`
}

func subscriptionOf(s idem.Subscription) Subscription {
	return Subscription{
		ID: string(s.ID), Technology: string(s.Technology), Status: string(s.Status), StartsAt: instant(s.StartsAt),
		EndsAt: instant(s.EndsAt), Total: limited(s.Total), Left: limited(s.Left), PurchasedAt: s.PurchasedAt,
	}
}

func limited(n int64) *int64 {
	if n == idem.Unlimited {
		return nil
	}
	return &n
}

type subscriptionListOut struct {
	Body struct {
		Data []Subscription `json:"data" nullable:"false"`
	} `nameHint:"SubscriptionList"`
}

func (s *server) listSubscriptions(ctx context.Context, p idem.Principal, _ *struct{}) (*subscriptionListOut, error) {
	list, err := s.access.Subscriptions(ctx, p)
	out := &subscriptionListOut{}
	out.Body.Data = make([]Subscription, len(list))
	for i, sub := range list {
		out.Body.Data[i] = subscriptionOf(sub)
	}
	return out, err
}
