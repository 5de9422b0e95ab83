package sqltext

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Engine names an SQL engine in the file names of its own migrations.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// types replaces the column types that the engines spell differently.
// PostgreSQL compares text byte by byte only under the collation C.
func (e Engine) types() *strings.Replacer {
	if e == Postgres {
		return strings.NewReplacer("{{text}}", `TEXT COLLATE "C"`, "{{bytes}}", "BYTEA", "{{clustered}}", "")
	}
	return strings.NewReplacer("{{text}}", "TEXT", "{{bytes}}", "BLOB", "{{clustered}}", " WITHOUT ROWID")
}

// migration is one numbered file: NNNNN_name.sql for both engines or
// NNNNN_name.ENGINE.sql for one.
type migration struct {
	version int64
	text    string
}

func (e Engine) migrations() ([]migration, error) {
	entries, err := migrationFiles.ReadDir("migrations")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	var out []migration
	for _, entry := range entries {
		parts := strings.Split(entry.Name(), ".")
		if len(parts) == 3 && parts[1] != string(e) {
			continue
		}
		number, _, _ := strings.Cut(entry.Name(), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number: %w", entry.Name(), err)
		}
		text, err := migrationFiles.ReadFile(path.Join("migrations", entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		out = append(out, migration{version, e.types().Replace(string(text))})
	}
	return out, nil
}

// Fingerprint returns a hash of all migrations of the engine, hexadecimal.
func (e Engine) Fingerprint() (string, error) {
	all, err := e.migrations()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, m := range all {
		fmt.Fprintf(h, "%d %d %s", m.version, len(m.text), m.text)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Migrate applies the migrations that the database lacks, in order, each in a
// transaction of its own. It refuses a database of a newer program. The caller
// keeps a second Migrate out, if the engine's options do not.
func (e Engine) Migrate(ctx context.Context, db *sql.DB, options ...goose.ProviderOption) error {
	all, err := e.migrations()
	if err != nil {
		return err
	}
	steps := make([]*goose.Migration, len(all))
	for i, m := range all {
		steps[i] = goose.NewGoMigration(m.version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, m.text)
			return err
		}}, nil)
	}
	dialect := goose.DialectSQLite3
	if e == Postgres {
		dialect = goose.DialectPostgres
	}
	options = append(options, goose.WithGoMigrations(steps...), goose.WithDisableGlobalRegistry(true))
	provider, err := goose.NewProvider(dialect, db, nil, options...)
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if current > target {
		return fmt.Errorf("the database has schema version %d, this program knows only %d", current, target)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
