package sqltext

import (
	"context"
	"strings"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

type checks struct{ *Tx }

func (t checks) place(id idem.CheckID) store.Place {
	return store.Place{Org: t.org, Owner: string(id), Column: "checks.sealed", Row: string(id)}
}

// memo seals what an open check remembers; nil for nothing.
func (t checks) memo(ctx context.Context, c idem.Check) ([]byte, error) {
	if c.Memo == nil {
		return nil, nil
	}
	return t.sealForOrg(ctx, t.place(c.ID), c.Memo)
}

// Insert implements store.Checks.
func (t checks) Insert(ctx context.Context, c idem.Check) error {
	sealed, err := t.memo(ctx, c)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO checks (org, id, technology, state, reasons, sealed, attempts, created_at, expires_at, ended_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		t.org, c.ID, c.Technology, c.State, strings.Join(c.Reasons, " "), sealed, c.Attempts, micros(c.CreatedAt), micros(c.ExpiresAt), micros(c.EndedAt))
	return err
}

// GetForUpdate implements store.Checks.
func (t checks) GetForUpdate(ctx context.Context, id idem.CheckID) (idem.Check, error) {
	c := idem.Check{ID: id}
	var sealed []byte
	var reasons string
	found, err := t.first(ctx, `SELECT technology, state, reasons, sealed, attempts, created_at, expires_at, ended_at
		FROM checks WHERE org = $1 AND id = $2`+lock, []any{t.org, id},
		&c.Technology, &c.State, &reasons, &sealed, &c.Attempts, (*moment)(&c.CreatedAt), (*moment)(&c.ExpiresAt), (*moment)(&c.EndedAt))
	if err == nil && !found {
		err = idem.ErrCheckNotFound
	}
	if err != nil {
		return idem.Check{}, err
	}
	if reasons != "" {
		c.Reasons = strings.Split(reasons, " ")
	}
	if sealed != nil {
		c.Memo, err = t.openSealed(ctx, t.place(id), sealed)
	}
	return c, err
}

// Save implements store.Checks.
func (t checks) Save(ctx context.Context, c idem.Check) error {
	sealed, err := t.memo(ctx, c)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `UPDATE checks SET state = $3, reasons = $4, sealed = $5, attempts = $6, ended_at = $7 WHERE org = $1 AND id = $2`,
		t.org, c.ID, c.State, strings.Join(c.Reasons, " "), sealed, c.Attempts, micros(c.EndedAt))
	return unlessFound(n, err, idem.ErrCheckNotFound)
}
