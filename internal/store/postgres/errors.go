package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// The conditions that are told apart, by SQLSTATE (PostgreSQL manual,
// appendix A).
const (
	stateReadOnly      = "25006"
	stateUnique        = "23505"
	stateSerialisation = "40001"
	stateDeadlock      = "40P01"
)

// translate makes of PostgreSQL's errors what callers know. Errors that are
// none of PostgreSQL's pass unchanged.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case lostConnection(err):
		return idem.ErrDatabaseUnavailable.Because(err)
	}
	state := stateOf(err)
	switch {
	case state == "":
		return err
	case state == stateUnique:
		return store.ErrDuplicateRow.Because(err)
	case state == stateReadOnly:
		return store.ErrReadOnly.Because(err)
	case state == "53100": // disk_full
		return idem.ErrStorageFull.Because(err)
	case unavailable(state):
		return idem.ErrDatabaseUnavailable.Because(err)
	}
	return fmt.Errorf("run statement: %w", err)
}

// unavailable tells whether the server cannot work at present: connection
// exceptions (08), insufficient resources (53), shutdown or start-up (57P0x),
// errors of the operating system (58), lost transactions (40).
func unavailable(state string) bool {
	for _, class := range []string{"08", "53", "57P0", "58", "40", "55P03"} {
		if strings.HasPrefix(state, class) {
			return true
		}
	}
	return false
}

func stateOf(err error) string {
	var fault *pgconn.PgError
	if errors.As(err, &fault) {
		return fault.Code
	}
	return ""
}

// lostConnection also knows two errors that their packages do not export, by
// their text.
func lostConnection(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) && !rejected(err) || errors.As(err, &network) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "sql: database is closed")
}

// rejected tells whether the server answered and refused the sign-in, which no
// waiting mends.
func rejected(err error) bool {
	state := stateOf(err)
	return strings.HasPrefix(state, "28") || state == "3D000"
}

// lost tells whether an Update that met the error may succeed when it is run
// again. Of the unique values only those count that are asked for before they
// are written; a row that is written twice stays a mistake.
func lost(err error) bool {
	var fault *pgconn.PgError
	if !errors.As(err, &fault) {
		return errors.Is(err, pgx.ErrTxCommitRollback)
	}
	switch fault.Code {
	case stateUnique:
		return fault.ConstraintName == "aliases_live" || fault.ConstraintName == "photos_default"
	case stateSerialisation, stateDeadlock:
		return true
	}
	return false
}
