package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
)

// DestroyKey destroys a data key for good: everything sealed with it is noise
// from now on, in every copy. It is durable when DestroyKey returns; a second
// time it does nothing. A key that the key store never had is ErrKeyMissing:
// it may still exist in the key store that the data belongs to.
//
// The newest copy made by BackupTo holds the key until BackupTo runs again.
func (v *Vault) DestroyKey(ctx context.Context, org idem.OrgID, key idem.DataKeyID) error {
	id, err := uuid.Parse(string(key))
	if err != nil {
		return fmt.Errorf("destroy data key: %w", ErrKeyMissing.Because(err))
	}
	err = v.db.update(ctx, func(tx *sql.Tx) error { return v.destroyIn(ctx, tx, org, id) })
	if err != nil {
		return fmt.Errorf("destroy data key: %w", err)
	}
	v.cache.drop(org, id)
	return nil
}

func (v *Vault) destroyIn(ctx context.Context, tx *sql.Tx, org idem.OrgID, id uuid.UUID) error {
	// The size stays, so that SQLite overwrites the row where it stands.
	n, err := affect(ctx, tx, `UPDATE vault_keys SET wrapped = $1 WHERE org = $2 AND id = $3 AND wrapped <> $1`,
		erasedKey(), string(org), id[:])
	if err != nil {
		return err
	}
	if n == 0 {
		return requireKnown(ctx, tx, org, id)
	}
	// The counter's row is locked until the commit: tombstones become visible
	// in the order of their numbers, which refresh relies on.
	var seq int64
	const count = `UPDATE vault_counters SET value = value + 1 WHERE name = 'destroyed' RETURNING value`
	if err := tx.QueryRowContext(ctx, count).Scan(&seq); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO vault_tombstones (seq, org, id, destroyed_at) VALUES ($1, $2, $3, $4)`,
		seq, string(org), id[:], v.now().UTC().UnixMicro())
	return err
}

func requireKnown(ctx context.Context, tx *sql.Tx, org idem.OrgID, id uuid.UUID) error {
	var one int
	err := tx.QueryRowContext(ctx, `SELECT 1 FROM vault_keys WHERE org = $1 AND id = $2`, string(org), id[:]).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrKeyMissing.With("key", id.String())
	}
	return err
}

// refresh drops from memory what other processes destroyed, unless it did so
// less than freshFor ago.
func (v *Vault) refresh(ctx context.Context) error {
	v.syncMu.Lock()
	defer v.syncMu.Unlock()
	now := v.now()
	if age := now.Sub(v.synced); age >= 0 && age < v.freshFor {
		return nil
	}
	if err := v.readTombstones(ctx); err != nil {
		return translate(fmt.Errorf("ask for destroyed keys: %w", err))
	}
	v.synced = now
	return nil
}

func (v *Vault) readTombstones(ctx context.Context) (err error) {
	rows, err := v.db.QueryContext(ctx, `SELECT seq, org, id FROM vault_tombstones WHERE seq > $1 ORDER BY seq`, v.seen)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var org string
		var seq int64
		var raw sql.RawBytes
		if err := rows.Scan(&seq, &org, &raw); err != nil {
			return err
		}
		v.cache.drop(idem.OrgID(org), uuid.UUID(raw))
		v.seen = seq
	}
	return rows.Err()
}
