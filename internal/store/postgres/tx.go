package postgres

import (
	"context"
	"database/sql"

	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/sqltext"
)

// conn is the sqltext.Conn of one transaction. pgx keeps the statements
// prepared on each connection.
type conn struct {
	tx       *sql.Tx
	readOnly bool
	lost     error // the first error that running the update again may mend
}

// Exec implements sqltext.Conn.
func (c *conn) Exec(ctx context.Context, text string, args []any) (int64, error) {
	result, err := c.tx.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, c.Fault(err)
	}
	return result.RowsAffected()
}

// Query implements sqltext.Conn.
func (c *conn) Query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	if _, locks := sqltext.WithoutLock(text); locks && c.readOnly {
		return nil, store.ErrReadOnly
	}
	rows, err := c.tx.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, c.Fault(err)
	}
	return rows, nil
}

// Fault implements sqltext.Conn.
func (c *conn) Fault(err error) error {
	if c.lost == nil && lost(err) {
		c.lost = err
	}
	return translate(err)
}
