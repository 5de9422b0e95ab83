package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/sqlite"
	"github.com/idem-id/idem/internal/store/storetest"
)

func TestContract(t *testing.T) { storetest.Run(t, storetest.SQLite) }

func TestCrash(t *testing.T) {
	storetest.Crash(t, func(t testing.TB) string { return filepath.Join(t.TempDir(), "idem.db") }, storetest.SQLiteAt)
}

func TestImmutable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idem.db")
	storetest.Immutable(t, storetest.SQLiteAt(path), func(text string) error { return execRaw(t, path, text) },
		"INSERT OR REPLACE INTO actions SELECT * FROM actions",
		"REPLACE INTO instance_actions SELECT * FROM instance_actions",
		"REPLACE INTO gallery_log SELECT * FROM gallery_log",
		"INSERT INTO actions SELECT * FROM actions WHERE TRUE ON CONFLICT DO UPDATE SET person = 'x'")
}

func TestOldKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idem.db")
	storetest.OldKeys(t, storetest.SQLiteAt(path), func(text string) error { return execRaw(t, path, text) })
}

func execRaw(t *testing.T, path, text string) error {
	db, err := sqlite.Raw(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), text)
	return err
}

func open(t testing.TB, path string, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, storetest.SealerOf("shared"), o)
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

func TestNothingPersonalIsInTheFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idem.db")
	s := open(t, path, sqlite.Options{})
	org := storetest.NewOrganisation(t, s)
	p := storetest.NewPerson(t, s, org)
	secrets := []string{"+77017777777", "Wert-Des-Alias", "norm-of-alias", "second-value", "ann@example.org", "pk_live_4711", "answer-body"}
	err := s.Update(t.Context(), org, func(tx store.Tx) error {
		a := idem.Alias{ID: "a", Person: p.ID, Type: idem.AliasPhone, Value: secrets[0], Norm: secrets[0]}
		b := idem.Alias{ID: "b", Person: p.ID, Type: idem.AliasCustom, Value: secrets[1], Norm: secrets[2]}
		changed := b
		changed.Value, changed.Norm = secrets[3], secrets[3]
		_, begin := tx.Idempotency().Begin(t.Context(), store.IdempotencyRow{Key: "k"})
		return errors.Join(begin,
			tx.Aliases().Insert(t.Context(), p.DataKey, a), tx.Aliases().Insert(t.Context(), p.DataKey, b),
			tx.Aliases().Update(t.Context(), p.DataKey, changed),
			tx.Operators().Insert(t.Context(), idem.Operator{ID: "o", Email: secrets[4], Role: idem.RoleAdmin}),
			tx.Credentials().Insert(t.Context(), idem.Credential{ID: "c", Kind: idem.CredentialFlow}, [32]byte{1}, secrets[5]),
			tx.Idempotency().Finish(t.Context(), "k", 201, []byte(secrets[6])))
	})
	if err != nil {
		t.Fatal(err)
	}
	searchFiles(t, filepath.Dir(path), string(p.ID), secrets)
}

// searchFiles looks for the secrets in every file of the folder, and for the
// control that must be there.
func searchFiles(t *testing.T, dir, control string, secrets []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found = found || bytes.Contains(content, []byte(control))
		for _, secret := range secrets {
			if bytes.Contains(bytes.ToLower(content), []byte(strings.ToLower(secret))) {
				t.Errorf("%q is readable in %s", secret, file.Name())
			}
		}
	}
	if !found {
		t.Error("the search does not even find what is stored in the clear")
	}
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idem.db")
	s := open(t, path, sqlite.Options{})
	storetest.NewOrganisation(t, s)
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", file.Name(), info.Mode(), err)
		}
	}
}

func TestLockKeepsASecondServerAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idem.db")
	release, err := sqlite.Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Lock(path); !errors.Is(err, sqlite.ErrLocked) {
		t.Errorf("a second lock: %v", err)
	}
	open(t, path, sqlite.Options{}) // a command beside the server
	if err := release(); err != nil {
		t.Fatal(err)
	}
	release, err = sqlite.Lock(path)
	if err != nil {
		t.Fatalf("a lock behind the release: %v", err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}

func TestBackupIsWhole(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "idem.db"), sqlite.Options{})
	org := storetest.NewOrganisation(t, s)
	p := storetest.NewPerson(t, s, org)
	backup := filepath.Join(dir, "it's a backup?.db")
	if err := s.BackupTo(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	if err := s.BackupTo(t.Context(), backup); !errors.Is(err, sqlite.ErrBackupExists) {
		t.Errorf("a second backup into the file: %v", err)
	}
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("backup has mode %v, %v", info.Mode(), err)
	}
	storetest.NewPerson(t, s, org)
	restored := open(t, backup, sqlite.Options{})
	err := restored.View(t.Context(), org, func(tx store.Tx) error {
		n, err := tx.Persons().Count(t.Context(), store.PersonQuery{})
		if n != 1 {
			t.Errorf("%d persons in the backup, want 1", n)
		}
		a, err2 := tx.Aliases().List(t.Context(), p.ID)
		if len(a) != 1 || err2 != nil {
			t.Errorf("aliases in the backup: %v, %v", a, err2)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestManyProcessesOpenAFreshFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idem.db")
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			s, err := sqlite.Open(t.Context(), path, storetest.Sealer(), sqlite.Options{})
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
	path := filepath.Join(t.TempDir(), "idem.db")
	open(t, path, sqlite.Options{})
	if err := execRaw(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)"); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), path, storetest.Sealer(), sqlite.Options{}); err == nil || !strings.Contains(err.Error(), "9999") {
		t.Errorf("a newer schema: %v", err)
	}
}

func TestDamagedFileIsInternal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idem.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), path, storetest.Sealer(), sqlite.Options{}); err == nil || idem.KindOf(err) != idem.Internal {
		t.Errorf("a damaged file: %v", err)
	}
}

