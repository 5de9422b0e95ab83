package vault

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
)

// isRetired reports an organisation key that was overwritten after a rotation.
func isRetired(wrapped []byte) bool {
	for _, b := range wrapped {
		if b != 0 {
			return false
		}
	}
	return true
}

// RotateMaster wraps the organisations' keys with a new master key in one
// transaction: whatever happens, either the old or the new one opens the key
// store. The caller keeps both until it returns; see RotateMasterFile for a key
// in a file. Errors: ErrMasterWrong when another process rotated already.
func (v *Vault) RotateMaster(ctx context.Context, fresh Master) error {
	if fresh.key == nil {
		return ErrMasterMissing
	}
	old := v.masterKey()
	err := v.db.update(ctx, func(tx *sql.Tx) error {
		if err := holdMaster(ctx, tx, old); err != nil {
			return err
		}
		if err := v.rewrapOrgs(ctx, tx, old, fresh.key); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE vault_meta SET value = $1 WHERE name = 'master'`, fresh.key.fingerprint())
		return errors.Join(err, v.step("master"))
	})
	if err != nil {
		return fmt.Errorf("rotate master key: %w", err)
	}
	v.mu.Lock()
	v.master = fresh.key
	v.mu.Unlock()
	return nil
}

// orgKeyRow is one wrapped organisation key.
type orgKeyRow struct {
	org        idem.OrgID
	purpose    string
	generation uint32
	wrapped    []byte
}

func (v *Vault) rewrapOrgs(ctx context.Context, tx *sql.Tx, old, fresh *secret) error {
	rows, err := readOrgKeys(ctx, tx)
	if err != nil {
		return err
	}
	unwrapping, wrapping := old.derive("wrap"), fresh.derive("wrap")
	for _, r := range rows {
		if isRetired(r.wrapped) {
			continue
		}
		place := orgKeyPlace(r.org, r.purpose, r.generation)
		key, ok := unwrapping.unwrap(r.wrapped, place)
		if !ok {
			return ErrMasterWrong.With("organisation", string(r.org))
		}
		_, err := tx.ExecContext(ctx, `UPDATE vault_org_keys SET wrapped = $1 WHERE org = $2 AND purpose = $3 AND generation = $4`,
			wrapping.wrap(&key, place), string(r.org), r.purpose, int64(r.generation))
		if err != nil {
			return err
		}
	}
	return nil
}

func readOrgKeys(ctx context.Context, tx *sql.Tx) (out []orgKeyRow, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT org, purpose, generation, wrapped FROM vault_org_keys ORDER BY org, purpose, generation`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r orgKeyRow
		if err := rows.Scan(&r.org, &r.purpose, &r.generation, &r.wrapped); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// RotateOrg gives the organisation a new sealing key and wraps all its data
// keys with it, in batches; then the old sealing key is overwritten. When it is
// interrupted both keys stay and everything can be read; running it again
// finishes the work. Errors: ErrSuperseded when another RotateOrg began.
//
// The blind key stays: the index that stands in the data was computed with it,
// and a new one would need the clear values of every person of the organisation
// at once. What the blind key protects is less: it shows which values are equal
// and lets its holder try values, and reads nothing.
func (v *Vault) RotateOrg(ctx context.Context, org idem.OrgID) error {
	if err := v.beginRotation(ctx, org); err != nil {
		return fmt.Errorf("rotate organisation key: %w", err)
	}
	keys, err := v.loadOrg(ctx, org)
	if err != nil {
		return err
	}
	var after uuid.UUID
	for more := true; more; {
		if err := v.step("batch"); err != nil {
			return err
		}
		if after, more, err = v.rewrapBatch(ctx, org, keys, after); err != nil {
			return fmt.Errorf("rotate organisation key: %w", err)
		}
	}
	if err := v.retire(ctx, org, keys.generation); err != nil {
		return fmt.Errorf("rotate organisation key: %w", err)
	}
	_, err = v.loadOrg(ctx, org)
	return err
}

func (v *Vault) beginRotation(ctx context.Context, org idem.OrgID) error {
	return v.withMaster(ctx, func(master *secret) error {
		return v.db.update(ctx, func(tx *sql.Tx) error { return nextGeneration(ctx, tx, master, org) })
	})
}

func nextGeneration(ctx context.Context, tx *sql.Tx, master *secret, org idem.OrgID) error {
	var generation int64
	const next = `UPDATE vault_orgs SET generation = generation + 1 WHERE org = $1 RETURNING generation`
	err := tx.QueryRowContext(ctx, next, string(org)).Scan(&generation)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrKeyMissing.With("organisation", string(org))
	}
	if err != nil {
		return err
	}
	if err := holdMaster(ctx, tx, master); err != nil {
		return err
	}
	seal := newSecret()
	return insertOrgKey(ctx, tx, master, org, purposeSeal, uint32(generation), &seal)
}

const rotateBatch = 1000

// rewrapBatch wraps the next data keys behind after and returns how far it got.
func (v *Vault) rewrapBatch(ctx context.Context, org idem.OrgID, keys *orgKeys, after uuid.UUID) (last uuid.UUID, more bool, err error) {
	err = v.db.update(ctx, func(tx *sql.Tx) error {
		last, more = after, false
		if err := holdGeneration(ctx, tx, org, keys.generation); err != nil {
			return err
		}
		batch, err := readWrapped(ctx, tx, org, after)
		if err != nil {
			return err
		}
		for _, row := range batch {
			if err := keys.rewrap(ctx, tx, org, row); err != nil {
				return err
			}
			last, more = row.id, true
		}
		return nil
	})
	return last, more, err
}

type wrappedRow struct {
	id      uuid.UUID
	wrapped []byte
}

func readWrapped(ctx context.Context, tx *sql.Tx, org idem.OrgID, after uuid.UUID) (out []wrappedRow, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, wrapped FROM vault_keys WHERE org = $1 AND id > $2 ORDER BY id LIMIT $3`,
		string(org), after[:], rotateBatch)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var raw sql.RawBytes
		var r wrappedRow
		if err := rows.Scan(&raw, &r.wrapped); err != nil {
			return nil, err
		}
		copy(r.id[:], raw)
		out = append(out, r)
	}
	return out, rows.Err()
}

func (k *orgKeys) rewrap(ctx context.Context, tx *sql.Tx, org idem.OrgID, row wrappedRow) error {
	if isErased(row.wrapped) || binary.BigEndian.Uint32(row.wrapped) == k.generation {
		return nil
	}
	key, err := k.unwrapData(org, row.id, row.wrapped)
	if err != nil {
		return err
	}
	seal := k.seal[k.generation]
	// The old bytes in the condition keep a key that is destroyed meanwhile
	// from coming back.
	_, err = tx.ExecContext(ctx, `UPDATE vault_keys SET wrapped = $1 WHERE org = $2 AND id = $3 AND wrapped = $4`,
		wrapData(org, row.id, k.generation, &seal, &key), string(org), row.id[:], row.wrapped)
	return err
}

// retire overwrites the sealing keys before the generation, after it made sure
// that they wrap nothing any more.
func (v *Vault) retire(ctx context.Context, org idem.OrgID, generation uint32) error {
	return v.db.update(ctx, func(tx *sql.Tx) error {
		if err := holdGeneration(ctx, tx, org, generation); err != nil {
			return err
		}
		var left int64
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM vault_keys WHERE org = $1 AND wrapped <> $2 AND substr(wrapped, 1, 4) <> $3`,
			string(org), erasedKey(), binary.BigEndian.AppendUint32(nil, generation)).Scan(&left)
		if err != nil {
			return err
		}
		if left > 0 {
			return fmt.Errorf("%d data keys still stand under an older key", left)
		}
		_, err = tx.ExecContext(ctx, `UPDATE vault_org_keys SET wrapped = $1 WHERE org = $2 AND purpose = $3 AND generation < $4`,
			make([]byte, wrappedSize), string(org), purposeSeal, int64(generation))
		return err
	})
}
