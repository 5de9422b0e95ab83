package storetest

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/postgres"
	"github.com/idem-id/idem/internal/store/sqlite"
)

// Config is what a test decides about a store.
type Config struct {
	Sealer store.Sealer
	Now    func() time.Time
}

// Database opens one more store over the same database, as another process
// would. The store is closed when the test ends.
type Database func(t testing.TB, c Config) store.Store

// Option changes the stores that Each and Twice make.
type Option func(*Config)

// WithSealer makes the stores seal with s, for tests that destroy keys.
func WithSealer(s store.Sealer) Option { return func(c *Config) { c.Sealer = s } }

// WithClock makes the stores take their time from now.
func WithClock(now func() time.Time) Option { return func(c *Config) { c.Now = now } }

func configure(list []Option) Config {
	c := Config{Now: time.Now}
	for _, option := range list {
		option(&c)
	}
	if c.Sealer == nil {
		c.Sealer = Sealer()
	}
	return c
}

// Each runs f once for every backend, as the subtests "sqlite" and "postgres",
// each on a fresh database that is gone afterwards.
func Each(t *testing.T, f func(t *testing.T, s store.Store), list ...Option) {
	every(t, func(t *testing.T, open Database) { f(t, open(t, configure(list))) })
}

// Twice is Each with two stores over one database, as two processes have them.
func Twice(t *testing.T, f func(t *testing.T, a, b store.Store), list ...Option) {
	every(t, func(t *testing.T, open Database) {
		c := configure(list)
		f(t, open(t, c), open(t, c))
	})
}

func every(t *testing.T, f func(*testing.T, Database)) {
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, Postgres(t)) })
}

// SQLite makes a fresh database file.
func SQLite(t testing.TB) Database { return SQLiteAt(filepath.Join(t.TempDir(), "idem.db")) }

// SQLiteAt is the database of one file.
func SQLiteAt(path string) Database {
	return func(t testing.TB, c Config) store.Store {
		s, err := sqlite.Open(t.Context(), path, c.Sealer, sqlite.Options{Now: c.Now})
		return opened(t, s, err)
	}
}

// Postgres makes a fresh database on the server of IDEM_TEST_POSTGRES.
func Postgres(t testing.TB) Database { return PostgresAt(PostgresURL(t)) }

// PostgresAt is the database of one URL.
func PostgresAt(url string) Database {
	return func(t testing.TB, c Config) store.Store {
		s, err := postgres.Open(t.Context(), url, c.Sealer, postgres.Options{Now: c.Now})
		return opened(t, s, err)
	}
}

func opened(t testing.TB, s store.Store, err error) store.Store {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
