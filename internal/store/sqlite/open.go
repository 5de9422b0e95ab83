package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/sqltext"
)

// Options are the choices of Open; the zero value is right for a server.
type Options struct {
	// Now is the clock; nil means the system's.
	Now func() time.Time
	// BusyTimeout is how long a transaction waits for another process that
	// writes the same file; 0 means 5 seconds.
	BusyTimeout time.Duration
	// Readers bounds the connections that read at the same time; 0 means four
	// per processor.
	Readers int
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = 5 * time.Second
	}
	if o.Readers == 0 {
		o.Readers = 4 * runtime.NumCPU()
	}
	return o
}

// Store is a store.Store over one SQLite file.
type Store struct {
	path    string
	sealer  store.Sealer
	now     func() time.Time
	writer  *writer
	writeDB *sql.DB
	readDB  *sql.DB
	readers *readers
	closing sync.Once
	closed  error
}

var _ store.Store = (*Store)(nil)

// Open opens the database file, creates it when it is missing (readable by its
// owner only) and brings its tables up to date. Several processes may have it
// open at the same time.
func Open(ctx context.Context, path string, sealer store.Sealer, o Options) (*Store, error) {
	o = o.withDefaults()
	if err := create(path); err != nil {
		return nil, fmt.Errorf("create database: %w", translate(err))
	}
	if err := migrate(ctx, path, o); err != nil {
		return nil, fmt.Errorf("open database: %w", translate(err))
	}
	writeDB, err := openDB(path, o, "query_only(0)")
	if err != nil {
		return nil, err
	}
	writeDB.SetMaxOpenConns(1)
	readDB, err := openDB(path, o, "query_only(1)")
	if err != nil {
		return nil, errors.Join(err, writeDB.Close())
	}
	readDB.SetMaxOpenConns(o.Readers)
	readDB.SetMaxIdleConns(o.Readers)
	s := &Store{path: path, sealer: sealer, now: o.Now, writeDB: writeDB, readDB: readDB,
		writer: newWriter(writeDB), readers: newReaders(readDB, o.Readers)}
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// create makes the file first, because SQLite's own would be readable by all.
// Its log and index files inherit the mode.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// openDB opens a pool whose connections all have the same pragmas.
func openDB(path string, o Options, mode string) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", path, err)
	}
	pragmas := url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout(%d)", o.BusyTimeout.Milliseconds()),
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(1)",
		"recursive_triggers(1)",
		"secure_delete(1)",
		"trusted_schema(0)",
		"wal_autocheckpoint(2000)",
		"journal_size_limit(67108864)",
		"cache_size(-8000)",
		"temp_store(MEMORY)",
		mode,
	}, "_dqs": {"0"}}
	name := url.URL{Scheme: "file", Opaque: (&url.URL{Path: absolute}).EscapedPath(), RawQuery: pragmas.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, translate(err))
	}
	return db, nil
}

// migrate keeps a second process out with a file lock of its own: goose does
// not lock SQLite.
func migrate(ctx context.Context, path string, o Options) (err error) {
	release, err := waitLock(ctx, path+".migrate")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	db, err := openDB(path, o, "query_only(0)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	return sqltext.SQLite.Migrate(ctx, db)
}

// View implements store.Store.
func (s *Store) View(ctx context.Context, org idem.OrgID, f func(store.Tx) error) error {
	return s.readers.view(ctx, func(c *reading) error {
		t := sqltext.New(c, s.sealer, org, s.now())
		defer t.End()
		return f(t)
	})
}

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, org idem.OrgID, f func(store.Tx) error) error {
	return s.writer.run(ctx, func(c *writing) error {
		t := sqltext.New(c, s.sealer, org, s.now())
		defer t.End()
		return f(t)
	})
}

// System implements store.Store.
func (s *Store) System() store.System { return sqltext.NewSystem(s) }

// Ping implements store.Store.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	if err := s.readDB.QueryRowContext(ctx, `SELECT 1 FROM goose_db_version LIMIT 1`).Scan(&one); err != nil {
		return idem.ErrDatabaseUnavailable.Because(err)
	}
	return nil
}

// Close lets the running group finish, refuses the updates that still wait,
// folds the write-ahead log into the file and closes it. Later calls change
// nothing.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.writer.close()
		s.closed = errors.Join(s.readers.close(), s.readDB.Close(), s.writeDB.Close())
	})
	return s.closed
}
