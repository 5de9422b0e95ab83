package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"

	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/sqltext"
)

// preparedAtMost bounds the statements kept ready on one connection. Lists
// narrowed in unusual ways make texts without end; those beyond the bound are
// prepared each time.
const preparedAtMost = 256

// session is one connection with its prepared statements.
type session struct {
	conn  *sql.Conn
	ready map[string]*sql.Stmt
}

func newSession(ctx context.Context, db *sql.DB) (*session, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &session{conn: conn, ready: map[string]*sql.Stmt{}}, nil
}

// prepare returns the statement of a text, nil when there are enough.
func (s *session) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt := s.ready[text]; stmt != nil || len(s.ready) >= preparedAtMost {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s.ready[text] = stmt
	return stmt, nil
}

func (s *session) exec(ctx context.Context, text string, args []any) (sql.Result, error) {
	stmt, err := s.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return s.conn.ExecContext(ctx, text, args...)
	}
	return stmt.ExecContext(ctx, args...)
}

func (s *session) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	stmt, err := s.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return s.conn.QueryContext(ctx, text, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

func (s *session) close() error {
	var faults []error
	for _, stmt := range s.ready {
		faults = append(faults, stmt.Close())
	}
	return errors.Join(append(faults, s.conn.Close())...)
}

// discard closes the connection itself instead of giving it back to the pool,
// which undoes what it has not committed.
func (s *session) discard() {
	for _, stmt := range s.ready {
		stmt.Close()
	}
	s.conn.Raw(func(any) error { return driver.ErrBadConn })
}

// readers lends sessions to Views, the most recently used first.
type readers struct {
	db     *sql.DB
	tokens chan struct{} // one per session that may be out
	mu     sync.Mutex
	idle   []*session
	closed bool
}

func newReaders(db *sql.DB, n int) *readers {
	return &readers{db: db, tokens: make(chan struct{}, n)}
}

func (r *readers) take(ctx context.Context) (*session, error) {
	select {
	case r.tokens <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s, err := r.idleOrNew(ctx)
	if err != nil {
		<-r.tokens
	}
	return s, err
}

func (r *readers) idleOrNew(ctx context.Context) (*session, error) {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil, errClosed
	}
	if n := len(r.idle); n > 0 {
		s := r.idle[n-1]
		r.idle = r.idle[:n-1]
		r.mu.Unlock()
		return s, nil
	}
	r.mu.Unlock()
	return newSession(ctx, r.db)
}

// give takes a session back; one that did not end its transaction is closed.
func (r *readers) give(s *session, usable bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if usable && !r.closed {
		r.idle = append(r.idle, s)
	} else {
		s.discard()
	}
	<-r.tokens
}

func (r *readers) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	var faults []error
	for _, s := range r.idle {
		faults = append(faults, s.close())
	}
	r.idle = nil
	return errors.Join(faults...)
}

// view runs f on a snapshot.
func (r *readers) view(ctx context.Context, f func(*reading) error) error {
	s, err := r.take(ctx)
	if err != nil {
		return translate(err)
	}
	usable := false
	defer func() { r.give(s, usable) }()
	if _, err := s.exec(ctx, "BEGIN", nil); err != nil {
		return translate(err)
	}
	defer func() {
		_, err := s.exec(context.WithoutCancel(ctx), "ROLLBACK", nil)
		usable = err == nil
	}()
	return f(&reading{s})
}

// reading is the sqltext.Conn of a View.
type reading struct{ session *session }

// Exec implements sqltext.Conn.
func (c *reading) Exec(context.Context, string, []any) (int64, error) { return 0, store.ErrReadOnly }

// Query implements sqltext.Conn.
func (c *reading) Query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	if _, locks := sqltext.WithoutLock(text); locks {
		return nil, store.ErrReadOnly
	}
	rows, err := c.session.query(ctx, text, args)
	return rows, translate(err)
}

// Fault implements sqltext.Conn.
func (c *reading) Fault(err error) error { return translate(err) }
