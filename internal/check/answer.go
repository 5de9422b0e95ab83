package check

import (
	"context"
	"fmt"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/run"
)

// Challenge opens a check of a technology that asks first, and returns what the
// client must be told. It needs what Run needs, and spends nothing yet.
func (c *Checks) Challenge(ctx context.Context, p idem.Principal, code idem.TechCode) (idem.Check, tech.Challenge, error) {
	t, _, err := c.admit(ctx, p, code)
	if err != nil {
		return idem.Check{}, tech.Challenge{}, err
	}
	asks, ok := t.(tech.Challenger)
	if !ok {
		return idem.Check{}, tech.Challenge{}, idem.Errorf(idem.Unprocessable, "CHALLENGE_NOT_OFFERED", "the technology asks for nothing before it runs")
	}
	asked, err := asks.Challenge(ctx)
	if err != nil {
		return idem.Check{}, tech.Challenge{}, fmt.Errorf("draw challenge: %w", err)
	}
	row, err := c.open(ctx, p.Org, code, asked.Memo, asked.Valid)
	return row, asked, err
}

// Respond runs the technology of an open check on evidence that answers its
// challenge. The challenge serves once, whatever comes of it.
func (c *Checks) Respond(ctx context.Context, p idem.Principal, id idem.CheckID, code idem.TechCode, in tech.Evidence) (Done, error) {
	return c.respond(ctx, p, id, code, as(in))
}

// RespondFiles is Respond on files.
func (c *Checks) RespondFiles(ctx context.Context, p idem.Principal, id idem.CheckID, code idem.TechCode, in Files) (Done, error) {
	return c.respond(ctx, p, id, code, c.of(in))
}

func (c *Checks) respond(ctx context.Context, p idem.Principal, id idem.CheckID, code idem.TechCode, bring run.Bring) (Done, error) {
	return c.answer(ctx, p, id, code, 1, func(ctx context.Context, memo []byte) (tech.Outcome, error) {
		return c.Runner.Run(ctx, c.techs[code], func(ctx context.Context) (tech.Evidence, error) {
			in, err := bring(ctx)
			in.Challenge = memo
			return in, err
		})
	})
}

// Find returns a check of the organisation, without its memo.
func (c *Checks) Find(ctx context.Context, p idem.Principal, id idem.CheckID) (row idem.Check, err error) {
	if err := p.Require(idem.ChecksRun); err != nil {
		return row, err
	}
	err = c.Store.Update(ctx, p.Org, func(tx store.Tx) error {
		row, err = tx.Checks().GetForUpdate(ctx, id)
		return err
	})
	row.Memo = nil
	return row, err
}

func (c *Checks) open(ctx context.Context, org idem.OrgID, code idem.TechCode, memo []byte, valid time.Duration) (idem.Check, error) {
	row := idem.Check{ID: idem.CheckID(c.IDs.New()), Technology: code, State: idem.CheckOpen, Memo: memo}
	err := c.Store.Update(ctx, org, func(tx store.Tx) error {
		row.CreatedAt, row.ExpiresAt = tx.Now(), tx.Now().Add(valid)
		return tx.Checks().Insert(ctx, row)
	})
	if err != nil {
		return idem.Check{}, fmt.Errorf("open check: %w", err)
	}
	return row, nil
}

// answer takes one of at most attempts answers to an open check of the
// technology, and judges it by what was kept. An error of judge leaves the
// check open for the attempts that remain; a result ends it and spends one
// unit. idem.ErrCheckNotFound, ErrCheckExpired and ErrCheckEnded refuse.
func (c *Checks) answer(ctx context.Context, p idem.Principal, id idem.CheckID, code idem.TechCode, attempts int,
	judge func(ctx context.Context, memo []byte) (tech.Outcome, error),
) (Done, error) {
	if _, _, err := c.admit(ctx, p, code); err != nil {
		return Done{}, err
	}
	memo, err := c.take(ctx, p.Org, id, code, attempts)
	if err != nil {
		return Done{}, fmt.Errorf("take answer: %w", err)
	}
	out, err := judge(ctx, memo)
	if err != nil {
		return Done{}, err
	}
	done := Done{ID: id, Outcome: out}
	err = c.Store.Update(ctx, p.Org, func(tx store.Tx) error {
		done.At = tx.Now()
		return c.end(ctx, tx, id, code, out)
	})
	if err != nil {
		return Done{}, fmt.Errorf("end check: %w", err)
	}
	return done, nil
}

func (c *Checks) take(ctx context.Context, org idem.OrgID, id idem.CheckID, code idem.TechCode, attempts int) (memo []byte, err error) {
	err = c.Store.Update(ctx, org, func(tx store.Tx) error {
		row, err := tx.Checks().GetForUpdate(ctx, id)
		if err != nil {
			return err
		}
		if row.Technology != code {
			return idem.ErrCheckNotFound
		}
		if err := row.Take(tx.Now(), attempts); err != nil {
			return err
		}
		memo = row.Memo
		return tx.Checks().Save(ctx, row)
	})
	return memo, err
}

func (c *Checks) end(ctx context.Context, tx store.Tx, id idem.CheckID, code idem.TechCode, out tech.Outcome) error {
	if err := store.Spend(ctx, tx, code); err != nil {
		return err
	}
	row, err := tx.Checks().GetForUpdate(ctx, id)
	if err != nil {
		return err
	}
	if err := row.End(tx.Now(), reasons(out)); err != nil {
		return err
	}
	return tx.Checks().Save(ctx, row)
}
