package backup_test

import (
	"database/sql"
	"net/url"
	"os"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// newPostgres makes a database without tables on the test server.
func newPostgres(t *testing.T, name string) string {
	t.Helper()
	admin := os.Getenv("IDEM_TEST_POSTGRES")
	if admin == "" {
		t.Fatal("this test needs PostgreSQL: run make test, or set IDEM_TEST_POSTGRES")
	}
	db, err := sql.Open("pgx", admin)
	check(t, err)
	_, err = db.Exec("CREATE DATABASE " + name)
	check(t, err)
	t.Cleanup(func() {
		if _, err := db.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		_ = db.Close()
	})
	address, err := url.Parse(admin)
	check(t, err)
	address.Path = "/" + name
	return address.String()
}
