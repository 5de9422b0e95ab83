package sqltext

import (
	"context"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

type operators struct{ *Tx }

const operatorColumns = `id, email_sealed, password_hash, role, created_at, disabled_at`

type sealedOperator struct {
	store.OrgOperator
	email []byte
}

func scanOperator(r row, o *sealedOperator) error {
	return r.Scan(&o.Org, &o.Operator.ID, &o.email, &o.Operator.PasswordHash, &o.Operator.Role,
		(*moment)(&o.Operator.CreatedAt), (*moment)(&o.Operator.DisabledAt))
}

// blindEmail is the same in every organisation, so that signing in finds an
// operator before the organisation is known.
func (t *Tx) blindEmail(ctx context.Context, email string) ([]byte, error) {
	blind, err := t.sealer.Blind(ctx, "", "operator", email)
	if err != nil {
		return nil, fmt.Errorf("blind e-mail address: %w", err)
	}
	return blind, nil
}

func operatorPlace(org idem.OrgID, id idem.OperatorID) store.Place {
	return store.Place{Org: org, Owner: string(id), Column: "operators.email", Row: string(id)}
}

func (t *Tx) openOperators(ctx context.Context, stored []sealedOperator) ([]store.OrgOperator, error) {
	var out []store.OrgOperator
	for _, s := range stored {
		email, err := t.openSealed(ctx, operatorPlace(s.Org, s.Operator.ID), s.email)
		if err != nil {
			return nil, err
		}
		s.Operator.Email = string(email)
		out = append(out, s.OrgOperator)
	}
	return out, nil
}

// Insert implements store.Operators.
func (t operators) Insert(ctx context.Context, o idem.Operator) error {
	if !storable(o.Email) {
		return store.ErrText
	}
	blind, err := t.blindEmail(ctx, o.Email)
	if err != nil {
		return err
	}
	sealed, err := t.sealForOrg(ctx, operatorPlace(t.org, o.ID), []byte(o.Email))
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `INSERT INTO operators (org, `+operatorColumns+`, email_blind) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (org, email_blind) DO NOTHING`,
		t.org, o.ID, sealed, o.PasswordHash, o.Role, micros(o.CreatedAt), micros(o.DisabledAt), blind)
	return unlessFound(n, err, store.ErrOperatorExists)
}

// List implements store.Operators.
func (t operators) List(ctx context.Context) ([]idem.Operator, error) {
	return t.list(ctx, `SELECT org, `+operatorColumns+` FROM operators WHERE org = $1 ORDER BY created_at, id`, t.org)
}

func (t operators) list(ctx context.Context, text string, args ...any) ([]idem.Operator, error) {
	stored, err := list(ctx, t.Tx, text, args, scanOperator)
	if err != nil {
		return nil, err
	}
	opened, err := t.openOperators(ctx, stored)
	if err != nil {
		return nil, err
	}
	var out []idem.Operator
	for _, o := range opened {
		out = append(out, o.Operator)
	}
	return out, nil
}

// Get implements store.Operators.
func (t operators) Get(ctx context.Context, id idem.OperatorID) (idem.Operator, error) {
	found, err := t.list(ctx, `SELECT org, `+operatorColumns+` FROM operators WHERE org = $1 AND id = $2`, t.org, id)
	if err == nil && len(found) == 0 {
		err = store.ErrOperatorUnknown
	}
	if err != nil {
		return idem.Operator{}, err
	}
	return found[0], nil
}

// Save implements store.Operators.
func (t operators) Save(ctx context.Context, o idem.Operator) error {
	n, err := t.exec(ctx, `UPDATE operators SET role = $3, password_hash = $4, disabled_at = $5 WHERE org = $1 AND id = $2`,
		t.org, o.ID, o.Role, o.PasswordHash, micros(o.DisabledAt))
	return unlessFound(n, err, store.ErrOperatorUnknown)
}
