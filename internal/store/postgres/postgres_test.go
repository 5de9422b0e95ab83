package postgres_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/postgres"
	"github.com/idem-id/idem/internal/store/storetest"
)

func TestContract(t *testing.T) { storetest.Run(t, storetest.Postgres) }

func TestCrash(t *testing.T) { storetest.Crash(t, storetest.PostgresURL, storetest.PostgresAt) }

func TestImmutable(t *testing.T) {
	url := storetest.PostgresURL(t)
	storetest.Immutable(t, storetest.PostgresAt(url), func(text string) error { return execRaw(t, url, text) },
		"TRUNCATE actions",
		"TRUNCATE instance_actions",
		"UPDATE instance_actions SET org = 'x' WHERE FALSE",
		"INSERT INTO instance_actions SELECT * FROM instance_actions ON CONFLICT (seq) DO UPDATE SET org = 'x'",
		"TRUNCATE gallery_log CASCADE",
		"UPDATE actions SET person = 'x' WHERE FALSE",
		"INSERT INTO actions SELECT * FROM actions ON CONFLICT (org, seq) DO UPDATE SET person = 'x'")
}

func TestOldKeys(t *testing.T) {
	url := storetest.PostgresURL(t)
	storetest.OldKeys(t, storetest.PostgresAt(url), func(text string) error { return execRaw(t, url, text) })
}

func execRaw(t *testing.T, url, text string, args ...any) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), text, args...)
	return err
}

func open(t testing.TB, url string, o postgres.Options) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url, storetest.Sealer(), o)
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

// TestTextColumnsCompareBytes finds columns whose comparison would follow the
// database's own collation.
func TestTextColumnsCompareBytes(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), migrated(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), `SELECT table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND data_type IN ('text', 'character varying') AND collation_name IS DISTINCT FROM 'C'`)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(columns) != 0 {
		t.Errorf("columns not compared byte by byte: %v, %v", columns, err)
	}
}

// TestKeysBeginWithTheOrganisation keeps the schema ready to be distributed by
// organisation: every unique key and reference names it first, no sequence
// hands out numbers. The audit of the instance belongs to none and stays in one
// place.
func TestKeysBeginWithTheOrganisation(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), migrated(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	const odd = `
		SELECT 'key ' || i.indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
			JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum = 1
			WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace AND a.attname <> 'org'
			AND c.relname NOT IN ('goose_db_version', 'instance_heads', 'instance_actions')
		UNION ALL
		SELECT 'reference ' || k.conname FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
			WHERE k.contype = 'f' AND a.attname <> 'org'
		UNION ALL
		SELECT 'sequence ' || relname FROM pg_class
			WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace AND relname <> 'goose_db_version_id_seq'`
	rows, err := conn.Query(t.Context(), odd)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(found) != 0 {
		t.Errorf("not ready to be distributed: %v, %v", found, err)
	}
}

func migrated(t *testing.T) string {
	url := storetest.PostgresURL(t)
	open(t, url, postgres.Options{})
	return url
}

// emptyDatabase makes a database without tables.
func emptyDatabase(t *testing.T) string {
	url := storetest.PostgresURL(t)
	if err := execRaw(t, url, "DROP SCHEMA public CASCADE"); err != nil {
		t.Fatal(err)
	}
	if err := execRaw(t, url, "CREATE SCHEMA public"); err != nil {
		t.Fatal(err)
	}
	return url
}

