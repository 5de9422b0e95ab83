package storetest

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/postgres"
	"github.com/idem-id/idem/internal/store/sqlite"
)

// Option changes the stores that Each and Twice make.
type Option func(*options)

type options struct {
	sealer store.Sealer
	now    func() time.Time
}

// WithSealer makes the stores seal with s, for tests that destroy keys.
func WithSealer(s store.Sealer) Option { return func(o *options) { o.sealer = s } }

// WithClock makes the stores take their time from now.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

func collect(list []Option) options {
	o := options{now: time.Now}
	for _, option := range list {
		option(&o)
	}
	if o.sealer == nil {
		o.sealer = Sealer()
	}
	return o
}

// Each runs f once for every backend, as the subtests "sqlite" and "postgres",
// each on a fresh database that is gone afterwards.
func Each(t *testing.T, f func(t *testing.T, s store.Store), list ...Option) {
	t.Run("sqlite", func(t *testing.T) {
		f(t, openSQLite(t, filepath.Join(t.TempDir(), "idem.db"), collect(list)))
	})
	t.Run("postgres", func(t *testing.T) {
		f(t, openPostgres(t, PostgresDatabase(t), collect(list)))
	})
}

// Twice is Each with two stores over one database, as two processes have them.
func Twice(t *testing.T, f func(t *testing.T, a, b store.Store), list ...Option) {
	t.Run("sqlite", func(t *testing.T) {
		o, path := collect(list), filepath.Join(t.TempDir(), "idem.db")
		f(t, openSQLite(t, path, o), openSQLite(t, path, o))
	})
	t.Run("postgres", func(t *testing.T) {
		o, url := collect(list), PostgresDatabase(t)
		f(t, openPostgres(t, url, o), openPostgres(t, url, o))
	})
}

func openSQLite(t testing.TB, path string, o options) store.Store {
	s, err := sqlite.Open(t.Context(), path, o.sealer, sqlite.Options{Now: o.now})
	if err != nil {
		t.Fatal(err)
	}
	return closeAtEnd(t, s)
}

func openPostgres(t testing.TB, url string, o options) store.Store {
	s, err := postgres.Open(t.Context(), url, o.sealer, postgres.Options{Now: o.now})
	if err != nil {
		t.Fatal(err)
	}
	return closeAtEnd(t, s)
}

func closeAtEnd(t testing.TB, s store.Store) store.Store {
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
