package vault

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
)

// The sizes of blocks of fresh keys. They double from the first to the largest,
// so that a process wastes at most as many keys as it hands out.
const (
	firstBlock   = 8
	largestBlock = 256
)

// freshKey is a key that is durable and was not handed out yet.
type freshKey struct {
	id  uuid.UUID
	key secret
}

// pool holds the fresh keys of one organisation.
type pool struct {
	mu    sync.Mutex
	keys  []freshKey
	block uuid.UUID // names the count of unassigned keys in the key store
	size  int       // of the newest block
}

// NewKey hands out a data key that was never used. It is durable already.
func (v *Vault) NewKey(ctx context.Context, org idem.OrgID) (idem.DataKeyID, error) {
	p := v.poolOf(org)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.keys) == 0 {
		if err := v.refill(ctx, org, p); err != nil {
			return "", fmt.Errorf("make data keys: %w", err)
		}
	}
	last := len(p.keys) - 1
	k := p.keys[last]
	p.keys[last].key = secret{}
	p.keys = p.keys[:last]
	// Nobody can have destroyed a key whose name nobody knew.
	v.cache.put(v.cache.mark(), org, k.id, k.key)
	return idem.DataKeyID(k.id.String()), nil
}

func (v *Vault) poolOf(org idem.OrgID) *pool {
	v.mu.Lock()
	defer v.mu.Unlock()
	p := v.pools[org]
	if p == nil {
		p = new(pool)
		v.pools[org] = p
	}
	return p
}

// refill makes the next block durable in one transaction.
func (v *Vault) refill(ctx context.Context, org idem.OrgID, p *pool) error {
	size := min(max(2*p.size, firstBlock), largestBlock)
	keys, err := v.freshKeys(size)
	if err != nil {
		return err
	}
	block := keys[0].id
	err = v.withSealKey(ctx, org, func(tx *sql.Tx, generation uint32, seal *secret) error {
		if err := insertKeys(ctx, tx, org, keys, generation, seal); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM vault_blocks WHERE id = $1`, p.block[:]); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO vault_blocks (id, org, unassigned) VALUES ($1, $2, $3)`, block[:], string(org), size)
		return err
	})
	if err != nil {
		return err
	}
	slices.Reverse(keys) // handed out from the end, oldest identifier first
	p.keys, p.block, p.size = keys, block, size
	return nil
}

func (v *Vault) freshKeys(n int) ([]freshKey, error) {
	keys := make([]freshKey, n)
	for i := range keys {
		id, err := uuid.Parse(v.ids.New())
		if err != nil {
			return nil, err
		}
		keys[i] = freshKey{id, newSecret()}
	}
	return keys, nil
}

// withSealKey runs f in a transaction that excludes a rotation of the
// organisation's sealing key. When another process rotated it meanwhile, it
// loads the new one and tries again.
func (v *Vault) withSealKey(ctx context.Context, org idem.OrgID, f func(*sql.Tx, uint32, *secret) error) error {
	keys, err := v.orgKeysOf(ctx, org)
	for range 100 { // each turn means that one more rotation has begun
		if err != nil {
			return err
		}
		err = v.db.update(ctx, func(tx *sql.Tx) error {
			if err := holdGeneration(ctx, tx, org, keys.generation); err != nil {
				return err
			}
			seal := keys.seal[keys.generation]
			return f(tx, keys.generation, &seal)
		})
		if !errors.Is(err, ErrSuperseded) {
			return err
		}
		keys, err = v.loadOrg(ctx, org)
	}
	return errors.Join(err, ErrSuperseded)
}

// holdGeneration locks the organisation's row and fails with ErrSuperseded
// unless it still stands at the generation.
func holdGeneration(ctx context.Context, tx *sql.Tx, org idem.OrgID, generation uint32) error {
	n, err := affect(ctx, tx, `UPDATE vault_orgs SET generation = generation WHERE org = $1 AND generation = $2`,
		string(org), int64(generation))
	if err == nil && n != 1 {
		return ErrSuperseded
	}
	return err
}

func insertKeys(ctx context.Context, tx *sql.Tx, org idem.OrgID, keys []freshKey, generation uint32, seal *secret) error {
	args := []any{string(org)}
	var query strings.Builder
	query.WriteString(`INSERT INTO vault_keys (org, id, wrapped) VALUES `)
	for i := range keys {
		if i > 0 {
			query.WriteByte(',')
		}
		fmt.Fprintf(&query, "($1,$%d,$%d)", len(args)+1, len(args)+2)
		args = append(args, keys[i].id[:], wrapData(org, keys[i].id, generation, seal, &keys[i].key))
	}
	_, err := tx.ExecContext(ctx, query.String(), args...)
	return err
}

func wrapData(org idem.OrgID, id uuid.UUID, generation uint32, seal, key *secret) []byte {
	out := binary.BigEndian.AppendUint32(make([]byte, 0, wrappedDataSize), generation)
	return append(out, seal.wrap(key, dataKeyPlace(org, id, generation))...)
}

func dataKeyPlace(org idem.OrgID, id uuid.UUID, generation uint32) []byte {
	place := part(part(part(nil, "data key"), string(org)), string(id[:]))
	return binary.BigEndian.AppendUint32(place, generation)
}