func TestManyProcessesOpenAFreshDatabase(t *testing.T) {
	url := emptyDatabase(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			s, err := postgres.Open(t.Context(), url, storetest.Sealer(), postgres.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func TestNewerSchemaIsRefused(t *testing.T) {
	url := migrated(t)
	if err := execRaw(t, url, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)"); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Open(t.Context(), url, storetest.Sealer(), postgres.Options{}); err == nil || !strings.Contains(err.Error(), "9999") {
		t.Errorf("a newer schema: %v", err)
	}
}

func TestOpenRefusals(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = postgres.Open(t.Context(), "postgres://idem@"+dead+"/idem?sslmode=disable", storetest.Sealer(), postgres.Options{})
	if !errors.Is(err, idem.ErrDatabaseUnavailable) {
		t.Errorf("no server: %v", err)
	}
	_, err = postgres.Open(t.Context(), "postgres://idem:geheim@host:port/x", storetest.Sealer(), postgres.Options{})
	if idem.KindOf(err) != idem.Invalid || strings.Contains(err.Error(), "geheim") {
		t.Errorf("a URL that cannot be read: %v", err)
	}
}

func TestCommitsAreDurable(t *testing.T) {
	url := migrated(t)
	if err := execRaw(t, url, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$`); err != nil {
		t.Fatal(err)
	}
	if got, err := open(t, url, postgres.Options{}).Show(t.Context(), "synchronous_commit"); got != "on" || err != nil {
		t.Errorf("synchronous_commit = %q, %v", got, err)
	}
}

// TestLostConnectionIsUnavailable ends the server's side of an update.
func TestLostConnectionIsUnavailable(t *testing.T) {
	url := storetest.PostgresURL(t)
	s := open(t, url, postgres.Options{})
	org := storetest.NewOrganisation(t, s)
	p := storetest.NewPerson(t, s, org)
	hangUp := func(tx store.Tx) error {
		if err := execRaw(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
			return err
		}
		_, err := tx.Persons().Get(t.Context(), p.ID)
		return err
	}
	if err := s.Update(t.Context(), org, hangUp); !errors.Is(err, idem.ErrDatabaseUnavailable) {
		t.Errorf("an update that lost its connection: %v", err)
	}
	if err := s.View(t.Context(), org, hangUp); !errors.Is(err, idem.ErrDatabaseUnavailable) {
		t.Errorf("a view that lost its connection: %v", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("the store does not connect again: %v", err)
	}
	storetest.NewPerson(t, s, org)
}

// TestLongLockIsUnavailable waits for a person that another update keeps.
func TestLongLockIsUnavailable(t *testing.T) {
	s := open(t, storetest.PostgresURL(t), postgres.Options{LockTimeout: 30 * time.Millisecond})
	org := storetest.NewOrganisation(t, s)
	p := storetest.NewPerson(t, s, org)
	lock := func(then func() error) error {
		return s.Update(t.Context(), org, func(tx store.Tx) error {
			if _, err := tx.Persons().GetForUpdate(t.Context(), p.ID); err != nil {
				return err
			}
			return then()
		})
	}
	err := lock(func() error {
		if err := lock(func() error { return nil }); !errors.Is(err, idem.ErrDatabaseUnavailable) {
			t.Errorf("a wait for a lock: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestDeadlockIsRunAgain locks two persons crosswise: one update is lost and
// must succeed at a later try, although its function hides the error.
func TestDeadlockIsRunAgain(t *testing.T) {
	s := open(t, storetest.PostgresURL(t), postgres.Options{})
	org := storetest.NewOrganisation(t, s)
	p := [2]idem.Person{storetest.NewPerson(t, s, org), storetest.NewPerson(t, s, org)}
	var both, done sync.WaitGroup
	both.Add(2)
	var runs [2]int
	for i := range p {
		done.Go(func() {
			err := s.Update(t.Context(), org, func(tx store.Tx) error {
				runs[i]++
				if err := touch(t.Context(), tx, p[i].ID); err != nil {
					return err
				}
				if runs[i] == 1 {
					both.Done()
					both.Wait()
				}
				if err := touch(t.Context(), tx, p[1-i].ID); err != nil {
					return nil
				}
				return nil
			})
			if err != nil {
				t.Errorf("update %d: %v", i, err)
			}
		})
	}
	done.Wait()
	if runs[0]+runs[1] < 3 { // more when the second try meets the other update again
		t.Errorf("the functions ran %v times, want three in all at least", runs)
	}
	for _, one := range p {
		err := s.View(t.Context(), org, func(tx store.Tx) error {
			got, err := tx.Persons().Get(t.Context(), one.ID)
			if got.Version != 3 {
				t.Errorf("version %d, want 3", got.Version)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func touch(ctx context.Context, tx store.Tx, id idem.PersonID) error {
	p, err := tx.Persons().GetForUpdate(ctx, id)
	if err != nil {
		return err
	}
	p.Version++
	return tx.Persons().Save(ctx, p)
}

func BenchmarkAddAlias16(b *testing.B) {
	storetest.BenchmarkAddAlias(b, open(b, storetest.PostgresURL(b), postgres.Options{}), 16)
}

func BenchmarkReadPerson(b *testing.B) {
	storetest.BenchmarkReadPerson(b, open(b, storetest.PostgresURL(b), postgres.Options{}))
}
