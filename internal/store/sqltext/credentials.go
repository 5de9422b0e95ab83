package sqltext

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

type credentials struct{ *Tx }

const credentialColumns = `id, kind, name, hint, permissions, created_at, expires_at, revoked_at`

func scanCredential(r row, c *idem.Credential) error {
	return scanCredentialAfter(r, c)
}

// scanCredentialAfter reads a credential behind other columns.
func scanCredentialAfter(r row, c *idem.Credential, before ...any) error {
	var permissions []byte
	err := r.Scan(append(before, &c.ID, &c.Kind, &c.Name, &c.Hint, &permissions,
		(*moment)(&c.CreatedAt), (*moment)(&c.ExpiresAt), (*moment)(&c.RevokedAt))...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(permissions, &c.Permissions); err != nil {
		return fmt.Errorf("read permissions of credential %s: %w", c.ID, err)
	}
	return nil
}

func (t *Tx) sealForOrg(ctx context.Context, at store.Place, plain []byte) ([]byte, error) {
	key, err := t.sealer.OrgKey(ctx, t.org)
	if err != nil {
		return nil, fmt.Errorf("find the organisation's key: %w", err)
	}
	sealed, err := t.sealer.Seal(ctx, key, at, plain)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", at.Column, err)
	}
	return sealed, nil
}

func (t *Tx) openSealed(ctx context.Context, at store.Place, sealed []byte) ([]byte, error) {
	plain, err := t.sealer.Open(ctx, at, sealed)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", at.Column, err)
	}
	return plain, nil
}

func (t credentials) place(id idem.CredentialID) store.Place {
	return store.Place{Org: t.org, Owner: string(id), Column: "credentials.sealed", Row: string(id)}
}

// Insert implements store.Credentials.
func (t credentials) Insert(ctx context.Context, c idem.Credential, hash [32]byte, showAgain string) error {
	permissions, err := json.Marshal(c.Permissions)
	if err != nil {
		return fmt.Errorf("encode permissions: %w", err)
	}
	var sealed []byte
	if showAgain != "" {
		if sealed, err = t.sealForOrg(ctx, t.place(c.ID), []byte(showAgain)); err != nil {
			return err
		}
	}
	_, err = t.exec(ctx, `INSERT INTO credentials (org, `+credentialColumns+`, hash, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		t.org, c.ID, c.Kind, c.Name, c.Hint, string(permissions), micros(c.CreatedAt), micros(c.ExpiresAt), micros(c.RevokedAt), hash[:], sealed)
	return err
}

// List implements store.Credentials.
func (t credentials) List(ctx context.Context) ([]idem.Credential, error) {
	return list(ctx, t.Tx, `SELECT `+credentialColumns+` FROM credentials WHERE org = $1 ORDER BY created_at, id`, []any{t.org}, scanCredential)
}

// Reveal implements store.Credentials.
func (t credentials) Reveal(ctx context.Context, id idem.CredentialID) (string, error) {
	var sealed []byte
	if _, err := t.first(ctx, `SELECT sealed FROM credentials WHERE org = $1 AND id = $2`, []any{t.org, id}, &sealed); err != nil {
		return "", err
	}
	if sealed == nil {
		return "", store.ErrCredentialUnknown
	}
	plain, err := t.openSealed(ctx, t.place(id), sealed)
	return string(plain), err
}

// Revoke implements store.Credentials. Of several at the same moment the row
// lets one be the first.
func (t credentials) Revoke(ctx context.Context, id idem.CredentialID) (bool, error) {
	n, err := t.exec(ctx, `UPDATE credentials SET revoked_at = $3 WHERE org = $1 AND id = $2 AND revoked_at = 0`, t.org, id, micros(t.now))
	if err != nil || n == 1 {
		return n == 1, err
	}
	var at int64
	found, err := t.first(ctx, `SELECT revoked_at FROM credentials WHERE org = $1 AND id = $2`, []any{t.org, id}, &at)
	if err == nil && !found {
		err = store.ErrCredentialUnknown
	}
	return false, err
}