// settlePools writes down how many keys of the current blocks are left over. A
// failure costs nothing but the exactness of Audit.
func (v *Vault) settlePools() {
	v.mu.RLock()
	defer v.mu.RUnlock()
	for _, p := range v.pools {
		p.mu.Lock()
		if p.size > 0 {
			_, _ = v.db.Exec(`UPDATE vault_blocks SET unassigned = $1 WHERE id = $2`, len(p.keys), p.block[:])
		}
		clear(p.keys)
		p.keys = nil
		p.mu.Unlock()
	}
}

// dataKey returns a data key from memory or from the key store.
func (v *Vault) dataKey(ctx context.Context, org idem.OrgID, id uuid.UUID) (secret, error) {
	if err := v.refresh(ctx); err != nil {
		return secret{}, err
	}
	if key, erased, known := v.cache.get(org, id); erased {
		return secret{}, idem.ErrErased
	} else if known {
		return key, nil
	}
	mark := v.cache.mark()
	var wrapped []byte
	err := v.db.QueryRowContext(ctx, `SELECT wrapped FROM vault_keys WHERE org = $1 AND id = $2`, string(org), id[:]).Scan(&wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		return secret{}, v.whyMissing(ctx, id)
	}
	if err != nil {
		return secret{}, translate(fmt.Errorf("load data key: %w", err))
	}
	if isErased(wrapped) {
		v.cache.drop(org, id)
		return secret{}, idem.ErrErased
	}
	key, err := v.unwrapData(ctx, org, id, wrapped)
	if err == nil {
		v.cache.put(mark, org, id, key)
	}
	return key, err
}

// whyMissing tells a key of another organisation, which means that the sealed
// value was moved, from one that is nowhere.
func (v *Vault) whyMissing(ctx context.Context, id uuid.UUID) error {
	var n int64
	err := v.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM vault_orgs o JOIN vault_keys k ON k.org = o.org AND k.id = $1`, id[:]).Scan(&n)
	switch {
	case err != nil:
		return translate(fmt.Errorf("load data key: %w", err))
	case n > 0:
		return ErrSealBroken
	}
	return ErrKeyMissing.With("key", id.String())
}

func (v *Vault) unwrapData(ctx context.Context, org idem.OrgID, id uuid.UUID, wrapped []byte) (secret, error) {
	keys, err := v.orgKeysOf(ctx, org)
	if err != nil {
		return secret{}, err
	}
	if !keys.wrapper(wrapped) { // another process rotated the organisation
		if keys, err = v.loadOrg(ctx, org); err != nil {
			return secret{}, err
		}
	}
	return keys.unwrapData(org, id, wrapped)
}

// wrapper reports whether the sealing key that wraps the data key is known.
func (k *orgKeys) wrapper(wrapped []byte) bool {
	if len(wrapped) != wrappedDataSize {
		return false
	}
	_, ok := k.seal[binary.BigEndian.Uint32(wrapped)]
	return ok
}

func (k *orgKeys) unwrapData(org idem.OrgID, id uuid.UUID, wrapped []byte) (secret, error) {
	if !k.wrapper(wrapped) {
		return secret{}, ErrSealBroken.With("key", id.String())
	}
	generation := binary.BigEndian.Uint32(wrapped)
	seal := k.seal[generation]
	key, ok := seal.unwrap(wrapped[generationSize:], dataKeyPlace(org, id, generation))
	if !ok {
		return secret{}, ErrSealBroken.With("key", id.String())
	}
	return key, nil
}

// preloadBatch is how many keys one query fetches.
const preloadBatch = 500

// Preload brings data keys into memory, as many as the cache holds, with few
// queries. Keys that the key store does not have are passed over: Open reports
// them.
func (v *Vault) Preload(ctx context.Context, org idem.OrgID, ids []idem.DataKeyID) error {
	if err := v.refresh(ctx); err != nil {
		return err
	}
	wanted := v.unknown(org, ids)
	slices.SortFunc(wanted, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	for batch := range slices.Chunk(slices.Compact(wanted), preloadBatch) {
		if err := v.loadBatch(ctx, org, batch); err != nil {
			return translate(fmt.Errorf("load data keys: %w", err))
		}
	}
	return nil
}

func (v *Vault) unknown(org idem.OrgID, ids []idem.DataKeyID) []uuid.UUID {
	var wanted []uuid.UUID
	for _, text := range ids {
		id, err := uuid.Parse(string(text))
		if err != nil {
			continue
		}
		if _, _, known := v.cache.get(org, id); !known && len(wanted) < v.cache.limit {
			wanted = append(wanted, id)
		}
	}
	return wanted
}

func (v *Vault) loadBatch(ctx context.Context, org idem.OrgID, ids []uuid.UUID) (err error) {
	mark := v.cache.mark()
	query, args := batchQuery(org, ids)
	rows, err := v.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var raw, wrapped sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&raw, &wrapped); err != nil {
			return err
		}
		id := uuid.UUID(raw)
		if isErased(wrapped) {
			continue
		}
		key, err := v.unwrapData(ctx, org, id, wrapped)
		if err != nil {
			return err
		}
		v.cache.put(mark, org, id, key)
	}
	return rows.Err()
}

func batchQuery(org idem.OrgID, ids []uuid.UUID) (string, []any) {
	args := []any{string(org)}
	var query strings.Builder
	query.WriteString(`SELECT id, wrapped FROM vault_keys WHERE org = $1 AND id IN (`)
	for i := range ids {
		if i > 0 {
			query.WriteByte(',')
		}
		fmt.Fprintf(&query, "$%d", len(args)+1)
		args = append(args, ids[i][:])
	}
	query.WriteByte(')')
	return query.String(), args
}
