package vault

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/idem-id/idem"
)

// The failures of the vault. None of them is the client's fault.
var (
	// ErrKeyMissing: the key store never had this key, so data and key store
	// do not belong together, or the key store is older than the data.
	ErrKeyMissing = idem.Errorf(idem.Internal, "KEY_MISSING", "the key store does not have the key of this data")
	// ErrSealBroken: the sealed bytes were altered, or stand where they were
	// not sealed for.
	ErrSealBroken = idem.Errorf(idem.Internal, "SEAL_BROKEN", "the stored data was altered or misplaced")
	// ErrMasterWrong: the key store was made with another master key.
	ErrMasterWrong = idem.Errorf(idem.Internal, "MASTER_KEY_WRONG", "the key store was sealed with another master key")
	// ErrMasterMissing: there is no master key where one was looked for.
	ErrMasterMissing = idem.Errorf(idem.Internal, "MASTER_KEY_MISSING", "there is no master key")
	// ErrMasterInvalid: what was found is not 32 bytes in base64.
	ErrMasterInvalid = idem.Errorf(idem.Internal, "MASTER_KEY_INVALID", "the master key is not 32 bytes in base64")
	// ErrMasterExposed: the file can be read by others than its owner.
	ErrMasterExposed = idem.Errorf(idem.Internal, "MASTER_KEY_EXPOSED", "the master key file must be readable by its owner alone (chmod 600)")
	// ErrSuperseded: another rotation of the same organisation began meanwhile
	// and finishes the work.
	ErrSuperseded = idem.Errorf(idem.Conflict, "ROTATION_SUPERSEDED", "another rotation of the organisation's key took over")
	// ErrSchemaNewer: a newer version of the program made the key store.
	ErrSchemaNewer = idem.Errorf(idem.Internal, "KEY_STORE_NEWER", "the key store was made by a newer version")
	// ErrNotEmpty: a restore would overwrite keys.
	ErrNotEmpty = idem.Errorf(idem.Conflict, "KEY_STORE_NOT_EMPTY", "the key store already holds keys")
)

// translate turns driver failures that a caller can act on into the shared
// errors and leaves everything else as it is.
func translate(err error) error {
	var shown *idem.Error
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	var network *net.OpError
	var lite *sqlite.Error
	switch {
	case err == nil || errors.As(err, &shown):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return idem.ErrStorageFull.Because(err)
	case errors.As(err, &lite):
		return translateSQLite(lite.Code(), err)
	case errors.As(err, &pg):
		return translatePostgres(pg.Code, err)
	case errors.As(err, &connect):
		return idem.ErrDatabaseUnavailable.Because(err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case pgconn.SafeToRetry(err), errors.As(err, &network), errors.Is(err, io.ErrUnexpectedEOF):
		return idem.ErrDatabaseUnavailable.Because(err)
	}
	return err
}

func translateSQLite(code int, err error) error {
	switch code & 0xff {
	case sqlite3.SQLITE_FULL:
		return idem.ErrStorageFull.Because(err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR:
		return idem.ErrDatabaseUnavailable.Because(err)
	}
	return err
}

// translatePostgres goes by the classes of SQLSTATE: 08 connection, 53
// resources (53100 disk full), 57P shutdown.
func translatePostgres(code string, err error) error {
	switch {
	case code == "53100":
		return idem.ErrStorageFull.Because(err)
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "53"), strings.HasPrefix(code, "57P"):
		return idem.ErrDatabaseUnavailable.Because(err)
	}
	return err
}

// lostRace reports failures after which the same transaction may be run again.
func lostRace(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}
