package idem

import (
	"strings"
	"time"
)

// TechCode names a technology that an organisation can subscribe to.
type TechCode string

// The technologies. Persons gates the creation of persons and is no flow step.
const (
	TechPersons             TechCode = "PERSONS"
	TechLivenessHead        TechCode = "LDHP"
	TechLivenessDistance    TechCode = "LDD"
	TechLivenessShort       TechCode = "LDS"
	TechLivenessPro         TechCode = "LDP"
	TechDocumentRecognition TechCode = "DR"
	TechEDocument           TechCode = "ED"
	TechFace2Face           TechCode = "F2F"
)

// Technologies lists every code that can be subscribed to.
func Technologies() []TechCode {
	return []TechCode{TechPersons, TechLivenessHead, TechLivenessDistance, TechLivenessShort, TechLivenessPro,
		TechDocumentRecognition, TechEDocument, TechFace2Face}
}

// ParseTechCode reads a code in its exact spelling.
func ParseTechCode(text string) (TechCode, error) {
	for _, c := range Technologies() {
		if string(c) == text {
			return c, nil
		}
	}
	return "", unknownTechnology("technologies", Technologies())
}

// unknownTechnology names the codes that there are.
func unknownTechnology(what string, known []TechCode) *Error {
	list := make([]string, len(known))
	for i, c := range known {
		list[i] = string(c)
	}
	return Errorf(Unprocessable, "TECHNOLOGY_UNKNOWN", "the codes of %s are %s", what, strings.Join(list, ", "))
}

// SubscriptionStatus is where a subscription stands.
type SubscriptionStatus string

// A FUTURE subscription becomes ACTIVE when the one before it ends; an ACTIVE
// one becomes EXPIRED by its end date or by its last transaction.
const (
	SubscriptionFuture  SubscriptionStatus = "FUTURE"
	SubscriptionActive  SubscriptionStatus = "ACTIVE"
	SubscriptionExpired SubscriptionStatus = "EXPIRED"
)

// Unlimited stands for a subscription without a transaction limit.
const Unlimited = int64(-1)

// Subscription grants an organisation the use of one technology, bounded by
// time, by transactions, or not at all.
type Subscription struct {
	ID          SubscriptionID
	Technology  TechCode
	Status      SubscriptionStatus
	StartsAt    time.Time // zero: at once
	EndsAt      time.Time // zero: no end
	Total       int64     // Unlimited or the number bought
	Left        int64     // Unlimited or what remains
	PurchasedAt time.Time
}

// The refusals of subscriptions.
var (
	ErrSubscriptionRequired = Errorf(Forbidden, "SUBSCRIPTION_REQUIRED", "no active subscription for the technology")
	ErrSubscriptionLimit    = Errorf(Forbidden, "SUBSCRIPTION_LIMIT_REACHED", "the subscription's transactions are used up")
)

// Running reports whether the subscription can be used at the given time.
func (s *Subscription) Running(now time.Time) bool {
	return s.Status == SubscriptionActive && !s.ended(now)
}

func (s *Subscription) ended(now time.Time) bool {
	return s.Left == 0 || (!s.EndsAt.IsZero() && !now.Before(s.EndsAt))
}

// Settle brings the states of one technology's subscriptions, oldest purchase
// first, up to date: what has ended expires, and while none is active the
// oldest future one whose start has come becomes active. It returns the
// changed ones; the slice itself is updated in place.
func Settle(subs []Subscription, now time.Time) []Subscription {
	var changed []Subscription
	active := false
	for i := range subs {
		s := &subs[i]
		before := s.Status
		if s.Status == SubscriptionActive && s.ended(now) {
			s.Status = SubscriptionExpired
		}
		if s.Status == SubscriptionFuture && s.ended(now) {
			s.Status = SubscriptionExpired
		}
		active = active || s.Status == SubscriptionActive
		if s.Status != before {
			changed = append(changed, *s)
		}
	}
	if active {
		return changed
	}
	for i := range subs {
		if s := &subs[i]; s.Status == SubscriptionFuture && !now.Before(s.StartsAt) {
			s.Status = SubscriptionActive
			return append(changed, *s)
		}
	}
	return changed
}

// Spend takes one transaction from the running subscription among subs and
// returns it changed. Without a running one the refusal tells whether there
// was a limit that is used up or no subscription at all.
func Spend(subs []Subscription, now time.Time) (*Subscription, error) {
	exhausted := false
	for i := range subs {
		s := &subs[i]
		if s.Running(now) {
			if s.Left != Unlimited {
				s.Left--
			}
			return s, nil
		}
		exhausted = exhausted || s.Left == 0
	}
	if exhausted {
		return nil, ErrSubscriptionLimit
	}
	return nil, ErrSubscriptionRequired
}
