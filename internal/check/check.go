package check

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/tech"
)

// Deps is what the use case works with.
type Deps struct {
	Store        store.Store
	Technologies []tech.Technology
	IDs          idem.IDs
	Pictures     *picture.Decoder // of Files
	// Slots bounds the checks that run at once, so that they share the
	// processors with enrolments; 0 is one per processor.
	Slots int
	// Limit bounds the time of one run; 0 is 20 seconds.
	Limit time.Duration
	// Observe, if it is not nil, is told of every run: how it ended and how long
	// it took with its slot.
	Observe func(code idem.TechCode, end End, took time.Duration)
}

// End is how a run ended.
type End string

// The ends of runs. A refused one had no result: its evidence could not be
// read, or the engine failed.
const (
	EndPassed  End = "passed"
	EndFailed  End = "failed"
	EndRefused End = "refused"
)

// Checks runs technologies alone. It is safe for concurrent use.
type Checks struct {
	Deps
	techs map[idem.TechCode]tech.Technology
	slots chan struct{}
}

// ErrBusy is the refusal of a check that found no free slot in its time.
var ErrBusy = idem.Errorf(idem.Unavailable, "CHECK_BUSY", "too many checks run at once; try again")

// keep is how long it stays known that a check took place.
const keep = 24 * time.Hour

// New returns the use case. A technology that is not among those of Deps
// answers TECHNOLOGY_UNKNOWN.
func New(d Deps) *Checks {
	if d.Slots < 1 {
		d.Slots = runtime.GOMAXPROCS(0)
	}
	if d.Limit <= 0 {
		d.Limit = 20 * time.Second
	}
	if d.Observe == nil {
		d.Observe = func(idem.TechCode, End, time.Duration) {}
	}
	c := &Checks{Deps: d, techs: map[idem.TechCode]tech.Technology{}, slots: make(chan struct{}, d.Slots)}
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

// source brings evidence when its turn has come.
type source func(context.Context) (tech.Evidence, error)

func as(in tech.Evidence) source {
	return func(context.Context) (tech.Evidence, error) { return in, nil }
}

func (c *Checks) of(in Files) source {
	return func(ctx context.Context) (tech.Evidence, error) { return in.Evidence(ctx, c.Pictures) }
}

func (c *Checks) runOn(ctx context.Context, p idem.Principal, code idem.TechCode, bring source) (Done, error) {
	t, settings, err := c.admit(ctx, p, code)
	if err != nil {
		return Done{}, err
	}
	out, err := c.run(ctx, t, func(ctx context.Context) (tech.Evidence, error) {
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

// run waits for a slot, takes the evidence in and bounds the time of both.
func (c *Checks) run(ctx context.Context, t tech.Technology, bring source) (out tech.Outcome, err error) {
	bounded, cancel := context.WithTimeout(ctx, c.Limit)
	defer cancel()
	select {
	case c.slots <- struct{}{}:
	case <-bounded.Done():
		return tech.Outcome{}, c.late(ctx, bounded.Err())
	}
	defer func() { <-c.slots }()
	begun := time.Now()
	defer func() { c.Observe(t.Code(), endOf(out, err), time.Since(begun)) }()
	in, err := bring(bounded)
	if err == nil {
		out, err = t.Run(bounded, in)
	}
	if err != nil && bounded.Err() != nil {
		err = c.late(ctx, err)
	}
	return out, err
}

func endOf(out tech.Outcome, err error) End {
	switch {
	case err != nil:
		return EndRefused
	case out.Passed:
		return EndPassed
	}
	return EndFailed
}

// late tells the limit from a caller that left.
func (c *Checks) late(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return ErrBusy.Because(err)
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

// Execute runs a technology for another use case, within the bounds that all
// runs share. Permission, subscription and result are that one's business.
func (c *Checks) Execute(ctx context.Context, t tech.Technology, bring func(context.Context) (tech.Evidence, error)) (tech.Outcome, error) {
	return c.run(ctx, t, bring)
}
