package check

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/tech"
)

// Deps is what the use case works with.
type Deps struct {
	Store        store.Store
	Technologies []tech.Technology
	IDs          idem.IDs
	// Slots bounds the checks that run at once, so that they share the
	// processors with enrolments; 0 is one per processor.
	Slots int
	// Limit bounds the time of one run; 0 is 20 seconds.
	Limit time.Duration
}

// Checks runs technologies alone. It is safe for concurrent use.
type Checks struct {
	store store.Store
	techs map[idem.TechCode]tech.Technology
	ids   idem.IDs
	slots chan struct{}
	limit time.Duration
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
	c := &Checks{store: d.Store, techs: map[idem.TechCode]tech.Technology{}, ids: d.IDs, slots: make(chan struct{}, d.Slots), limit: d.Limit}
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
// the technology, of which it spends one unit when there is a result.
func (c *Checks) Run(ctx context.Context, p idem.Principal, code idem.TechCode, in tech.Evidence) (Done, error) {
	t, err := c.admit(ctx, p, code)
	if err != nil {
		return Done{}, err
	}
	out, err := c.run(ctx, t, in)
	if err != nil {
		return Done{}, err
	}
	row := idem.Check{ID: idem.CheckID(c.ids.New()), Technology: code, State: idem.CheckOpen}
	err = c.store.Update(ctx, p.Org, func(tx store.Tx) error {
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
func (c *Checks) admit(ctx context.Context, p idem.Principal, code idem.TechCode) (tech.Technology, error) {
	if err := p.Require(idem.ChecksRun); err != nil {
		return nil, err
	}
	t, ok := c.techs[code]
	if !ok {
		return nil, idem.Errorf(idem.Unprocessable, "TECHNOLOGY_UNKNOWN", "no technology of that code").With("technology", string(code))
	}
	if err := t.Ready(); err != nil {
		return nil, err
	}
	err := c.store.View(ctx, p.Org, func(tx store.Tx) error {
		return store.Affordable(ctx, tx, code)
	})
	return t, err
}

// run waits for a slot and bounds the time of the technology.
func (c *Checks) run(ctx context.Context, t tech.Technology, in tech.Evidence) (tech.Outcome, error) {
	bounded, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	select {
	case c.slots <- struct{}{}:
	case <-bounded.Done():
		return tech.Outcome{}, c.late(ctx, bounded.Err())
	}
	defer func() { <-c.slots }()
	out, err := t.Run(bounded, in)
	if err != nil && bounded.Err() != nil {
		err = c.late(ctx, err)
	}
	return out, err
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
