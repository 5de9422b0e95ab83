package sqltext

import (
	"context"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Runner runs functions in transactions, as store.Store does.
type Runner interface {
	View(ctx context.Context, org idem.OrgID, f func(store.Tx) error) error
	Update(ctx context.Context, org idem.OrgID, f func(store.Tx) error) error
}

// System is store.System on any engine. Its statements are the only ones that
// cross organisations.
type System struct{ runner Runner }

var _ store.System = System{}

// NewSystem makes the System of a backend whose transactions are *Tx.
func NewSystem(r Runner) System { return System{r} }

func (s System) view(ctx context.Context, f func(*Tx) error) error {
	return s.runner.View(ctx, "", func(tx store.Tx) error { return f(tx.(*Tx)) })
}

// CreateOrganisation implements store.System.
func (s System) CreateOrganisation(ctx context.Context, o idem.Organisation, furnish func(store.Tx) error) error {
	return s.runner.Update(ctx, o.ID, func(tx store.Tx) error {
		if err := (organisations{tx.(*Tx)}).insert(ctx, o); err != nil || furnish == nil {
			return err
		}
		return furnish(tx)
	})
}

// ListOrganisations implements store.System.
func (s System) ListOrganisations(ctx context.Context) (found []idem.Organisation, err error) {
	err = s.view(ctx, func(t *Tx) error {
		found, err = list(ctx, t, `SELECT `+organisationColumns+` FROM organisations ORDER BY created_at, org`, nil, scanOrganisation)
		return err
	})
	return found, err
}

type orgCredential struct {
	org        idem.OrgID
	credential idem.Credential
}

// FindCredential implements store.System.
func (s System) FindCredential(ctx context.Context, hash [32]byte) (idem.OrgID, idem.Credential, error) {
	var found []orgCredential
	err := s.view(ctx, func(t *Tx) (err error) {
		found, err = list(ctx, t, `SELECT org, `+credentialColumns+` FROM credentials WHERE hash = $1 ORDER BY org LIMIT 1`, []any{hash[:]},
			func(r row, c *orgCredential) error { return scanCredentialAfter(r, &c.credential, &c.org) })
		return err
	})
	if err == nil && len(found) == 0 {
		err = store.ErrCredentialUnknown
	}
	if err != nil {
		return "", idem.Credential{}, err
	}
	return found[0].org, found[0].credential, nil
}

// FindOperators implements store.System.
func (s System) FindOperators(ctx context.Context, email string) (found []store.OrgOperator, err error) {
	err = s.view(ctx, func(t *Tx) error {
		blind, err := t.blindEmail(ctx, email)
		if err != nil {
			return err
		}
		stored, err := list(ctx, t, `SELECT org, `+operatorColumns+` FROM operators WHERE email_blind = $1 ORDER BY org`, []any{blind}, scanOperator)
		if err != nil {
			return err
		}
		found, err = t.openOperators(ctx, stored)
		return err
	})
	return found, err
}

// ExpireIdempotency implements store.System.
func (s System) ExpireIdempotency(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.runner.Update(ctx, "", func(tx store.Tx) error {
		n, err = tx.(*Tx).exec(ctx, `DELETE FROM idempotency WHERE created_at < $1`, micros(before))
		return err
	})
	return n, err
}

// ExpireChecks implements store.System.
func (s System) ExpireChecks(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.runner.Update(ctx, "", func(tx store.Tx) error {
		n, err = tx.(*Tx).exec(ctx, `DELETE FROM checks WHERE expires_at < $1`, micros(before))
		return err
	})
	return n, err
}

// ExpireCodes implements store.System.
func (s System) ExpireCodes(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.runner.Update(ctx, "", func(tx store.Tx) error {
		n, err = tx.(*Tx).exec(ctx, `DELETE FROM codes WHERE sent_at < $1`, micros(before))
		return err
	})
	return n, err
}

// FindSession implements store.System.
func (s System) FindSession(ctx context.Context, id idem.SessionID) (org idem.OrgID, err error) {
	if !storable(string(id)) {
		return "", idem.ErrSessionNotFound
	}
	err = s.view(ctx, func(t *Tx) error {
		found, err := t.first(ctx, `SELECT org FROM sessions WHERE id = $1`, []any{id}, &org)
		if err == nil && !found {
			return idem.ErrSessionNotFound
		}
		return err
	})
	return org, err
}

// OverdueSessions implements store.System.
func (s System) OverdueSessions(ctx context.Context, before time.Time, limit int) (found []store.OrgSession, err error) {
	err = s.view(ctx, func(t *Tx) error {
		found, err = list(ctx, t, `SELECT org, id FROM sessions WHERE ended_at = 0 AND expires_at < $1 ORDER BY expires_at LIMIT $2`,
			[]any{micros(before), limit}, func(r row, o *store.OrgSession) error { return r.Scan(&o.Org, &o.Session) })
		return err
	})
	return found, err
}

// SchemaVersion implements store.System.
func (s System) SchemaVersion(ctx context.Context) (version int64, err error) {
	err = s.view(ctx, func(t *Tx) error {
		_, err := t.first(ctx, `SELECT MAX(version_id) FROM goose_db_version WHERE is_applied`, nil, &version)
		return err
	})
	return version, err
}
