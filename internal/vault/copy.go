package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
)

// table is one table of the key store as far as a copy carries it.
type table struct {
	name    string
	columns []string
}

// copiedTables lists what a copy holds. The counts of unassigned keys stay
// behind: they belong to running processes.
func copiedTables() []table {
	return []table{
		{"vault_meta", []string{"name", "value"}},
		{"vault_orgs", []string{"org", "generation", "data_key"}},
		{"vault_org_keys", []string{"org", "purpose", "generation", "wrapped"}},
		{"vault_keys", []string{"org", "id", "wrapped"}},
		{"vault_tombstones", []string{"seq", "org", "id", "destroyed_at"}},
	}
}

// BackupTo writes a copy of the key store, an SQLite key store itself, over
// file: atomically and durably, so that the previous copy, and in it the keys
// destroyed since, is gone. The copy holds wrapped keys and never the master.
func (v *Vault) BackupTo(ctx context.Context, file string) error {
	temp := filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+"."+uuid.NewString())
	err := v.copyTo(ctx, temp)
	if err == nil {
		err = syncFile(temp)
	}
	if err == nil {
		err = replaceDurably(temp, file)
	}
	if err != nil {
		_ = os.Remove(temp)
		return translate(fmt.Errorf("back up key store: %w", err))
	}
	return nil
}

func (v *Vault) copyTo(ctx context.Context, path string) error {
	if !v.db.postgres {
		if err := v.vacuumInto(ctx, path); err != nil {
			return err
		}
	}
	target, err := connect(path)
	if err != nil {
		return err
	}
	return errors.Join(v.fill(ctx, target), target.Close())
}

// vacuumInto lets SQLite write the copy, six times as fast as row by row:
// writers wait meanwhile.
func (v *Vault) vacuumInto(ctx context.Context, path string) error {
	if err := touchPrivate(path); err != nil {
		return err
	}
	_, err := v.db.ExecContext(ctx, `VACUUM INTO $1`, path)
	return err
}

// fill makes a copy of what target does not have yet, and durable what it has.
func (v *Vault) fill(ctx context.Context, target *database) error {
	if err := target.migrate(ctx); err != nil {
		return err
	}
	if v.db.postgres {
		return v.db.snapshot(ctx, func(from *sql.Tx) error {
			return target.update(ctx, func(to *sql.Tx) error { return copyTables(ctx, from, to) })
		})
	}
	return target.update(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM vault_blocks`)
		return err
	})
}

// Restore fills the empty key store at address (an SQLite path or postgres://)
// with a copy that BackupTo wrote. Errors: ErrNotEmpty.
func Restore(ctx context.Context, file, address string) (err error) {
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("restore key store: %w", err)
	}
	from, err := connect(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := connect(address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if err := to.migrate(ctx); err != nil {
		return fmt.Errorf("restore key store: %w", err)
	}
	err = from.snapshot(ctx, func(source *sql.Tx) error {
		return to.update(ctx, func(target *sql.Tx) error { return restoreTables(ctx, source, target) })
	})
	if err != nil {
		return fmt.Errorf("restore key store: %w", err)
	}
	return nil
}

func restoreTables(ctx context.Context, from, to *sql.Tx) error {
	// Without rows in vault_meta no master key was ever used here.
	var used int64
	if err := to.QueryRowContext(ctx, `SELECT COUNT(*) FROM vault_meta`).Scan(&used); err != nil {
		return err
	}
	if used > 0 {
		return ErrNotEmpty
	}
	return copyTables(ctx, from, to)
}

func copyTables(ctx context.Context, from, to *sql.Tx) error {
	for _, t := range copiedTables() {
		if err := t.copy(ctx, from, to); err != nil {
			return fmt.Errorf("copy %s: %w", t.name, err)
		}
	}
	_, err := to.ExecContext(ctx, `UPDATE vault_counters SET value = (SELECT COALESCE(MAX(seq), 0) FROM vault_tombstones)
		WHERE name = 'destroyed'`)
	return err
}

func (t table) copy(ctx context.Context, from, to *sql.Tx) (err error) {
	columns := strings.Join(t.columns, ", ")
	insert, err := to.PrepareContext(ctx, fmt.Sprintf(`INSERT INTO %s (%s) VALUES (%s)`, t.name, columns, t.placeholders()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, insert.Close()) }()
	rows, err := from.QueryContext(ctx, fmt.Sprintf(`SELECT %s FROM %s`, columns, t.name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values, targets := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		if _, err := insert.ExecContext(ctx, values...); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (t table) placeholders() string {
	marks := make([]string, len(t.columns))
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	return strings.Join(marks, ",")
}
