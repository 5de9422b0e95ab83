package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
)

// The purposes of an organisation's keys.
const (
	purposeSeal  = "seal"
	purposeBlind = "blind"
)

// orgKeys are the unwrapped keys of one organisation. It never changes once it
// is published; a rotation publishes another one.
type orgKeys struct {
	generation uint32 // of the sealing key that wraps new data keys
	seal       map[uint32]secret
	blind      secret
	dataKey    uuid.UUID
}

// CreateOrg makes the keys of an organisation. For one that has keys it does
// nothing. It must come before anything else is asked for the organisation.
func (v *Vault) CreateOrg(ctx context.Context, org idem.OrgID) error {
	err := v.withMaster(ctx, func(master *secret) error {
		return v.db.update(ctx, func(tx *sql.Tx) error { return v.createIn(ctx, tx, master, org) })
	})
	if err != nil {
		return fmt.Errorf("create organisation keys: %w", err)
	}
	return nil
}

func (v *Vault) createIn(ctx context.Context, tx *sql.Tx, master *secret, org idem.OrgID) error {
	dataKey, err := uuid.Parse(v.ids.New())
	if err != nil {
		return err
	}
	n, err := affect(ctx, tx, `INSERT INTO vault_orgs (org, generation, data_key) VALUES ($1, 1, $2) ON CONFLICT DO NOTHING`,
		string(org), dataKey[:])
	if err != nil || n == 0 {
		return err
	}
	if err := holdMaster(ctx, tx, master); err != nil {
		return err
	}
	seal, blind := newSecret(), newSecret()
	if err := insertOrgKey(ctx, tx, master, org, purposeSeal, 1, &seal); err != nil {
		return err
	}
	if err := insertOrgKey(ctx, tx, master, org, purposeBlind, 1, &blind); err != nil {
		return err
	}
	return insertKeys(ctx, tx, org, []freshKey{{dataKey, newSecret()}}, 1, &seal)
}

func insertOrgKey(ctx context.Context, tx *sql.Tx, master *secret, org idem.OrgID, purpose string, generation uint32, key *secret) error {
	wrapping := master.derive("wrap")
	wrapped := wrapping.wrap(key, orgKeyPlace(org, purpose, generation))
	_, err := tx.ExecContext(ctx, `INSERT INTO vault_org_keys (org, purpose, generation, wrapped) VALUES ($1, $2, $3, $4)`,
		string(org), purpose, int64(generation), wrapped)
	return err
}

func orgKeyPlace(org idem.OrgID, purpose string, generation uint32) []byte {
	place := part(part(part(nil, "organisation key"), string(org)), purpose)
	return binary.BigEndian.AppendUint32(place, generation)
}

// orgKeysOf returns the organisation's keys, from memory when they are known.
func (v *Vault) orgKeysOf(ctx context.Context, org idem.OrgID) (*orgKeys, error) {
	v.mu.RLock()
	keys := v.orgs[org]
	v.mu.RUnlock()
	if keys != nil {
		return keys, nil
	}
	return v.loadOrg(ctx, org)
}

// loadOrg reads the organisation's keys and keeps them.
func (v *Vault) loadOrg(ctx context.Context, org idem.OrgID) (*orgKeys, error) {
	var keys *orgKeys
	err := v.withMaster(ctx, func(master *secret) (err error) {
		wrapping := master.derive("wrap")
		keys, err = v.readOrg(ctx, org, &wrapping)
		return err
	})
	if err != nil {
		return nil, translate(fmt.Errorf("load organisation keys: %w", err))
	}
	v.mu.Lock()
	v.orgs[org] = keys
	v.mu.Unlock()
	return keys, nil
}

func (v *Vault) readOrg(ctx context.Context, org idem.OrgID, wrapping *secret) (keys *orgKeys, err error) {
	rows, err := v.db.QueryContext(ctx, `SELECT o.generation, o.data_key, k.purpose, k.generation, k.wrapped
		FROM vault_orgs o JOIN vault_org_keys k ON k.org = o.org WHERE o.org = $1`, string(org))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	keys = &orgKeys{seal: make(map[uint32]secret)}
	for rows.Next() {
		if err := keys.scan(rows, org, wrapping); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if keys.generation == 0 {
		return nil, ErrKeyMissing.With("organisation", string(org))
	}
	return keys, nil
}

func (k *orgKeys) scan(rows *sql.Rows, org idem.OrgID, wrapping *secret) error {
	var generation, current int64
	var purpose string
	var wrapped, dataKey []byte
	if err := rows.Scan(&current, &dataKey, &purpose, &generation, &wrapped); err != nil {
		return err
	}
	k.generation = uint32(current)
	copy(k.dataKey[:], dataKey)
	if isRetired(wrapped) {
		return nil
	}
	key, ok := wrapping.unwrap(wrapped, orgKeyPlace(org, purpose, uint32(generation)))
	switch {
	case !ok:
		return ErrMasterWrong.With("organisation", string(org))
	case purpose == purposeBlind:
		k.blind = key
	default:
		k.seal[uint32(generation)] = key
	}
	return nil
}

// OrgKey returns the data key for what belongs to the organisation itself.
func (v *Vault) OrgKey(ctx context.Context, org idem.OrgID) (idem.DataKeyID, error) {
	keys, err := v.orgKeysOf(ctx, org)
	if err != nil {
		return "", err
	}
	return idem.DataKeyID(keys.dataKey.String()), nil
}

// Blind returns the HMAC-SHA-256 of (domain, value) under the organisation's
// index key, 32 bytes.
func (v *Vault) Blind(ctx context.Context, org idem.OrgID, domain, value string) ([]byte, error) {
	keys, err := v.orgKeysOf(ctx, org)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, keys.blind[:])
	mac.Write(part(part(nil, domain), value))
	return mac.Sum(nil), nil
}
