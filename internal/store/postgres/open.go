package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/sqltext"
)

// Options are the choices of Open; the zero value is right for a server.
type Options struct {
	// Now is the clock; nil means the system's.
	Now func() time.Time
	// Connections bounds the open connections; 0 means 16.
	Connections int
	// LockTimeout is how long a statement waits for a row that another
	// transaction has locked; 0 means 10 seconds.
	LockTimeout time.Duration
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Connections == 0 {
		o.Connections = 16
	}
	if o.LockTimeout == 0 {
		o.LockTimeout = 10 * time.Second
	}
	return o
}

// Store is a store.Store over one PostgreSQL database.
type Store struct {
	db     *sql.DB
	sealer store.Sealer
	now    func() time.Time
}

var _ store.Store = (*Store)(nil)

// Open connects to the database of the URL and brings its tables up to date.
// Any number of processes may have it open.
func Open(ctx context.Context, url string, sealer store.Sealer, o Options) (*Store, error) {
	o = o.withDefaults()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// The parser's message may repeat the URL with its password.
		return nil, idem.Errorf(idem.Invalid, "DATABASE_URL_INVALID", "the database URL cannot be read")
	}
	config.RuntimeParams["application_name"] = "idem"
	config.RuntimeParams["lock_timeout"] = fmt.Sprint(o.LockTimeout.Milliseconds())
	config.RuntimeParams["idle_in_transaction_session_timeout"] = "60000"
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(insistOnDurability))
	db.SetMaxOpenConns(o.Connections)
	db.SetMaxIdleConns(o.Connections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s := &Store{db: db, sealer: sealer, now: o.Now}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", translate(err)), db.Close())
	}
	return s, nil
}

// insistOnDurability undoes a server's choice to acknowledge commits that a
// crash would lose.
func insistOnDurability(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', FALSE) WHERE current_setting('synchronous_commit') = 'off'`)
	return err
}

// migrate lets one process of the instance work at a time.
func (s *Store) migrate(ctx context.Context) error {
	if err := s.db.PingContext(ctx); err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return fmt.Errorf("prepare migration lock: %w", err)
	}
	return sqltext.Postgres.Migrate(ctx, s.db, goose.WithSessionLocker(locker))
}

// View implements store.Store.
func (s *Store) View(ctx context.Context, org idem.OrgID, f func(store.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return translate(err)
	}
	defer tx.Rollback() // nothing was written
	t := sqltext.New(&conn{tx: tx, readOnly: true}, s.sealer, org, s.now())
	defer t.End()
	return f(t)
}

// attempts bounds how often an Update is run.
const attempts = 12

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, org idem.OrgID, f func(store.Tx) error) error {
	for n := 1; ; n++ {
		again, err := s.try(ctx, org, f)
		if !again || n == attempts {
			return err
		}
		if err := pause(ctx, n); err != nil {
			return err
		}
	}
}

// pause waits a random time that grows with the number of failures.
func pause(ctx context.Context, failures int) error {
	limit := time.Millisecond << min(failures, 7)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rand.N(limit)):
		return nil
	}
}

// try runs f once. again tells that the changes were lost to another
// transaction, even when f overlooked the error that said so.
func (s *Store) try(ctx context.Context, org idem.OrgID, f func(store.Tx) error) (again bool, err error) {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return false, translate(err)
	}
	defer tx.Rollback() // has no effect behind a commit
	c := &conn{tx: tx}
	t := sqltext.New(c, s.sealer, org, s.now())
	defer t.End()
	if err := f(t); err != nil {
		return c.lost != nil, err
	}
	if c.lost != nil {
		return true, translate(c.lost)
	}
	if err := tx.Commit(); err != nil {
		return lost(err), translate(err)
	}
	return false, nil
}

// System implements store.Store.
func (s *Store) System() store.System { return sqltext.NewSystem(s) }

// Ping implements store.Store.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.db.PingContext(ctx); err != nil {
		return idem.ErrDatabaseUnavailable.Because(err)
	}
	return nil
}

// Close gives the connections up.
func (s *Store) Close() error { return s.db.Close() }