func TestMissingFolderIsUnavailable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "idem.db")
	if _, err := sqlite.Open(t.Context(), path, storetest.Sealer(), sqlite.Options{}); !errors.Is(err, idem.ErrDatabaseUnavailable) {
		t.Errorf("a missing folder: %v", err)
	}
}

// hold keeps the file as another process does that writes for a long time, until
// release or the end of the test.
func hold(t *testing.T, path string) (release func()) {
	t.Helper()
	other, err := sqlite.Raw(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	other.SetMaxOpenConns(1)
	run := func(text string) {
		t.Helper()
		if _, err := other.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	run("BEGIN IMMEDIATE")
	return func() { run("ROLLBACK") }
}

// TestBusyFile lets another process hold the file longer than the store waits.
func TestBusyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idem.db")
	s := open(t, path, sqlite.Options{BusyTimeout: 300 * time.Millisecond})
	org := storetest.NewOrganisation(t, s)
	release := hold(t, path)
	nothing := func(store.Tx) error { return nil }
	if err := s.Update(t.Context(), org, nothing); !errors.Is(err, idem.ErrDatabaseUnavailable) {
		t.Errorf("an update beside a long one: %v", err)
	}
	if err := s.View(t.Context(), org, func(tx store.Tx) error {
		_, err := tx.Organisations().Get(t.Context())
		return err
	}); err != nil {
		t.Errorf("a view beside a long update: %v", err)
	}
	release()
	if err := s.Update(t.Context(), org, nothing); err != nil {
		t.Errorf("an update behind the long one: %v", err)
	}
}

// TestBusyFileAnswersAll has more updates wait than share one transaction: each
// is told that the file is busy, none is forgotten.
func TestBusyFileAnswersAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idem.db")
	s := open(t, path, sqlite.Options{BusyTimeout: 100 * time.Millisecond})
	org := storetest.NewOrganisation(t, s)
	hold(t, path)
	var group sync.WaitGroup
	for range 200 {
		group.Go(func() {
			if err := s.Update(t.Context(), org, func(store.Tx) error { return nil }); !errors.Is(err, idem.ErrDatabaseUnavailable) {
				t.Errorf("an update beside a long one: %v", err)
			}
		})
	}
	group.Wait()
}

// TestFullDisk takes the room away by SQLite's own limit of pages.
func TestFullDisk(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "idem.db"), sqlite.Options{})
	org := storetest.NewOrganisation(t, s)
	storetest.NewPerson(t, s, org)
	if err := s.OnWriter(t.Context(), "PRAGMA max_page_count = 1"); err != nil {
		t.Fatal(err)
	}
	var filled error
	for n := 0; n < 10_000 && filled == nil; n++ {
		filled = s.Update(t.Context(), org, func(tx store.Tx) error {
			_, err := tx.Idempotency().Begin(t.Context(), store.IdempotencyRow{Key: fmt.Sprint(n, strings.Repeat("x", 5000))})
			if errors.Is(err, idem.ErrStorageFull) {
				// Nothing may slip out of the lost transaction.
				if err := tx.Idempotency().Forget(t.Context(), "0"); err == nil {
					t.Error("a statement ran behind the loss of its transaction")
				}
				return nil
			}
			return err
		})
	}
	if !errors.Is(filled, idem.ErrStorageFull) {
		t.Fatalf("a full disk: %v", filled)
	}
	storetest.NewPerson(t, s, org) // on a new connection, which has no such limit
}

