package vault

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

const (
	orgA = idem.OrgID("01910000-0000-7000-8000-00000000000a")
	orgB = idem.OrgID("01910000-0000-7000-8000-00000000000b")
)

// onBoth runs a test against a fresh key store of each engine.
func onBoth(t *testing.T, f func(t *testing.T, address string)) {
	t.Run("sqlite", func(t *testing.T) { f(t, filepath.Join(t.TempDir(), "keys.db")) })
	t.Run("postgres", func(t *testing.T) { f(t, freshPostgres(t)) })
}

// freshPostgres makes a database of its own on the test server.
func freshPostgres(t *testing.T) string {
	t.Helper()
	admin := os.Getenv("IDEM_TEST_POSTGRES")
	if admin == "" {
		t.Fatal("this test needs PostgreSQL: run make test, or set IDEM_TEST_POSTGRES")
	}
	db, err := sql.Open("pgx", admin)
	if err != nil {
		t.Fatal(err)
	}
	name := "vault_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatalf("make a database of its own: %v", err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		_ = db.Close()
	})
	address, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	address.Path = "/" + name
	return address.String()
}

// clock is a settable time.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func open(t *testing.T, o Options) *Vault {
	t.Helper()
	v, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	for _, org := range []idem.OrgID{orgA, orgB} {
		if err := v.CreateOrg(t.Context(), org); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

func newKey(t *testing.T, v *Vault, org idem.OrgID) idem.DataKeyID {
	t.Helper()
	id, err := v.NewKey(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func place(org idem.OrgID) store.Place {
	return store.Place{Org: org, Owner: "person-1", Column: "aliases.value", Row: "row-1"}
}

func seal(t *testing.T, v *Vault, key idem.DataKeyID, at store.Place, text string) []byte {
	t.Helper()
	sealed, err := v.Seal(t.Context(), key, at, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func mustOpen(t *testing.T, v *Vault, at store.Place, sealed []byte, want string) {
	t.Helper()
	plain, err := v.Open(t.Context(), at, sealed)
	if err != nil {
		t.Fatal(err)
	}
	if string(plain) != want {
		t.Fatalf("opened %q, want %q", plain, want)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}

func TestSealedValuesSurviveARestart(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		master := NewMaster()
		v := open(t, Options{URL: address, Master: master})
		key := newKey(t, v, orgA)
		sealed := seal(t, v, key, place(orgA), "+77011234567")
		org, err := v.OrgKey(t.Context(), orgA)
		if err != nil {
			t.Fatal(err)
		}
		common := seal(t, v, org, place(orgA), "of the organisation")
		if again := seal(t, v, key, place(orgA), "+77011234567"); bytes.Equal(again, sealed) {
			t.Error("sealing twice gave the same bytes")
		}
		if len(sealed) != len("+77011234567")+Overhead {
			t.Errorf("sealed is %d bytes", len(sealed))
		}
		if id, ok := KeyOf(sealed); !ok || id != key {
			t.Errorf("KeyOf is %q, want %q", id, key)
		}
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
		again := open(t, Options{URL: address, Master: master})
		mustOpen(t, again, place(orgA), sealed, "+77011234567")
		mustOpen(t, again, place(orgA), common, "of the organisation")
	})
}

func TestOpenRefusesAlteredAndMisplaced(t *testing.T) {
	v := open(t, Options{URL: filepath.Join(t.TempDir(), "keys.db"), Master: NewMaster()})
	at := place(orgA)
	sealed := seal(t, v, newKey(t, v, orgA), at, "secret")
	other := []store.Place{
		{Org: orgB, Owner: at.Owner, Column: at.Column, Row: at.Row},
		{Org: "", Owner: at.Owner, Column: at.Column, Row: at.Row},
		{Org: at.Org, Owner: "person-2", Column: at.Column, Row: at.Row},
		{Org: at.Org, Owner: at.Owner, Column: "aliases.norm", Row: at.Row},
		{Org: at.Org, Owner: at.Owner, Column: at.Column, Row: "row-2"},
		{Org: at.Org, Owner: at.Owner + at.Column, Column: "", Row: at.Row},
		{Org: at.Org, Owner: at.Column, Column: at.Owner, Row: at.Row},
	}
	for _, wrong := range other {
		_, err := v.Open(t.Context(), wrong, sealed)
		wantError(t, err, ErrSealBroken)
	}
	for i := range len(sealed) * 8 {
		altered := bytes.Clone(sealed)
		altered[i/8] ^= 1 << (i % 8)
		_, err := v.Open(t.Context(), at, altered)
		inID := i/8 >= 1 && i/8 < headerSize
		if inID {
			wantError(t, err, ErrKeyMissing)
		} else {
			wantError(t, err, ErrSealBroken)
		}
	}
	for n := range len(sealed) {
		_, err := v.Open(t.Context(), at, sealed[:n])
		wantError(t, err, ErrSealBroken)
	}
	mustOpen(t, v, at, sealed, "secret")
}

func TestUnknownOrganisationIsNeverMade(t *testing.T) {
	v := open(t, Options{URL: filepath.Join(t.TempDir(), "keys.db"), Master: NewMaster()})
	const unknown = idem.OrgID("01910000-0000-7000-8000-0000000000ff")
	_, err := v.NewKey(t.Context(), unknown)
	wantError(t, err, ErrKeyMissing)
	_, err = v.Blind(t.Context(), unknown, "alias:PHONE", "1")
	wantError(t, err, ErrKeyMissing)
	_, err = v.OrgKey(t.Context(), unknown)
	wantError(t, err, ErrKeyMissing)
	wantError(t, v.RotateOrg(t.Context(), unknown), ErrKeyMissing)
}

func TestDestroyedKeyIsErasedAndUnknownKeyIsMissing(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		now := newClock()
		v := open(t, Options{URL: address, Master: NewMaster(), Now: now.Now})
		key, kept := newKey(t, v, orgA), newKey(t, v, orgA)
		sealed, other := seal(t, v, key, place(orgA), "gone"), seal(t, v, kept, place(orgA), "stays")
		wantError(t, v.DestroyKey(t.Context(), orgB, key), ErrKeyMissing)
		mustOpen(t, v, place(orgA), sealed, "gone")
		for range 2 {
			if err := v.DestroyKey(t.Context(), orgA, key); err != nil {
				t.Fatal(err)
			}
			_, err := v.Open(t.Context(), place(orgA), sealed)
			wantError(t, err, idem.ErrErased)
			_, err = v.Seal(t.Context(), key, place(orgA), []byte("new"))
			wantError(t, err, idem.ErrErased)
		}
		mustOpen(t, v, place(orgA), other, "stays")
		_, err := v.Seal(t.Context(), idem.DataKeyID(uuid.NewString()), place(orgA), nil)
		wantError(t, err, ErrKeyMissing)
		_, err = v.Seal(t.Context(), "no key", place(orgA), nil)
		wantError(t, err, ErrKeyMissing)
		wantError(t, v.DestroyKey(t.Context(), orgA, idem.DataKeyID(uuid.NewString())), ErrKeyMissing)
		if err := v.Preload(t.Context(), orgA, []idem.DataKeyID{key, kept, "no key"}); err != nil {
			t.Fatal(err)
		}
		_, err = v.Open(t.Context(), place(orgA), sealed)
		wantError(t, err, idem.ErrErased)
		a, err := v.Audit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := (Audit{Organisations: 3, Keys: 3 + firstBlock - 1, Destroyed: 1, Unassigned: firstBlock}); a != want {
			t.Errorf("audit is %+v, want %+v", a, want)
		}
	})
}

// Two vaults on one key store are two processes.
func TestDestructionReachesOtherProcessesWithinFreshFor(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		now, master := newClock(), NewMaster()
		a := open(t, Options{URL: address, Master: master, Now: now.Now})
		b := open(t, Options{URL: address, Master: master, Now: now.Now, FreshFor: 10 * time.Second})
		key := newKey(t, a, orgA)
		sealed := seal(t, a, key, place(orgA), "text")
		mustOpen(t, b, place(orgA), sealed, "text")
		if err := a.DestroyKey(t.Context(), orgA, key); err != nil {
			t.Fatal(err)
		}
		now.Advance(9 * time.Second)
		mustOpen(t, b, place(orgA), sealed, "text") // the documented window
		now.Advance(time.Second)
		_, err := b.Open(t.Context(), place(orgA), sealed)
		wantError(t, err, idem.ErrErased)
	})
}

