package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/idem-id/idem"
)

// ErrBackupExists: a backup never overwrites a file.
var ErrBackupExists = idem.Errorf(idem.Conflict, "BACKUP_EXISTS", "the backup file exists already")

// BackupTo writes a consistent copy of the database into a new file, readable
// by its owner only, while the store is in use, and makes it durable.
func (s *Store) BackupTo(ctx context.Context, file string) (err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrExist) {
		return ErrBackupExists
	}
	if err != nil {
		return fmt.Errorf("create backup: %w", translate(err))
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	db, err := openDB(s.path, Options{}.withDefaults(), "query_only(0)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, `VACUUM INTO $1`, file); err != nil {
		return fmt.Errorf("write backup: %w", errors.Join(translate(err), os.Remove(file)))
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("flush backup: %w", translate(err))
	}
	return nil
}
