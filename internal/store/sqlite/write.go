package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/idem-id/idem/internal/store/sqltext"
)

// groupAtMost bounds how many updates share one commit, and so how long the
// first of them waits for the last.
const groupAtMost = 64

var errClosed = errors.New("the store is closed")

// The life of an update: queued, then either claimed by the writer or left by
// its caller.
const (
	queued int32 = iota
	claimed
	left
)

// update is one caller's place in the queue.
type update struct {
	state     atomic.Int32
	turn      chan *writing // lends the transaction, or is closed when there is none
	ran       chan error    // the caller's outcome: nil keeps the changes
	committed chan error    // the group's outcome
}

func newUpdate() *update {
	return &update{turn: make(chan *writing, 1), ran: make(chan error, 1), committed: make(chan error, 1)}
}

// writer lends the one writing transaction to one update after the other.
type writer struct {
	db      *sql.DB
	session *session
	queue   chan *update
	stop    chan struct{}
	stopped chan struct{}
}

func newWriter(db *sql.DB) *writer {
	w := &writer{db: db, queue: make(chan *update), stop: make(chan struct{}), stopped: make(chan struct{})}
	go w.serve()
	return w
}

// close ends the writer and waits for it.
func (w *writer) close() {
	close(w.stop)
	<-w.stopped
}

// run executes f in the caller's goroutine when its turn has come, and returns
// behind the commit. When the context ends before the turn, f does not run.
func (w *writer) run(ctx context.Context, f func(*writing) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := newUpdate()
	select {
	case w.queue <- u:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.stop:
		return translate(errClosed)
	}
	select {
	case c, open := <-u.turn:
		return u.take(c, open, f)
	case <-ctx.Done():
		if u.state.CompareAndSwap(queued, left) {
			return ctx.Err()
		}
		c, open := <-u.turn
		return u.take(c, open, f)
	}
}

// take runs f on the lent transaction and waits for the commit.
func (u *update) take(c *writing, open bool, f func(*writing) error) error {
	if !open {
		return <-u.committed
	}
	err := u.use(c, f)
	if fault := <-u.committed; fault != nil {
		return fault
	}
	return err
}

// use gives the transaction back whatever becomes of f: a panic and a test's
// FailNow must not leave the writer waiting.
func (u *update) use(c *writing, f func(*writing) error) (err error) {
	outcome := errors.New("the update did not return")
	defer func() { u.ran <- outcome }()
	err = f(c)
	outcome = err
	return err
}

// refuse tells an update that its turn will not come.
func (u *update) refuse(err error) {
	if u.state.CompareAndSwap(queued, claimed) {
		u.committed <- err
		close(u.turn)
	}
}

func (w *writer) serve() {
	defer close(w.stopped)
	for {
		select {
		case u := <-w.queue:
			w.group(u)
		case <-w.stop:
			w.drop()
			return
		}
	}
}

// next returns a waiting update, nil when none waits.
func (w *writer) next() *update {
	select {
	case u := <-w.queue:
		return u
	default:
		return nil
	}
}

// waiting returns the first update and those that wait behind it. They are
// taken before any is told of a failure: an update that begins after another's
// failure was heard of is owed a try of its own.
func (w *writer) waiting(first *update) []*update {
	list := []*update{first}
	for len(list) < groupAtMost {
		u := w.next()
		if u == nil {
			break
		}
		list = append(list, u)
	}
	return list
}

// group runs the first update and those that wait behind it in one
// transaction.
func (w *writer) group(first *update) {
	c, err := w.begin()
	if err != nil {
		for _, u := range w.waiting(first) {
			u.refuse(translate(err))
		}
		return
	}
	var members []*update
	for u := first; u != nil; u = w.next() {
		if u.state.CompareAndSwap(queued, claimed) {
			members = append(members, u)
			c.lend(u)
		}
		if c.broken != nil || len(members) == groupAtMost {
			break
		}
	}
	err = translate(w.commit(c))
	for _, u := range members {
		u.committed <- err
	}
}

func (w *writer) begin() (*writing, error) {
	ctx := context.Background()
	if w.session == nil {
		s, err := newSession(ctx, w.db)
		if err != nil {
			return nil, err
		}
		w.session = s
	}
	if _, err := w.session.exec(ctx, "BEGIN IMMEDIATE", nil); err != nil {
		w.drop()
		return nil, err
	}
	return &writing{session: w.session}, nil
}

// commit makes the group durable. A broken transaction is given up with its
// connection, because nobody knows how much of it is left.
func (w *writer) commit(c *writing) error {
	err := c.broken
	if err == nil {
		_, err = c.session.exec(context.Background(), "COMMIT", nil)
	}
	if err != nil {
		w.drop()
	}
	return err
}

// drop closes the writing connection; what it had not committed is undone.
func (w *writer) drop() {
	if w.session != nil {
		w.session.discard()
		w.session = nil
	}
}

// writing is the sqltext.Conn of an Update.
type writing struct {
	session *session
	broken  error // why the whole transaction is lost
}

// lend runs one update inside a savepoint.
func (c *writing) lend(u *update) {
	if !c.control("SAVEPOINT one") {
		close(u.turn)
		return
	}
	u.turn <- c
	if err := <-u.ran; err != nil && !c.control("ROLLBACK TO one") {
		return
	}
	c.control("RELEASE one")
}

func (c *writing) control(text string) bool {
	if c.broken == nil {
		_, c.broken = c.session.exec(context.Background(), text, nil)
	}
	return c.broken == nil
}

// Exec implements sqltext.Conn.
func (c *writing) Exec(ctx context.Context, text string, args []any) (int64, error) {
	if err := c.usable(ctx); err != nil {
		return 0, err
	}
	result, err := c.session.exec(context.WithoutCancel(ctx), text, args)
	if err != nil {
		return 0, c.Fault(err)
	}
	return result.RowsAffected()
}

// Query implements sqltext.Conn.
func (c *writing) Query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	if err := c.usable(ctx); err != nil {
		return nil, err
	}
	text, _ = sqltext.WithoutLock(text)
	rows, err := c.session.query(context.WithoutCancel(ctx), text, args)
	if err != nil {
		return nil, c.Fault(err)
	}
	return rows, nil
}

// usable asks for the caller's patience between statements only: SQLite undoes
// the whole transaction, with the neighbours' updates, when a writing
// statement is interrupted.
func (c *writing) usable(ctx context.Context) error {
	if c.broken != nil {
		return translate(fmt.Errorf("the transaction was lost: %w", c.broken))
	}
	return ctx.Err()
}

// Fault implements sqltext.Conn and notes the errors that lose the
// transaction.
func (c *writing) Fault(err error) error {
	if endsTransaction(err) {
		c.broken = err
	}
	return translate(err)
}
