package sqlite

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/sqltext"
)

// Raw opens a connection of its own to the file of a store, with its pragmas.
func Raw(path string) (*sql.DB, error) {
	return openDB(path, Options{}.withDefaults(), "query_only(0)")
}

// OnWriter runs a statement on the writing connection, inside a transaction
// that it shares with nobody.
func (s *Store) OnWriter(ctx context.Context, text string) error {
	return s.writer.run(ctx, func(c *writing) error {
		_, err := c.session.exec(ctx, text, nil)
		return err
	})
}

// Group runs functions in one group and returns what each update returned.
// lose is a function's way to undo the whole transaction behind everybody's
// back.
func Group(path string, sealer store.Sealer, org idem.OrgID, fs ...func(tx store.Tx, lose func() error) error) ([]error, error) {
	db, err := Raw(path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	w := &writer{db: db, queue: make(chan *update, len(fs))}
	defer w.drop()
	errs := make([]error, len(fs))
	var callers sync.WaitGroup
	for i, f := range fs {
		u := newUpdate()
		w.queue <- u
		callers.Go(func() {
			c, open := <-u.turn
			errs[i] = u.take(c, open, func(c *writing) error {
				return f(sqltext.New(c, sealer, org, time.Now()), func() error {
					_, err := c.session.exec(context.Background(), "ROLLBACK", nil)
					return err
				})
			})
		})
	}
	w.group(w.next())
	for u := w.next(); u != nil; u = w.next() {
		w.group(u)
	}
	callers.Wait()
	return errs, nil
}

// Pragmas returns settings of the writing and of a reading connection.
func (s *Store) Pragmas(ctx context.Context, names ...string) (map[string][2]string, error) {
	values := map[string][2]string{}
	for _, name := range names {
		var value [2]string
		err := s.writer.run(ctx, func(c *writing) error {
			return c.session.conn.QueryRowContext(ctx, "PRAGMA "+name).Scan(&value[0])
		})
		if err != nil {
			return nil, err
		}
		err = s.readers.view(ctx, func(c *reading) error {
			return c.session.conn.QueryRowContext(ctx, "PRAGMA "+name).Scan(&value[1])
		})
		if err != nil {
			return nil, err
		}
		values[name] = value
	}
	return values, nil
}