func TestNothingOpensWhenTheKeyStoreStopsAnswering(t *testing.T) {
	now := newClock()
	v := open(t, Options{URL: freshPostgres(t), Master: NewMaster(), Now: now.Now})
	sealed := seal(t, v, newKey(t, v, orgA), place(orgA), "text")
	if err := v.db.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, v, place(orgA), sealed, "text")
	now.Advance(time.Minute)
	if _, err := v.Open(t.Context(), place(orgA), sealed); err == nil {
		t.Error("a key was used from memory though nobody knows whether it was destroyed")
	}
}

func TestUnreachableDatabase(t *testing.T) {
	_, err := Open(t.Context(), Options{URL: "postgres://nobody@127.0.0.1:1/none?connect_timeout=2", Master: NewMaster()})
	wantError(t, err, idem.ErrDatabaseUnavailable)
}

func TestTranslate(t *testing.T) {
	broken := &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	for err, want := range map[error]error{
		fmt.Errorf("x: %w", broken):                                       idem.ErrDatabaseUnavailable,
		fmt.Errorf("x: %w", &pgconn.PgError{Code: "57P01"}):               idem.ErrDatabaseUnavailable,
		fmt.Errorf("x: %w", &pgconn.PgError{Code: "53300"}):               idem.ErrDatabaseUnavailable,
		fmt.Errorf("x: %w", &pgconn.PgError{Code: "53100"}):               idem.ErrStorageFull,
		fmt.Errorf("x: %w", &os.PathError{Op: "w", Err: syscall.ENOSPC}):  idem.ErrStorageFull,
		fmt.Errorf("x: %w", &net.OpError{Err: context.DeadlineExceeded}):  context.DeadlineExceeded,
		fmt.Errorf("x: %w", idem.ErrErased):                               idem.ErrErased,
		fmt.Errorf("x: %w", &pgconn.PgError{Code: "23505", Message: "u"}): errors.New("as it was"),
	} {
		got := translate(err)
		if got != err && !errors.Is(got, want) || idem.CodeOf(got) != idem.CodeOf(want) {
			t.Errorf("%v became %v, want %v", err, got, want)
		}
	}
}

