package storetest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/idem-id/idem/internal/store/postgres"
	"github.com/idem-id/idem/internal/store/sqltext"
)

// templateLock keeps two test processes from making the template database at
// once. The number means nothing.
const templateLock = 7_314_159

// PostgresURL makes a fresh database with all tables on the server of
// IDEM_TEST_POSTGRES and returns its URL. It is dropped when the test ends.
func PostgresURL(t testing.TB) string {
	t.Helper()
	return freshPostgres(t, clone)
}

// EmptyPostgresURL is PostgresURL without any tables.
func EmptyPostgresURL(t testing.TB) string {
	t.Helper()
	return freshPostgres(t, func(ctx context.Context, admin, name string) error { return run(ctx, admin, "CREATE DATABASE "+name) })
}

func freshPostgres(t testing.TB, create func(ctx context.Context, admin, name string) error) string {
	t.Helper()
	admin := os.Getenv("IDEM_TEST_POSTGRES")
	if admin == "" {
		t.Fatal("this test needs PostgreSQL: run make test, or set IDEM_TEST_POSTGRES")
	}
	name := "idem_test_" + strings.ReplaceAll(newID(), "-", "")
	if err := create(t.Context(), admin, name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := run(ctx, admin, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return withDatabase(admin, name)
}

func withDatabase(admin, name string) string {
	u, err := url.Parse(admin)
	if err != nil {
		return admin
	}
	u.Path = "/" + name
	return u.String()
}

// clone copies the migrated template database, which the first one makes.
func clone(ctx context.Context, admin, name string) error {
	fingerprint, err := sqltext.Postgres.Fingerprint()
	if err != nil {
		return err
	}
	template := "idem_template_" + fingerprint[:16]
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return fmt.Errorf("connect to the test server: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", templateLock); err != nil {
		return err
	}
	var known bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", template).Scan(&known); err != nil {
		return err
	}
	if !known {
		if err := makeTemplate(ctx, conn, admin, template); err != nil {
			return err
		}
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", templateLock); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template)
	return err
}

// makeTemplate gives the template its name last, so that whoever finds it
// finds it whole.
func makeTemplate(ctx context.Context, conn *pgx.Conn, admin, template string) error {
	draft := template + "_draft"
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+draft+" WITH (FORCE)"); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+draft); err != nil {
		return err
	}
	s, err := postgres.Open(ctx, withDatabase(admin, draft), Sealer(), postgres.Options{})
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	return rename(ctx, conn, draft, template)
}

// rename waits for the server to notice that the last connection has gone.
func rename(ctx context.Context, conn *pgx.Conn, from, to string) error {
	for {
		_, err := conn.Exec(ctx, "ALTER DATABASE "+from+" RENAME TO "+to)
		if err == nil || !strings.Contains(err.Error(), "55006") {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func run(ctx context.Context, url, text string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, text)
	return err
}
