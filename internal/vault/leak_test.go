package vault

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
)

// bytesOf reads everything that stands in a folder.
func bytesOf(t *testing.T, folder string) []byte {
	t.Helper()
	var all []byte
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	return all
}

func wrappedOf(t *testing.T, v *Vault, org idem.OrgID, key idem.DataKeyID) []byte {
	t.Helper()
	id := uuid.MustParse(string(key))
	var wrapped []byte
	err := v.db.QueryRow(`SELECT wrapped FROM vault_keys WHERE org = $1 AND id = $2`, string(org), id[:]).Scan(&wrapped)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

// index finds where any of many needles of one length stands, in one pass.
func index(haystack []byte, needles map[string]string, length int) (found []string) {
	for i := 0; i+length <= len(haystack); i++ {
		if name, ok := needles[string(haystack[i:i+length])]; ok {
			found = append(found, name)
		}
	}
	return found
}

func TestKeyStoreHoldsNoKeyInTheClear(t *testing.T) {
	folder := t.TempDir()
	v := open(t, Options{URL: filepath.Join(folder, "keys.db"), Master: NewMaster()})
	clearKeys := map[string]string{string(v.master[:]): "the master"}
	derived := v.master.derive("wrap")
	clearKeys[string(derived[:])] = "the wrapping key"
	for range 300 {
		key := newKey(t, v, orgA)
		k, err := v.dataKey(t.Context(), orgA, uuid.MustParse(string(key)))
		if err != nil {
			t.Fatal(err)
		}
		clearKeys[string(k[:])] = "data key " + string(key)
	}
	for _, org := range []idem.OrgID{"", orgA, orgB} {
		keys, err := v.orgKeysOf(t.Context(), org)
		if err != nil {
			t.Fatal(err)
		}
		clearKeys[string(keys.blind[:])] = "blind key"
		for _, s := range keys.seal {
			clearKeys[string(s[:])] = "sealing key"
		}
	}
	if err := v.BackupTo(t.Context(), filepath.Join(folder, "keys.backup")); err != nil {
		t.Fatal(err)
	}
	if err := v.RotateOrg(t.Context(), orgA); err != nil {
		t.Fatal(err)
	}
	if found := index(bytesOf(t, folder), clearKeys, keySize); len(found) > 0 {
		t.Errorf("in the clear: %v", found)
	}
	planted := append([]byte("xx"), v.master[:]...)
	if len(index(planted, clearKeys, keySize)) != 1 {
		t.Error("the search finds nothing at all")
	}
}

// Keys of several organisations are made, used, rotated and destroyed in random
// order; of a destroyed key no wrapped bytes remain in any file, whatever SQLite
// did to its pages.
func TestDestroyedKeysLeaveNoBytes(t *testing.T) {
	folder := t.TempDir()
	v := open(t, Options{URL: filepath.Join(folder, "keys.db"), Master: NewMaster()})
	random := rand.New(rand.NewPCG(1, 2))
	type owned struct {
		org idem.OrgID
		key idem.DataKeyID
	}
	var live []owned
	destroyed := map[string]string{}
	for range 1500 {
		switch n := random.IntN(100); {
		case n < 70 || len(live) == 0:
			org := []idem.OrgID{orgA, orgB, ""}[random.IntN(3)]
			live = append(live, owned{org, newKey(t, v, org)})
		default:
			i := random.IntN(len(live))
			destroyed[string(wrappedOf(t, v, live[i].org, live[i].key))] = string(live[i].key)
			if err := v.DestroyKey(t.Context(), live[i].org, live[i].key); err != nil {
				t.Fatal(err)
			}
			live = slices.Delete(live, i, i+1)
		}
	}
	if found := index(bytesOf(t, folder), destroyed, wrappedDataSize); len(found) > 0 {
		t.Fatalf("%d of %d destroyed keys still stand in a file", len(found), len(destroyed))
	}
	// What a rotation replaced is gone as well.
	replaced := map[string]string{}
	for _, l := range live {
		replaced[string(wrappedOf(t, v, l.org, l.key))] = string(l.key)
	}
	if found := index(bytesOf(t, folder), replaced, wrappedDataSize); len(found) != len(live) {
		t.Fatalf("%d of %d live keys found: the search does not see the file", len(found), len(live))
	}
	for _, org := range []idem.OrgID{orgA, orgB, ""} {
		if err := v.RotateOrg(t.Context(), org); err != nil {
			t.Fatal(err)
		}
	}
	if found := index(bytesOf(t, folder), replaced, wrappedDataSize); len(found) > 0 {
		t.Errorf("%d of %d replaced wrappings still stand in a file", len(found), len(replaced))
	}
	if _, err := os.Stat(filepath.Join(folder, "keys.db-wal")); err == nil {
		t.Error("there is a write-ahead log")
	}
}

func TestBackupKeepsTheNewestCopyOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		master, folder := NewMaster(), t.TempDir()
		copied := filepath.Join(folder, "keys.backup")
		v := open(t, Options{URL: address, Master: master})
		kept, gone := newKey(t, v, orgA), newKey(t, v, orgA)
		sealedKept, sealedGone := seal(t, v, kept, place(orgA), "kept"), seal(t, v, gone, place(orgA), "gone")
		wrapped := wrappedOf(t, v, orgA, gone)
		if err := v.BackupTo(t.Context(), copied); err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(bytesOf(t, folder), wrapped) {
			t.Fatal("the copy does not hold the key")
		}
		if err := v.DestroyKey(t.Context(), orgA, gone); err != nil {
			t.Fatal(err)
		}
		if err := v.BackupTo(t.Context(), copied); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(bytesOf(t, folder), wrapped) {
			t.Error("the destroyed key survives in the backup")
		}
		if bytes.Contains(bytesOf(t, folder), master.key[:]) {
			t.Error("the backup holds the master key")
		}
		entries, err := os.ReadDir(folder)
		if err != nil || len(entries) != 1 {
			t.Fatalf("the backup left %v, %v", entries, err)
		}
		if info, err := entries[0].Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		check := func(restored *Vault) {
			mustOpen(t, restored, place(orgA), sealedKept, "kept")
			_, err := restored.Open(t.Context(), place(orgA), sealedGone)
			wantError(t, err, idem.ErrErased)
			a, err := restored.Audit(t.Context())
			if err != nil || a.Destroyed != 1 || a.Unassigned != 0 {
				t.Errorf("audit %+v, %v", a, err)
			}
			again := newKey(t, restored, orgA)
			if err := restored.DestroyKey(t.Context(), orgA, again); err != nil {
				t.Error(err)
			}
		}
		check(open(t, Options{URL: copied, Master: master}))
		if err := v.BackupTo(t.Context(), copied); err != nil {
			t.Fatal(err)
		}
		onBoth(t, func(t *testing.T, target string) {
			if err := Restore(t.Context(), copied, target); err != nil {
				t.Fatal(err)
			}
			wantError(t, Restore(t.Context(), copied, target), ErrNotEmpty)
			check(open(t, Options{URL: target, Master: master}))
		})
	})
}