func TestFullDiskIsStorageFull(t *testing.T) {
	v := open(t, Options{URL: filepath.Join(t.TempDir(), "keys.db"), Master: NewMaster()})
	v.db.SetMaxOpenConns(1)
	if _, err := v.db.Exec(`PRAGMA max_page_count = 40`); err != nil {
		t.Fatal(err)
	}
	var err error
	for range 5000 {
		if _, err = v.NewKey(t.Context(), orgA); err != nil {
			break
		}
	}
	wantError(t, err, idem.ErrStorageFull)
}

func TestWrongMaster(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		open(t, Options{URL: address, Master: NewMaster()})
		_, err := Open(t.Context(), Options{URL: address, Master: NewMaster()})
		wantError(t, err, ErrMasterWrong)
		_, err = Open(t.Context(), Options{URL: address})
		wantError(t, err, ErrMasterMissing)
	})
}

func TestNewerSchemaIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		v := open(t, Options{URL: address, Master: NewMaster()})
		if _, err := v.db.Exec(`INSERT INTO vault_schema (version) VALUES (99)`); err != nil {
			t.Fatal(err)
		}
		_, err := Open(t.Context(), Options{URL: address, Master: NewMaster()})
		wantError(t, err, ErrSchemaNewer)
	})
}

func TestBlind(t *testing.T) {
	v := open(t, Options{URL: filepath.Join(t.TempDir(), "keys.db"), Master: NewMaster()})
	blind := func(org idem.OrgID, domain, value string) string {
		b, err := v.Blind(t.Context(), org, domain, value)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) != 32 {
			t.Fatalf("%d bytes", len(b))
		}
		return string(b)
	}
	base := blind(orgA, "alias:PHONE", "+77011234567")
	if base != blind(orgA, "alias:PHONE", "+77011234567") {
		t.Error("equal values differ")
	}
	for _, other := range []string{
		blind(orgB, "alias:PHONE", "+77011234567"),
		blind("", "alias:PHONE", "+77011234567"),
		blind(orgA, "alias:PHON", "E+77011234567"),
		blind(orgA, "alias:CUSTOM", "+77011234567"),
	} {
		if other == base {
			t.Error("different inputs are equal")
		}
	}
}

func TestConcurrentStartOnAnEmptyStore(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		master := NewMaster()
		var group sync.WaitGroup
		for range 6 {
			group.Go(func() {
				v, err := Open(context.Background(), Options{URL: address, Master: master})
				if err != nil {
					t.Error(err)
					return
				}
				defer v.Close() //nolint:errcheck // the test is about the start
				if err := v.CreateOrg(context.Background(), orgA); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	})
}

// Two processes, several goroutines each: every key is handed out once, and
// what one process sealed the other opens.
func TestNewKeyIsUniqueAcrossProcesses(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		master := NewMaster()
		vaults := []*Vault{open(t, Options{URL: address, Master: master}), open(t, Options{URL: address, Master: master})}
		var mu sync.Mutex
		sealed := map[idem.DataKeyID][]byte{}
		var group sync.WaitGroup
		for i := range 6 {
			group.Go(func() {
				v := vaults[i%2]
				for range 100 {
					key, err := v.NewKey(context.Background(), orgA)
					if err != nil {
						t.Error(err)
						return
					}
					s, err := v.Seal(context.Background(), key, place(orgA), []byte(key))
					mu.Lock()
					if sealed[key] != nil || err != nil {
						t.Errorf("key %s handed out twice or unusable: %v", key, err)
					}
					sealed[key] = s
					mu.Unlock()
				}
			})
		}
		group.Wait()
		third := open(t, Options{URL: address, Master: master})
		for key, s := range sealed {
			mustOpen(t, third, place(orgA), s, string(key))
		}
	})
}
