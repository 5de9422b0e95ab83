package vault

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Options says where the keys are and how they are kept in memory. Zero fields
// but URL and Master take their defaults.
type Options struct {
	// URL is the path of an SQLite file, made when missing, or an address
	// postgres://… of a database (its tables start with vault_).
	URL string
	// Master is the key that the key store is sealed with; a new key store
	// takes it.
	Master Master
	// CacheKeys bounds the data keys in memory, about 200 bytes each; default
	// 200,000.
	CacheKeys int
	// FreshFor is how long keys in memory are used before the key store is
	// asked what other processes destroyed; default 5 s.
	FreshFor time.Duration
	// IDs makes the identifiers of keys; default UUIDv7.
	IDs idem.IDs
	// Now is the clock; default time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.CacheKeys <= 0 {
		o.CacheKeys = 200_000
	}
	if o.FreshFor <= 0 {
		o.FreshFor = 5 * time.Second
	}
	if o.IDs == nil {
		o.IDs = idem.UUIDv7{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Vault is an open key store. It is safe for concurrent use.
type Vault struct {
	db       *database
	ids      idem.IDs
	now      func() time.Time
	freshFor time.Duration
	cache    *cache

	mu         sync.RWMutex // guards the next four
	master     *secret
	masterPath string // the file it came from
	orgs       map[idem.OrgID]*orgKeys
	pools      map[idem.OrgID]*pool

	syncMu sync.Mutex // guards synced, seen
	synced time.Time
	seen   int64 // newest tombstone that the cache reflects

	// step is called between the parts of a rotation; tests interrupt there.
	step func(name string) error
}

var _ store.Sealer = (*Vault)(nil)

// Open opens the key store and makes it when it is empty. Errors:
// ErrMasterWrong, ErrMasterMissing, ErrSchemaNewer, idem.ErrDatabaseUnavailable.
func Open(ctx context.Context, o Options) (*Vault, error) {
	o = o.withDefaults()
	db, err := connect(o.URL)
	if err != nil {
		return nil, err
	}
	v := &Vault{
		db: db, ids: o.IDs, now: o.Now, freshFor: o.FreshFor, cache: newCache(o.CacheKeys),
		orgs: make(map[idem.OrgID]*orgKeys), pools: make(map[idem.OrgID]*pool),
		step: func(string) error { return nil },
	}
	if err := v.start(ctx, o.Master); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return v, nil
}

func (v *Vault) start(ctx context.Context, m Master) error {
	if err := v.db.migrate(ctx); err != nil {
		return fmt.Errorf("open key store: %w", err)
	}
	if m.key == nil {
		return ErrMasterMissing
	}
	if err := v.recognise(ctx, m); err != nil {
		return fmt.Errorf("open key store: %w", err)
	}
	if err := v.CreateOrg(ctx, ""); err != nil {
		return err
	}
	return v.db.QueryRowContext(ctx, `SELECT value FROM vault_counters WHERE name = 'destroyed'`).Scan(&v.seen)
}

// recognise makes a new key store the master key's own, or finds out which of
// the given keys an existing one belongs to.
func (v *Vault) recognise(ctx context.Context, m Master) error {
	const claim = `INSERT INTO vault_meta (name, value) VALUES ('master', $1) ON CONFLICT DO NOTHING`
	err := v.db.update(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, claim, m.key.fingerprint())
		return err
	})
	if err != nil {
		return err
	}
	return v.adopt(ctx, m)
}

// adopt takes the one of the given keys that the key store stands under.
func (v *Vault) adopt(ctx context.Context, m Master) error {
	var fingerprint []byte
	err := v.db.QueryRowContext(ctx, `SELECT value FROM vault_meta WHERE name = 'master'`).Scan(&fingerprint)
	if err != nil {
		return translate(err)
	}
	key, next, err := m.choose(fingerprint)
	if err != nil {
		return err
	}
	if next {
		if err := promote(m.path, Master{key: key}); err != nil {
			return err
		}
	}
	v.mu.Lock()
	v.master, v.masterPath = key, m.path
	v.mu.Unlock()
	return nil
}

// withMaster runs f with the master key. When another process rotated it
// meanwhile and it comes from a file, the file is read again and f run once
// more.
func (v *Vault) withMaster(ctx context.Context, f func(*secret) error) error {
	v.mu.RLock()
	master, path := v.master, v.masterPath
	v.mu.RUnlock()
	err := f(master)
	if path == "" || !errors.Is(err, ErrMasterWrong) {
		return err
	}
	m, readErr := readMaster(path)
	if readErr == nil {
		readErr = v.adopt(ctx, m)
	}
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	return f(v.masterKey())
}

// holdMaster makes the rest of the transaction exclude a change of the master
// key, and fails when it has changed already: what is wrapped with an old one
// would be unreadable.
func holdMaster(ctx context.Context, tx *sql.Tx, master *secret) error {
	n, err := affect(ctx, tx, `UPDATE vault_meta SET value = value WHERE name = 'master' AND value = $1`, master.fingerprint())
	if err == nil && n != 1 {
		return ErrMasterWrong
	}
	return err
}

func (v *Vault) masterKey() *secret {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.master
}

// Close ends the use of the key store and wipes the keys in memory. Keys that
// were made and not handed out stay behind unused.
func (v *Vault) Close() error {
	v.settlePools()
	v.mu.Lock()
	clear(v.orgs)
	clear(v.pools)
	v.mu.Unlock()
	v.cache.wipe()
	return v.db.Close()
}

// Audit counts what the key store holds.
type Audit struct {
	Organisations int64 // with the instance itself
	Keys          int64 // data keys that can be used
	Destroyed     int64 // tombstones
	// Unassigned bounds from above how many of Keys were never handed out:
	// running processes count with their whole current block.
	Unassigned int64
}

// Audit counts the keys, for a check of the installation.
func (v *Vault) Audit(ctx context.Context) (Audit, error) {
	var a Audit
	err := v.db.snapshot(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM vault_orgs),
			(SELECT COUNT(*) FROM vault_keys WHERE wrapped <> $1), (SELECT COUNT(*) FROM vault_tombstones),
			(SELECT COALESCE(SUM(unassigned), 0) FROM vault_blocks)`, erasedKey()).
			Scan(&a.Organisations, &a.Keys, &a.Destroyed, &a.Unassigned)
	})
	return a, err
}

// erasedKey is what stands in the place of a destroyed data key; no generation
// is zero.
func erasedKey() []byte { return make([]byte, wrappedDataSize) }

func isErased(wrapped []byte) bool { return bytes.Equal(wrapped, erasedKey()) }
