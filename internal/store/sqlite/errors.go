package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"syscall"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// translate makes of SQLite's errors what callers know. Errors that are none
// of SQLite's pass unchanged.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, sql.ErrConnDone), errors.Is(err, errClosed):
		return idem.ErrDatabaseUnavailable.Because(err)
	case errors.Is(err, syscall.ENOSPC):
		return idem.ErrStorageFull.Because(err)
	case errors.Is(err, os.ErrPermission), errors.Is(err, os.ErrNotExist):
		return idem.ErrDatabaseUnavailable.Because(err)
	}
	var fault *driver.Error
	if !errors.As(err, &fault) {
		return err
	}
	switch primary(fault) {
	case lib.SQLITE_FULL:
		return idem.ErrStorageFull.Because(err)
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN, lib.SQLITE_PROTOCOL, lib.SQLITE_NOMEM, lib.SQLITE_PERM:
		return idem.ErrDatabaseUnavailable.Because(err)
	case lib.SQLITE_READONLY:
		return store.ErrReadOnly.Because(err)
	}
	if fault.Code() == lib.SQLITE_CONSTRAINT_UNIQUE || fault.Code() == lib.SQLITE_CONSTRAINT_PRIMARYKEY {
		return store.ErrDuplicateRow.Because(err)
	}
	return fmt.Errorf("run statement: %w", err)
}

func primary(fault *driver.Error) int { return fault.Code() & 0xff }

// endsTransaction reports whether SQLite may have rolled the whole transaction
// back, not only the statement that failed.
func endsTransaction(err error) bool {
	var fault *driver.Error
	if !errors.As(err, &fault) {
		return false
	}
	switch primary(fault) {
	case lib.SQLITE_CONSTRAINT, lib.SQLITE_ERROR, lib.SQLITE_MISMATCH, lib.SQLITE_RANGE, lib.SQLITE_TOOBIG, lib.SQLITE_READONLY:
		return false
	}
	return true
}
