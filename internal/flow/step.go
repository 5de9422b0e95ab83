package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/tech"
)

// asked is the memo of a step: what was asked last, and how often what.
type asked struct {
	Challenges int    `json:"challenges,omitzero"`
	Codes      int    `json:"codes,omitzero"`
	Provider   bool   `json:"provider,omitzero"` // a provider's code is waited for
	Data       []byte `json:"data,omitzero"`     // nil when it was answered
}

// The bounds of asking in one step: challenges, and codes that are sent to a
// phone.
const (
	maxChallenges = 20
	maxCodes      = 3
)

// ErrAskedTooOften is the refusal of one more challenge or code.
var ErrAskedTooOften = idem.Errorf(idem.Limited, "ASKED_TOO_OFTEN", "the step gives no more challenges or codes")

func readAsked(memo []byte) (a asked) {
	if json.Unmarshal(memo, &a) != nil {
		return asked{}
	}
	return a
}

// technology returns what runs a step, and refuses when it cannot.
func (f *Flows) technology(code idem.TechCode) (tech.Technology, error) {
	t, ok := f.techs[code]
	if !ok {
		return nil, idem.Errorf(idem.Unavailable, "TECHNOLOGY_UNAVAILABLE", "this server does not have the technology").With("technology", string(code))
	}
	return t, t.Ready()
}

// begin makes a step active. The first time it spends the step's unit; without
// one the step fails, and the session with it.
func (f *Flows) begin(ctx context.Context, tx store.Tx, s *idem.Session, step int) error {
	first, err := s.Begin(step, tx.Now())
	if err != nil || !first {
		return err
	}
	if err := f.emit(ctx, tx, s, Event{Name: idem.EventTechnologyStart, Step: step}); err != nil || s.Demo {
		return err
	}
	err = store.Spend(ctx, tx, s.Steps[step].Technology)
	if !errors.Is(err, idem.ErrSubscriptionRequired) && !errors.Is(err, idem.ErrSubscriptionLimit) {
		return err
	}
	if err := s.Fail(step, idem.FailureNoSubscription, tx.Now()); err != nil {
		return err
	}
	return f.emit(ctx, tx, s, Event{Name: idem.EventTechnologyEnd, Step: step})
}

// Challenge draws what the evidence of a step must answer, and returns what
// the client is told; nil when the session ended for lack of a subscription.
func (f *Flows) Challenge(ctx context.Context, id idem.SessionID, step int) (idem.Session, any, error) {
	org, t, err := f.turn(ctx, id, step)
	if err != nil {
		return idem.Session{}, nil, err
	}
	asks, ok := t.(tech.Challenger)
	if !ok {
		return idem.Session{}, nil, idem.Errorf(idem.Unprocessable, "CHALLENGE_NOT_OFFERED", "the technology asks for nothing before it runs")
	}
	c, err := asks.Challenge(ctx)
	if err != nil {
		return idem.Session{}, nil, fmt.Errorf("draw challenge: %w", err)
	}
	s, err := f.ask(ctx, org, id, step, func(tx store.Tx, s *idem.Session, a asked) error {
		if a.Challenges >= maxChallenges {
			return ErrAskedTooOften
		}
		return remember(s, step, asked{Challenges: a.Challenges + 1, Codes: a.Codes, Data: c.Memo}, tx.Now().Add(c.Valid))
	})
	if err != nil || s.Ended() {
		return s, nil, err
	}
	return s, c.Shown, nil
}

// Expects refuses what is sent for a step whose turn it is not, before any of
// it is read.
func (f *Flows) Expects(ctx context.Context, id idem.SessionID, step int) error {
	_, _, err := f.turn(ctx, id, step)
	return err
}

// turn returns what runs a step, and refuses early one whose turn it is not.
func (f *Flows) turn(ctx context.Context, id idem.SessionID, step int) (idem.OrgID, tech.Technology, error) {
	org, err := f.find(ctx, id)
	if err != nil {
		return "", nil, err
	}
	var t tech.Technology
	err = f.Store.View(ctx, org, func(tx store.Tx) error {
		s, err := tx.Sessions().Get(ctx, id)
		if err != nil {
			return fmt.Errorf("read session: %w", err)
		}
		if err := s.Turn(step, tx.Now()); err != nil {
			return err
		}
		t, err = f.technology(s.Steps[step].Technology)
		return err
	})
	return org, t, err
}

// ask makes a step active and runs g with what was asked so far.
func (f *Flows) ask(ctx context.Context, org idem.OrgID, id idem.SessionID, step int, g func(store.Tx, *idem.Session, asked) error) (idem.Session, error) {
	return f.change(ctx, org, id, func(tx store.Tx, s *idem.Session) error {
		if err := f.begin(ctx, tx, s, step); err != nil || s.Ended() {
			return err
		}
		return g(tx, s, readAsked(s.Steps[step].Memo))
	})
}

// failureOf names the gravest reason of an outcome.
func failureOf(out tech.Outcome) idem.Failure {
	switch {
	case out.Passed:
		return idem.Failure{}
	case len(out.Reasons) == 0:
		return idem.Failure{Type: idem.FailureResult, Detail: "not_passed"}
	}
	return idem.Failure{Type: idem.FailureResult, Detail: string(out.Reasons[0])}
}

func remember(s *idem.Session, step int, a asked, until time.Time) error {
	memo, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode memo: %w", err)
	}
	s.Ask(step, memo, until)
	return nil
}
