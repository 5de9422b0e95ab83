package sqltext

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Conn is an open transaction as a backend lends it. Texts are constants or
// come in few variants, so that a backend may cache prepared statements by
// text.
type Conn interface {
	// Exec runs a statement and returns how many rows it changed.
	Exec(ctx context.Context, text string, args []any) (int64, error)
	// Query runs a statement that returns rows.
	Query(ctx context.Context, text string, args []any) (*sql.Rows, error)
	// Fault translates an error of the driver that came out of reading rows.
	// Exec and Query return translated errors.
	Fault(err error) error
}

// lock ends the statements that lock the rows they read. It is the weakest
// lock that serialises changes of a row and lets others refer to it.
const lock = " FOR NO KEY UPDATE"

// WithoutLock returns the text for an engine that has one writer at a time and
// no row locks, and whether the statement asked for a lock.
func WithoutLock(text string) (string, bool) { return strings.CutSuffix(text, lock) }

// Tx is one transaction of one organisation on any engine.
type Tx struct {
	conn   Conn
	sealer store.Sealer
	org    idem.OrgID
	now    time.Time
	ended  bool
}

var _ store.Tx = (*Tx)(nil)

// New makes the transaction that the Conn stands for. now is cut to
// microseconds.
func New(conn Conn, sealer store.Sealer, org idem.OrgID, now time.Time) *Tx {
	return &Tx{conn: conn, sealer: sealer, org: org, now: now.UTC().Truncate(time.Microsecond)}
}

// End makes every later use of the transaction an error.
func (t *Tx) End() { t.ended = true }

// Now implements store.Tx.
func (t *Tx) Now() time.Time { return t.now }

// Org implements store.Tx.
func (t *Tx) Org() idem.OrgID { return t.org }

// Organisations implements store.Tx.
func (t *Tx) Organisations() store.Organisations { return organisations{t} }

// Persons implements store.Tx.
func (t *Tx) Persons() store.Persons { return persons{t} }

// Aliases implements store.Tx.
func (t *Tx) Aliases() store.Aliases { return aliases{t} }

// Photos implements store.Tx.
func (t *Tx) Photos() store.Photos { return photos{t} }

// Actions implements store.Tx.
func (t *Tx) Actions() store.Actions { return actions{t} }

// Subscriptions implements store.Tx.
func (t *Tx) Subscriptions() store.Subscriptions { return subscriptions{t} }

// Gallery implements store.Tx.
func (t *Tx) Gallery() store.Gallery { return gallery{t} }

// Credentials implements store.Tx.
func (t *Tx) Credentials() store.Credentials { return credentials{t} }

// Operators implements store.Tx.
func (t *Tx) Operators() store.Operators { return operators{t} }

// Idempotency implements store.Tx.
func (t *Tx) Idempotency() store.Idempotency { return idempotency{t} }

// Checks implements store.Tx.
func (t *Tx) Checks() store.Checks { return checks{t} }

// Codes implements store.Tx.
func (t *Tx) Codes() store.Codes { return codes{t} }

// Instance implements store.Tx.
func (t *Tx) Instance() store.Instance { return instance{t} }

// Flows implements store.Tx.
func (t *Tx) Flows() store.Flows { return flows{t} }

// Sessions implements store.Tx.
func (t *Tx) Sessions() store.Sessions { return sessions{t} }

// Collections implements store.Tx.
func (t *Tx) Collections() store.Collections { return collections{t} }

// Jobs implements store.Tx.
func (t *Tx) Jobs() store.Jobs { return jobs{t} }

// Webhooks implements store.Tx.
func (t *Tx) Webhooks() store.Webhooks { return webhooks{t} }

// Deliveries implements store.Tx.
func (t *Tx) Deliveries() store.Deliveries { return deliveries{t} }

// row is what a scan reads from.
type row interface{ Scan(dest ...any) error }

func (t *Tx) exec(ctx context.Context, text string, args ...any) (int64, error) {
	values, err := t.bind(args)
	if err != nil {
		return 0, err
	}
	return t.conn.Exec(ctx, text, values)
}

// each calls scan for every row of the answer.
func (t *Tx) each(ctx context.Context, text string, args []any, scan func(row) error) error {
	values, err := t.bind(args)
	if err != nil {
		return err
	}
	rows, err := t.conn.Query(ctx, text, values)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return t.conn.Fault(err)
		}
	}
	if err := rows.Err(); err != nil {
		return t.conn.Fault(err)
	}
	return nil
}

// first scans the first row of the answer and reports whether there was one.
func (t *Tx) first(ctx context.Context, text string, args []any, dest ...any) (bool, error) {
	found := false
	err := t.each(ctx, text, args, func(r row) error {
		if found {
			return nil
		}
		found = true
		return r.Scan(dest...)
	})
	return found && err == nil, err
}

// list collects what scan makes of each row.
func list[T any](ctx context.Context, t *Tx, text string, args []any, scan func(row, *T) error) ([]T, error) {
	var out []T
	err := t.each(ctx, text, args, func(r row) error {
		var item T
		if err := scan(r, &item); err != nil {
			return err
		}
		out = append(out, item)
		return nil
	})
	return out, err
}

// bind turns arguments into the four types that every driver takes and refuses
// text that not every engine keeps unchanged.
func (t *Tx) bind(args []any) ([]any, error) {
	if t.ended {
		return nil, fmt.Errorf("the transaction of organisation %s has ended", t.org)
	}
	values := make([]any, len(args))
	for i, arg := range args {
		value := reflect.ValueOf(arg)
		switch value.Kind() {
		case reflect.String:
			if !storable(value.String()) {
				return nil, store.ErrText
			}
			values[i] = value.String()
		case reflect.Int, reflect.Int64:
			values[i] = value.Int()
		default:
			values[i] = arg
		}
	}
	return values, nil
}

func storable(text string) bool {
	return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0
}
