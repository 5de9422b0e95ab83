package flow

import (
	"context"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face/recent"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/run"
)

// attempt is one answer to a step that was taken and has no result yet.
type attempt struct {
	id      idem.AttemptID
	org     idem.OrgID
	session idem.Session // as the attempt left it
	step    int
	asked   asked // what is answered; without data when nothing was asked in time
}

// part names the evidence that a technology is about.
func part(c idem.TechCode) string {
	switch {
	case c.Liveness():
		return "frames"
	case c == idem.TechDocumentRecognition:
		return "pages"
	}
	return "files"
}

// Submit gives a step its evidence and returns the session as it is then. A
// result that does not pass leaves the step open while it has attempts; the
// outcome tells why. Evidence that has no result costs no attempt, and what it
// answered may be answered again. Face2Face takes no evidence: bring is nil.
func (f *Flows) Submit(ctx context.Context, id idem.SessionID, step int, bring run.Bring) (idem.Session, tech.Outcome, error) {
	org, t, err := f.turn(ctx, id, step)
	if err != nil {
		return idem.Session{}, tech.Outcome{}, err
	}
	a, err := f.take(ctx, org, id, step)
	if err != nil || a.session.Ended() {
		return a.session, tech.Outcome{}, err
	}
	ctx = recent.Within(ctx, string(id))
	if t.Code() == idem.TechFace2Face {
		return f.compare(ctx, a, t)
	}
	if bring == nil {
		return a.session, tech.Outcome{}, f.giveBack(ctx, a, tech.ErrEvidenceMissing.At(part(t.Code())))
	}
	out, err := f.Runner.Run(ctx, t, func(ctx context.Context) (tech.Evidence, error) {
		in, err := bring(ctx)
		if !a.asked.Provider {
			in.Challenge = a.asked.Data
		}
		return in, err
	})
	if err != nil {
		return a.session, out, f.giveBack(ctx, a, err)
	}
	return f.settle(ctx, a, out, nil)
}

// take counts one answer to a step and takes the challenge with it, so that no
// other answer has it meanwhile.
func (f *Flows) take(ctx context.Context, org idem.OrgID, id idem.SessionID, step int) (*attempt, error) {
	a := &attempt{id: idem.AttemptID(f.IDs.New()), org: org, step: step}
	var err error
	a.session, err = f.change(ctx, org, id, func(tx store.Tx, s *idem.Session) error {
		if err := f.begin(ctx, tx, s, step); err != nil || s.Ended() {
			return err
		}
		memo, err := s.Take(step, a.id, tx.Now())
		if err != nil {
			return err
		}
		s.Visited(visitorOf(ctx), tx.Now())
		a.asked = readAsked(memo)
		p := &s.Steps[step]
		if rest := readAsked(p.Memo); rest.Data != nil && !rest.Provider {
			rest.Data = nil
			return remember(s, step, rest, p.MemoUntil)
		}
		return nil
	})
	return a, err
}

// giveBack returns an attempt that had no result, with its challenge, and
// passes the cause on.
func (f *Flows) giveBack(ctx context.Context, a *attempt, cause error) error {
	_, err := f.change(context.WithoutCancel(ctx), a.org, a.session.ID, func(_ store.Tx, s *idem.Session) error {
		if !s.GiveBack(a.step, a.id) {
			return nil
		}
		return a.askAgain(s)
	})
	if err != nil {
		f.Log.WarnContext(ctx, "attempt not given back", "session", a.session.ID, "error", err)
	}
	return cause
}

// askAgain puts the challenge of an attempt without a result back, unless
// another one was drawn meanwhile. The attempt was the only one to have it and
// is over, so it still serves one result at most.
func (a *attempt) askAgain(s *idem.Session) error {
	p := &s.Steps[a.step]
	now := readAsked(p.Memo)
	if a.asked.Data == nil || a.asked.Provider || now.Challenges != a.asked.Challenges || now.Codes != a.asked.Codes {
		return nil
	}
	return remember(s, a.step, a.asked, p.MemoUntil)
}

// settle stores what an attempt found. Its pictures are kept with a result that
// ends the step.
func (f *Flows) settle(ctx context.Context, a *attempt, out tech.Outcome, match *idem.MatchResult) (idem.Session, tech.Outcome, error) {
	result, err := f.resultOf(ctx, a.org, &a.session, out)
	if err != nil {
		return a.session, out, f.giveBack(ctx, a, err)
	}
	if match != nil {
		result.Match = match
	}
	now, err := f.change(ctx, a.org, a.session.ID, func(tx store.Tx, s *idem.Session) error {
		if err := s.Settle(a.step, a.id, result, failureOf(out), tx.Now()); err != nil || s.Steps[a.step].Result == nil {
			return err
		}
		return f.emit(ctx, tx, s, Event{Name: idem.EventTechnologyEnd, Step: a.step})
	})
	if err != nil || now.Steps[a.step].Result == nil {
		f.discard(ctx, a.org, result.Pictures(), err)
	}
	return now, out, err
}