func TestGroupSharesCommitsAndNotFailures(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "idem.db"), sqlite.Options{})
	org := storetest.NewOrganisation(t, s)
	mine := errors.New("mine")
	started, proceed := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		if err := s.Update(t.Context(), org, func(store.Tx) error {
			close(started)
			<-proceed
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	<-started
	for i := range 40 {
		group.Go(func() {
			err := s.Update(t.Context(), org, func(tx store.Tx) error {
				if _, err := tx.Idempotency().Begin(t.Context(), store.IdempotencyRow{Key: fmt.Sprint(i)}); err != nil {
					return err
				}
				if i%4 == 0 {
					return mine
				}
				return nil
			})
			if (i%4 == 0) != errors.Is(err, mine) {
				t.Errorf("update %d: %v", i, err)
			}
		})
	}
	close(proceed)
	group.Wait()
	if n, err := s.System().ExpireIdempotency(t.Context(), time.Now().Add(time.Hour)); n != 30 || err != nil {
		t.Errorf("%d rows kept, want 30: %v", n, err)
	}
}

// TestCancelledUpdateLeavesTheQueue cancels an update that waits behind a long
// one; it must return without having run, while the long one still runs.
func TestCancelledUpdateLeavesTheQueue(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "idem.db"), sqlite.Options{})
	org := storetest.NewOrganisation(t, s)
	started, proceed, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- s.Update(t.Context(), org, func(store.Tx) error {
			close(started)
			<-proceed
			return nil
		})
	}()
	<-started
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := s.Update(ctx, org, func(store.Tx) error {
		t.Error("ran")
		return nil
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a cancelled update: %v", err)
	}
	close(proceed)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestLostTransactionFailsItsWholeGroup undoes the shared transaction from
// inside: who had written in it must hear so, who comes behind must not.
func TestLostTransactionFailsItsWholeGroup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idem.db")
	s := open(t, path, sqlite.Options{})
	org := storetest.NewOrganisation(t, s)
	claim := func(tx store.Tx, _ func() error) error {
		_, err := tx.Idempotency().Begin(t.Context(), store.IdempotencyRow{Key: tx.Now().String()})
		return err
	}
	lose := func(_ store.Tx, lose func() error) error { return lose() }
	errs, err := sqlite.Group(path, storetest.Sealer(), org, claim, lose, claim)
	if err != nil {
		t.Fatal(err)
	}
	if errs[0] == nil || errs[1] == nil || errs[2] != nil {
		t.Errorf("the members of the lost group got %v and %v, who came behind %v", errs[0], errs[1], errs[2])
	}
	if n, err := s.System().ExpireIdempotency(t.Context(), time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Errorf("%d rows kept, want 1: %v", n, err)
	}
}

func TestConnectionsAreSafe(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "idem.db"), sqlite.Options{})
	want := map[string][2]string{
		"synchronous": {"2", "2"}, "journal_mode": {"wal", "wal"}, "foreign_keys": {"1", "1"}, "secure_delete": {"1", "1"},
		"busy_timeout": {"5000", "5000"}, "recursive_triggers": {"1", "1"}, "query_only": {"0", "1"},
	}
	got, err := s.Pragmas(t.Context(), slices.Collect(maps.Keys(want))...)
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("settings of writer and reader: %v, %v; want %v", got, err, want)
	}
}

// TestReadingUsesIndexes explains what is asked most and fails on a scan.
func TestReadingUsesIndexes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idem.db")
	open(t, path, sqlite.Options{})
	db, err := sqlite.Raw(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	placeholder := regexp.MustCompile(`\$\d`)
	for text, index := range map[string]string{
		"SELECT 1 FROM aliases WHERE org = $1 AND type = $2 AND blind = $3 AND live AND id <> $4":              "aliases_live",
		"SELECT 1 FROM aliases a WHERE a.org = $1 AND a.live = FALSE AND (a.type = $2 AND a.blind = $3)":       "aliases_freed",
		"SELECT 1 FROM persons p WHERE p.org = $1 AND p.deleted_at = 0 ORDER BY created_at DESC, id DESC":      "persons_created",
		"SELECT 1 FROM persons p WHERE p.org = $1 ORDER BY updated_at DESC, id DESC":                           "persons_updated",
		"SELECT 1 FROM actions WHERE org = $1 AND person = $2 ORDER BY seq DESC":                               "actions_person",
		"SELECT 1 FROM credentials WHERE hash = $1":                                                            "credentials_sign_in",
		"SELECT 1 FROM gallery_log l WHERE l.org = $1 AND l.model = $2 AND l.seq > $3 ORDER BY l.seq LIMIT $4": "PRIMARY KEY",
		"SELECT 1 FROM aliases WHERE org = $1 AND person IN ($2, $3)":                                          "PRIMARY KEY",
	} {
		var plan string
		var skip int
		if err := db.QueryRowContext(t.Context(), "EXPLAIN QUERY PLAN "+placeholder.ReplaceAllString(text, "'x'")).Scan(&skip, &skip, &skip, &plan); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, index) || !strings.Contains(plan, "SEARCH") {
			t.Errorf("%s\n%s; want a search by %s", text, plan, index)
		}
	}
}
