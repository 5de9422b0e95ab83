package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
)

// database is the key store's connection pool. The SQL text is one for both
// engines.
type database struct {
	*sql.DB
	postgres bool
}

func connect(address string) (*database, error) {
	if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		return connectPostgres(address)
	}
	return connectSQLite(address)
}

func connectPostgres(address string) (*database, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errors.New("the key store's postgres:// address is malformed") // the cause may quote the password
	}
	// A key must not be lost after data was sealed with it, whatever the
	// server's default.
	config.RuntimeParams["synchronous_commit"] = "on"
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(4)
	return &database{DB: db, postgres: true}, nil
}

// connectSQLite opens the file with a rollback journal that is unlinked at each
// commit. synchronous=EXTRA is FULL plus a sync of the directory, without which
// a power failure could bring the journal back, and with it a destroyed key.
func connectSQLite(path string) (*database, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("locate key store: %w", err)
	}
	if err := touchPrivate(absolute); err != nil {
		return nil, translate(fmt.Errorf("create key store: %w", err))
	}
	name := url.URL{Scheme: "file", Path: absolute, RawQuery: url.Values{
		"_pragma":       {"secure_delete(1)", "temp_store(2)"},
		"_busy_timeout": {"5000"},
		"_journal_mode": {"DELETE"},
		"_synchronous":  {"EXTRA"},
		"_txlock":       {"immediate"},
	}.Encode()}
	connector, err := sqlite.NewConnector(name.String())
	if err != nil {
		return nil, fmt.Errorf("open key store: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(4)
	return &database{DB: db}, nil
}

// touchPrivate makes the file before SQLite does, because SQLite would make it
// readable by all; its journals take over the mode.
func touchPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// update runs f in a read-write transaction that is durable when update returns
// nil. f may run more than once.
func (d *database) update(ctx context.Context, f func(*sql.Tx) error) error {
	var err error
	for range 5 {
		if err = d.once(ctx, nil, f); !lostRace(err) {
			break
		}
	}
	return translate(err)
}

// snapshot runs f in a read-only transaction that sees one moment.
func (d *database) snapshot(ctx context.Context, f func(*sql.Tx) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if d.postgres {
		options.Isolation = sql.LevelRepeatableRead
	}
	return translate(d.once(ctx, options, f))
}

func (d *database) once(ctx context.Context, options *sql.TxOptions, f func(*sql.Tx) error) error {
	tx, err := d.BeginTx(ctx, options)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // the error of f is the one that matters
		return err
	}
	return tx.Commit()
}

// affect executes a statement and returns how many rows it changed.
func affect(ctx context.Context, tx *sql.Tx, query string, args ...any) (int64, error) {
	result, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// schemaVersion counts the entries of migrations.
const schemaVersion = 1

// migrations returns the statements of each version, oldest first. The type
// BYTEA is PostgreSQL's; SQLite stores what it is given.
func migrations() [schemaVersion][]string {
	return [schemaVersion][]string{{
		`CREATE TABLE vault_meta (name TEXT PRIMARY KEY, value BYTEA NOT NULL)`,
		`CREATE TABLE vault_counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL)`,
		`INSERT INTO vault_counters (name, value) VALUES ('destroyed', 0)`,
		`CREATE TABLE vault_orgs (org TEXT PRIMARY KEY, generation BIGINT NOT NULL, data_key BYTEA NOT NULL)`,
		`CREATE TABLE vault_org_keys (org TEXT NOT NULL, purpose TEXT NOT NULL, generation BIGINT NOT NULL,
			wrapped BYTEA NOT NULL, PRIMARY KEY (org, purpose, generation))`,
		`CREATE TABLE vault_keys (org TEXT NOT NULL, id BYTEA NOT NULL, wrapped BYTEA NOT NULL, PRIMARY KEY (org, id))`,
		`CREATE TABLE vault_tombstones (seq BIGINT PRIMARY KEY, org TEXT NOT NULL, id BYTEA NOT NULL,
			destroyed_at BIGINT NOT NULL, UNIQUE (org, id))`,
		`CREATE TABLE vault_blocks (id BYTEA PRIMARY KEY, org TEXT NOT NULL, unassigned BIGINT NOT NULL)`,
	}}
}

// migrate brings the schema to schemaVersion. Two processes that start on an
// empty PostgreSQL database collide in its catalogue; the loser tries again.
func (d *database) migrate(ctx context.Context) error {
	var err error
	for range 5 {
		if err = d.once(ctx, nil, func(tx *sql.Tx) error { return migrateIn(ctx, tx) }); err == nil {
			return nil
		}
		if errors.Is(err, ErrSchemaNewer) || ctx.Err() != nil {
			break
		}
	}
	return translate(err)
}

func migrateIn(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS vault_schema (version BIGINT PRIMARY KEY)`); err != nil {
		return err
	}
	var version int
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM vault_schema`).Scan(&version); err != nil {
		return err
	}
	if version > schemaVersion {
		return ErrSchemaNewer.With("version", version)
	}
	for i, statements := range migrations() {
		if i < version {
			continue
		}
		// The version row comes first: it is what a concurrent start waits on.
		if _, err := tx.ExecContext(ctx, `INSERT INTO vault_schema (version) VALUES ($1)`, i+1); err != nil {
			return err
		}
		for _, statement := range statements {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("migrate key store to version %d: %w", i+1, err)
			}
		}
	}
	return nil
}
