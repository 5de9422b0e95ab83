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
	"github.com/idem-id/idem/internal/tech/edocument/provider"
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

// documents is an electronic document technology that can ask a provider.
type documents interface {
	ProviderNames() []string
	Begin(ctx context.Context, name string, r provider.Request, admit func(context.Context) error) (memo []byte, valid time.Duration, err error)
	Approve(ctx context.Context, memo []byte, code string) (tech.Outcome, error)
}

// AskProvider has a provider send the holder a code; Approve takes it. from is
// the network of whoever asks, "" when it is not known: one network gets a part
// of all codes only. A code that was not sent does not count.
func (f *Flows) AskProvider(ctx context.Context, id idem.SessionID, step int, name string, r provider.Request, from string) (idem.Session, error) {
	org, t, err := f.turn(ctx, id, step)
	if err != nil {
		return idem.Session{}, err
	}
	d, ok := t.(documents)
	if !ok {
		return idem.Session{}, errNoProvider
	}
	var s idem.Session
	code := &sentCode{Code: store.Code{Phone: r.Phone, PersonalNumber: r.PersonalNumber, From: from}, step: step}
	memo, valid, err := d.Begin(ctx, name, r, func(ctx context.Context) error {
		s, err = f.countCode(ctx, org, id, code)
		return err
	})
	switch {
	case errors.Is(err, errEndedAsking):
		return s, nil
	case errors.Is(err, provider.ErrUnsent):
		f.uncountCode(ctx, org, id, code)
		return s, err
	case err != nil:
		return s, err
	}
	return f.change(ctx, org, id, func(tx store.Tx, s *idem.Session) error {
		if err := s.Turn(step, tx.Now()); err != nil {
			return err
		}
		a := readAsked(s.Steps[step].Memo)
		a.Provider, a.Data = true, memo
		return remember(s, step, a, tx.Now().Add(valid))
	})
}

// errEndedAsking: the session ended, for lack of a subscription, when its step
// began; nobody is to be asked.
var errEndedAsking = errors.New("the session ended")

// sentCode is a code that was counted, to a step among others.
type sentCode struct {
	store.Code
	step int
	at   time.Time
}

// countCode counts a code to the step and to its receiver.
func (f *Flows) countCode(ctx context.Context, org idem.OrgID, id idem.SessionID, code *sentCode) (idem.Session, error) {
	s, err := f.ask(ctx, org, id, code.step, func(tx store.Tx, s *idem.Session, a asked) error {
		if a.Codes >= maxCodes {
			return ErrAskedTooOften
		}
		if err := store.CountCode(ctx, tx, code.Code); err != nil {
			return err
		}
		code.at = tx.Now()
		return remember(s, code.step, asked{Challenges: a.Challenges, Codes: a.Codes + 1, Provider: true}, tx.Now())
	})
	if err == nil && s.Ended() {
		err = errEndedAsking
	}
	return s, err
}

// uncountCode takes back what countCode counted.
func (f *Flows) uncountCode(ctx context.Context, org idem.OrgID, id idem.SessionID, code *sentCode) {
	_, err := f.change(context.WithoutCancel(ctx), org, id, func(tx store.Tx, s *idem.Session) error {
		if err := store.UncountCode(ctx, tx, code.Code, code.at); err != nil {
			return err
		}
		a, until := readAsked(s.Steps[code.step].Memo), s.Steps[code.step].MemoUntil
		if s.Ended() || a.Codes == 0 {
			return nil
		}
		a.Codes--
		return remember(s, code.step, a, until)
	})
	if err != nil {
		f.Log.WarnContext(ctx, "code not taken back", "session", id, "error", err)
	}
}

var errNoProvider = idem.Errorf(idem.Unprocessable, "PROVIDER_NOT_OFFERED", "the step asks no provider")

// Approve gives a provider the holder's code. A wrong code uses an attempt and
// is CODE_WRONG; the last one fails the step.
func (f *Flows) Approve(ctx context.Context, id idem.SessionID, step int, code string) (idem.Session, tech.Outcome, error) {
	org, t, err := f.turn(ctx, id, step)
	if err != nil {
		return idem.Session{}, tech.Outcome{}, err
	}
	d, ok := t.(documents)
	if !ok {
		return idem.Session{}, tech.Outcome{}, errNoProvider
	}
	a, err := f.take(ctx, org, id, step)
	if err != nil || a.session.Ended() {
		return a.session, tech.Outcome{}, err
	}
	if !a.asked.Provider || a.asked.Data == nil {
		return a.session, tech.Outcome{}, f.giveBack(ctx, a, provider.ErrSession)
	}
	out, err := d.Approve(ctx, a.asked.Data, code)
	switch {
	case errors.Is(err, provider.ErrCode):
		return f.wrongCode(ctx, a, err)
	case err != nil:
		return a.session, out, f.giveBack(ctx, a, err)
	}
	return f.settle(ctx, a, out, nil)
}

// wrongCode fails the step when no attempt is left or under way.
func (f *Flows) wrongCode(ctx context.Context, a *attempt, cause error) (idem.Session, tech.Outcome, error) {
	s, out, err := f.settle(ctx, a, tech.Outcome{Technology: idem.TechEDocument, Reasons: []tech.Reason{"code_wrong"}}, nil)
	if err == nil && !s.Ended() {
		return s, tech.Outcome{}, cause
	}
	return s, out, err
}

// Abort ends a session at the user's wish.
func (f *Flows) Abort(ctx context.Context, id idem.SessionID) (idem.Session, error) {
	org, err := f.find(ctx, id)
	if err != nil {
		return idem.Session{}, err
	}
	return f.change(ctx, org, id, func(tx store.Tx, s *idem.Session) error { return s.Abort(tx.Now()) })
}

func remember(s *idem.Session, step int, a asked, until time.Time) error {
	memo, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode memo: %w", err)
	}
	s.Ask(step, memo, until)
	return nil
}
