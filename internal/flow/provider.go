package flow

import (
	"context"
	"errors"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument/provider"
)

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
