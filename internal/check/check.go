package check

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/run"
)

// Deps is what the use case works with.
type Deps struct {
	Store        store.Store
	Technologies []tech.Technology
	IDs          idem.IDs
	Pictures     *picture.Decoder // of Files
	Runner       *run.Runner      // that this use case shares with others; nil is one of its own
}

// Checks runs technologies alone. It is safe for concurrent use.
type Checks struct {
	Deps
	techs map[idem.TechCode]tech.Technology
}

// keep is how long it stays known that a check took place.
const keep = 24 * time.Hour

// New returns the use case. A technology that is not among those of Deps
// answers TECHNOLOGY_UNKNOWN.
func New(d Deps) *Checks {
	if d.Runner == nil {
		d.Runner = run.New(run.Bounds{})
	}
	c := &Checks{Deps: d, techs: map[idem.TechCode]tech.Technology{}}
	for _, t := range d.Technologies {
		c.techs[t.Code()] = t
	}
	return c
}

// Done is a check that has its result.
type Done struct {
	ID      idem.CheckID
	At      time.Time
	Outcome tech.Outcome
}

// Run checks the evidence at once. It needs checks.run and a subscription of
// the technology, of which it spends one unit when there is a result. Without a
// false match rate of its own it decides at that of the organisation.
func (c *Checks) Run(ctx context.Context, p idem.Principal, code idem.TechCode, in tech.Evidence) (Done, error) {
	return c.runOn(ctx, p, code, as(in))
}

// RunFiles is Run on files, which are decoded once it is known that they are
// wanted and there is a slot.
func (c *Checks) RunFiles(ctx context.Context, p idem.Principal, code idem.TechCode, in Files) (Done, error) {
	return c.runOn(ctx, p, code, c.of(in))
}

func as(in tech.Evidence) run.Bring {
	return func(context.Context) (tech.Evidence, error) { return in, nil }
}

func (c *Checks) of(in Files) run.Bring {
	return func(ctx context.Context) (tech.Evidence, error) { return in.Evidence(ctx, c.Pictures) }
}

func (c *Checks) runOn(ctx context.Context, p idem.Principal, code idem.TechCode, bring run.Bring) (Done, error) {
	t, settings, err := c.admit(ctx, p, code)
	if err != nil {
		return Done{}, err
	}
	out, err := c.Runner.Run(ctx, t, func(ctx context.Context) (tech.Evidence, error) {
		in, err := bring(ctx)
		in.FMR = cmp.Or(in.FMR, settings.MatchFMR)
		return in, err
	})
	if err != nil {
		return Done{}, err
	}
	return c.record(ctx, p, code, out)
}

// record keeps that a check took place, and spends its unit.
func (c *Checks) record(ctx context.Context, p idem.Principal, code idem.TechCode, out tech.Outcome) (Done, error) {
	row := idem.Check{ID: idem.CheckID(c.IDs.New()), Technology: code, State: idem.CheckOpen}
	err := c.Store.Update(ctx, p.Org, func(tx store.Tx) error {
		if err := store.Spend(ctx, tx, code); err != nil {
			return err
		}
		ended := row
		ended.CreatedAt, ended.ExpiresAt = tx.Now(), tx.Now().Add(keep)
		if err := ended.End(tx.Now(), reasons(out)); err != nil {
			return err
		}
		row.EndedAt = ended.EndedAt
		return tx.Checks().Insert(ctx, ended)
	})
	if err != nil {
		return Done{}, fmt.Errorf("record check: %w", err)
	}
	return Done{ID: row.ID, At: row.EndedAt, Outcome: out}, nil
}

// admit refuses what need not be tried.
func (c *Checks) admit(ctx context.Context, p idem.Principal, code idem.TechCode) (tech.Technology, idem.Settings, error) {
	if err := p.Require(idem.ChecksRun); err != nil {
		return nil, idem.Settings{}, err
	}
	t, ok := c.techs[code]
	if !ok {
		return nil, idem.Settings{}, idem.Errorf(idem.Unprocessable, "TECHNOLOGY_UNKNOWN", "no technology of that code").With("technology", string(code))
	}
	if err := t.Ready(); err != nil {
		return nil, idem.Settings{}, err
	}
	var org idem.Organisation
	err := c.Store.View(ctx, p.Org, func(tx store.Tx) (err error) {
		if org, err = tx.Organisations().Get(ctx); err != nil {
			return err
		}
		return store.Affordable(ctx, tx, code)
	})
	return t, org.Settings, err
}

func reasons(out tech.Outcome) []string {
	if out.Passed {
		return nil
	}
	list := make([]string, 0, max(1, len(out.Reasons)))
	for _, r := range out.Reasons {
		list = append(list, string(r))
	}
	if len(list) == 0 {
		list = append(list, "not_passed")
	}
	return list
}