func TestFailedBackupKeepsThePreviousCopy(t *testing.T) {
	folder := t.TempDir()
	v := open(t, Options{URL: filepath.Join(t.TempDir(), "keys.db"), Master: NewMaster()})
	copied := filepath.Join(folder, "keys.backup")
	if err := v.BackupTo(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	before := bytesOf(t, folder)
	if _, err := v.db.Exec(`ALTER TABLE vault_blocks RENAME TO hidden`); err != nil {
		t.Fatal(err)
	}
	if err := v.BackupTo(t.Context(), copied); err == nil {
		t.Fatal("no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, v.BackupTo(ctx, copied), context.Canceled)
	if !bytes.Equal(bytesOf(t, folder), before) {
		t.Error("the previous copy is not what it was")
	}
	if err := Restore(t.Context(), filepath.Join(folder, "none"), filepath.Join(folder, "new.db")); err == nil {
		t.Error("a missing copy was restored")
	}
}

// A key store that is read while it is written, with a statement left open,
// still comes to the end of a destruction.
func TestDestroyWaitsForReaders(t *testing.T) {
	address := filepath.Join(t.TempDir(), "keys.db")
	v := open(t, Options{URL: address, Master: NewMaster()})
	key := newKey(t, v, orgA)
	tx, err := v.db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM vault_keys`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- v.DestroyKey(t.Context(), orgA, key) }()
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if !isErased(wrappedOf(t, v, orgA, key)) {
		t.Error("the key is still there")
	}
}

func ExampleMaster_String() {
	fmt.Println(NewMaster())
	// Output: ••••
}
