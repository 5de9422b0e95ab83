package backup_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/backup"
	"github.com/idem-id/idem/internal/blob"
	"github.com/idem-id/idem/internal/blob/dir"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/postgres"
	"github.com/idem-id/idem/internal/store/sqlite"
	"github.com/idem-id/idem/internal/vault"
)

const phone = "+77011234567"

// instance is a small installation: key store, database and objects.
type instance struct {
	t      *testing.T
	folder string
	vault  *vault.Vault
	store  store.Store
	blobs  *dir.Dir
	org    idem.OrgID
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("error is %v, want %v", err, target)
	}
}

func newID() string { return idem.UUIDv7{}.New() }

func openVault(t *testing.T, path string, master vault.Master) *vault.Vault {
	t.Helper()
	v, err := vault.Open(t.Context(), vault.Options{URL: path, Master: master})
	check(t, err)
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func openSQLite(t *testing.T, path string, sealer store.Sealer) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, sealer, sqlite.Options{})
	check(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func openPostgres(t *testing.T, address string, sealer store.Sealer) store.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), address, sealer, postgres.Options{})
	check(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func openBlobs(t *testing.T, path string) *dir.Dir {
	t.Helper()
	d, err := dir.Open(path)
	check(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// newInstance makes an installation with one organisation; its database is
// opened by open.
func newInstance(t *testing.T, v *vault.Vault, s store.Store, folder string) *instance {
	i := &instance{t: t, folder: folder, vault: v, store: s, blobs: openBlobs(t, filepath.Join(folder, "blobs")), org: idem.OrgID(newID())}
	check(t, v.CreateOrg(t.Context(), i.org))
	check(t, s.System().CreateOrganisation(t.Context(), idem.Organisation{
		ID: i.org, Name: "Test", Settings: idem.DefaultSettings(), CreatedAt: time.Now().UTC(), Version: 1,
	}, nil))
	return i
}

// person writes a person with a phone and a picture.
func (i *instance) person() (idem.Person, idem.BlobRef) {
	i.t.Helper()
	ctx := i.t.Context()
	key, err := i.vault.NewKey(ctx, i.org)
	check(i.t, err)
	p := idem.Person{ID: idem.PersonID(newID()), CreatedSource: idem.SourceAPI, Version: 1, DataKey: key}
	ref := idem.BlobRef(newID())
	check(i.t, blob.NewSealed(i.blobs, i.vault).Put(ctx, i.org, key, string(p.ID), ref, []byte("picture of "+p.ID)))
	check(i.t, i.store.Update(ctx, i.org, func(tx store.Tx) error {
		p.CreatedAt, p.UpdatedAt = tx.Now(), tx.Now()
		if err := tx.Persons().Insert(ctx, p); err != nil {
			return err
		}
		return tx.Aliases().Insert(ctx, key, idem.Alias{
			ID: idem.AliasID(newID()), Person: p.ID, Type: idem.AliasCustom, Value: phone + string(p.ID), Norm: phone + string(p.ID),
			Source: idem.SourceAPI, CreatedAt: tx.Now(),
		})
	}))
	return p, ref
}

// read returns what is readable of a person.
func (i *instance) read(p idem.Person, ref idem.BlobRef) (aliases []idem.Alias, picture []byte, err error) {
	i.t.Helper()
	check(i.t, i.store.View(i.t.Context(), i.org, func(tx store.Tx) (err error) {
		if _, err := tx.Persons().Get(i.t.Context(), p.ID); err != nil {
			return err
		}
		aliases, err = tx.Aliases().List(i.t.Context(), p.ID)
		return err
	}))
	picture, err = blob.NewSealed(i.blobs, i.vault).Get(i.t.Context(), i.org, string(p.ID), ref)
	return aliases, picture, err
}

func (i *instance) mustRead(p idem.Person, ref idem.BlobRef) {
	i.t.Helper()
	aliases, picture, err := i.read(p, ref)
	if err != nil || len(aliases) != 1 || aliases[0].Value != phone+string(p.ID) || string(picture) != "picture of "+string(p.ID) {
		i.t.Fatalf("%d aliases, picture %q, %v", len(aliases), picture, err)
	}
}

func (i *instance) mustBeErased(p idem.Person, ref idem.BlobRef) {
	i.t.Helper()
	aliases, _, err := i.read(p, ref)
	wantError(i.t, err, idem.ErrErased)
	if len(aliases) != 0 {
		i.t.Fatalf("aliases of an erased person: %+v", aliases)
	}
}

func TestErasedPersonDoesNotComeBackFromAnOldBackup(t *testing.T) {
	folder, master := t.TempDir(), vault.NewMaster()
	v := openVault(t, filepath.Join(folder, "keys.db"), master)
	s := openSQLite(t, filepath.Join(folder, "idem.db"), v)
	i := newInstance(t, v, s, folder)
	erased, erasedRef := i.person()
	kept, keptRef := i.person()
	archive, keys := filepath.Join(folder, "old.tar.gz"), filepath.Join(folder, "keys.backup")
	check(t, v.BackupTo(t.Context(), keys))
	m, err := backup.Create(t.Context(), archive, backup.Sources{SQLite: s, Objects: i.blobs, Program: "1.2.3", Schema: 7})
	check(t, err)
	if m.Database != "sqlite" || m.Program != "1.2.3" || m.Schema != 7 || m.Format != backup.Format || len(m.Files) != 4 {
		t.Errorf("manifest %+v", m)
	}

	// restored reads the old backup beside a key store.
	restored := func(v *vault.Vault) *instance {
		target := filepath.Join(t.TempDir(), "restored")
		_, err := backup.Restore(t.Context(), archive, target, backup.Options{})
		check(t, err)
		return &instance{
			t: t, vault: v, org: i.org, store: openSQLite(t, filepath.Join(target, backup.SQLiteFile), v),
			blobs: openBlobs(t, filepath.Join(target, backup.BlobFolder)),
		}
	}
	before := restored(v)
	before.mustRead(erased, erasedRef)
	before.mustRead(kept, keptRef)

	check(t, v.DestroyKey(t.Context(), i.org, erased.DataKey))
	check(t, v.BackupTo(t.Context(), keys))
	for name, after := range map[string]*instance{
		"current key store":  restored(v),
		"newest key backup":  restored(openVault(t, keys, master)),
		"already opened one": before,
	} {
		t.Log(name)
		after.t = t
		after.mustBeErased(erased, erasedRef)
		after.mustRead(kept, keptRef)
	}
}

func TestBackupHoldsNoKeysAndNothingReadable(t *testing.T) {
	folder, master := t.TempDir(), vault.NewMaster()
	v := openVault(t, filepath.Join(folder, "keys.db"), master)
	s := openSQLite(t, filepath.Join(folder, "idem.db"), v)
	i := newInstance(t, v, s, folder)
	p, _ := i.person()
	archive := filepath.Join(folder, "idem.tar.gz")
	_, err := backup.Create(t.Context(), archive, backup.Sources{SQLite: s, Objects: i.blobs})
	check(t, err)
	var all bytes.Buffer
	for _, e := range entries(t, archive) {
		all.WriteString(e.name)
		all.Write(e.data)
	}
	for _, secret := range []string{"vault_", "picture of", phone + string(p.ID), master.Reveal()} {
		if bytes.Contains(all.Bytes(), []byte(secret)) {
			t.Errorf("the backup holds %q", secret)
		}
	}
	if !bytes.Contains(all.Bytes(), []byte(p.ID)) {
		t.Error("the search does not see the database")
	}
	info, err := os.Stat(archive)
	check(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestPostgresBackup(t *testing.T) {
	folder, master := t.TempDir(), vault.NewMaster()
	v := openVault(t, filepath.Join(folder, "keys.db"), master)
	source := emptyPostgres(t)
	i := newInstance(t, v, openPostgres(t, source, v), folder)
	erased, erasedRef := i.person()
	kept, keptRef := i.person()
	archive, target := filepath.Join(folder, "old.tar.gz"), filepath.Join(folder, "restored")
	m, err := backup.Create(t.Context(), archive, backup.Sources{Postgres: backup.NewPostgres(source), Objects: i.blobs})
	check(t, err)
	if m.Database != "postgres" {
		t.Errorf("manifest %+v", m)
	}
	check(t, v.DestroyKey(t.Context(), i.org, erased.DataKey))
	_, err = backup.Restore(t.Context(), archive, target, backup.Options{})
	check(t, err)
	empty := emptyPostgres(t)
	check(t, backup.RestorePostgres(t.Context(), filepath.Join(target, backup.PostgresFile), empty))
	r := &instance{t: t, vault: v, org: i.org, store: openPostgres(t, empty, v), blobs: openBlobs(t, filepath.Join(target, backup.BlobFolder))}
	r.mustBeErased(erased, erasedRef)
	r.mustRead(kept, keptRef)
	if err := backup.RestorePostgres(t.Context(), filepath.Join(target, backup.PostgresFile), empty); err == nil {
		t.Error("a second restore into the same database was not refused")
	}
}

func TestPostgresWithoutTools(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := backup.Create(t.Context(), filepath.Join(t.TempDir(), "b"), backup.Sources{Postgres: backup.NewPostgres("postgres://x@127.0.0.1:1/x")})
	wantError(t, err, backup.ErrNoTool)
}

func TestPasswordStaysOutOfErrors(t *testing.T) {
	for _, address := range []string{"postgres://u:geheim@127.0.0.1:1/x", "postgres://u@127.0.0.1:1/x?password=geheim", "postgres://u:geheim@127.0.0.1:bad/x"} {
		err := backup.NewPostgres(address).BackupTo(t.Context(), filepath.Join(t.TempDir(), "dump"))
		if err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%v", err)
		}
	}
}

// fake is a database of some bytes.
type fake string

func (f fake) BackupTo(_ context.Context, file string) error {
	return os.WriteFile(file, []byte(f), 0o600)
}

// failing is a database that cannot be copied.
type failing struct{ error }

func (f failing) BackupTo(context.Context, string) error { return f.error }

// objects are stored objects by path; an empty one was deleted meanwhile.
type objects map[string]string

func (o objects) Walk(_ context.Context, f func(string) error) error {
	for name := range o {
		if err := f(name); err != nil {
			return err
		}
	}
	return nil
}

func (o objects) ReadObject(_ context.Context, name string) ([]byte, error) {
	if o[name] == "" {
		return nil, blob.ErrNotFound
	}
	return []byte(o[name]), nil
}

func TestObjectsDeletedMeanwhileAreLeftOut(t *testing.T) {
	folder := t.TempDir()
	archive, target := filepath.Join(folder, "b.tar.gz"), filepath.Join(folder, "target")
	var last backup.Progress
	m, err := backup.Create(t.Context(), archive, backup.Sources{
		SQLite: fake("database"), Objects: objects{"o1/aa/xxaa": "one", "o1/bb/xxbb": "", "o2/cc/xxcc": "three"},
		Progress: func(p backup.Progress) { last = p },
	})
	check(t, err)
	if last.Files != 4 || last.Files != len(m.Files) || last.Bytes < int64(len("databaseonethree")) {
		t.Errorf("progress %+v", last)
	}
	var read backup.Progress
	again, err := backup.Restore(t.Context(), archive, target, backup.Options{Progress: func(p backup.Progress) { read = p }})
	check(t, err)
	if read != last || again.CreatedAt != m.CreatedAt || len(again.Files) != len(m.Files) {
		t.Errorf("read %+v, wrote %+v", read, last)
	}
	got := tree(t, target)
	want := map[string]string{"idem.db": "database", "blobs/o1/aa/xxaa": "one", "blobs/o2/cc/xxcc": "three"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("restored %v", got)
	}
}

func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	check(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		out[filepath.ToSlash(name)] = string(data)
		return err
	}))
	return out
}

func TestFailureKeepsThePreviousBackupAndLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	archive := filepath.Join(folder, "b.tar.gz")
	_, err := backup.Create(t.Context(), archive, backup.Sources{SQLite: fake("first")})
	check(t, err)
	before := tree(t, folder)
	_, err = backup.Create(t.Context(), archive, backup.Sources{SQLite: failing{idem.ErrStorageFull}})
	wantError(t, err, idem.ErrStorageFull)
	_, err = backup.Create(t.Context(), archive, backup.Sources{SQLite: fake("second"), Objects: objects{"../../x": "y"}})
	if err == nil {
		t.Error("a path out of the folder was packed")
	}
	_, err = backup.Create(t.Context(), archive, backup.Sources{})
	if err == nil {
		t.Error("nothing was packed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = backup.Create(ctx, archive, backup.Sources{SQLite: fake("third")})
	wantError(t, err, context.Canceled)
	if fmt.Sprint(tree(t, folder)) != fmt.Sprint(before) {
		t.Error("the folder changed")
	}
}

func TestRestoreRefusesAFolderInUse(t *testing.T) {
	folder := t.TempDir()
	archive, target := filepath.Join(folder, "b.tar.gz"), filepath.Join(folder, "target")
	_, err := backup.Create(t.Context(), archive, backup.Sources{SQLite: fake("x")})
	check(t, err)
	check(t, os.MkdirAll(filepath.Join(target, ".idem-restore", "half"), 0o700)) // interrupted earlier
	_, err = backup.Restore(t.Context(), archive, target, backup.Options{})
	check(t, err)
	_, err = backup.Restore(t.Context(), archive, target, backup.Options{})
	wantError(t, err, backup.ErrNotEmpty)
	if got := tree(t, target); len(got) != 1 || got["idem.db"] != "x" {
		t.Errorf("restored %v", got)
	}
}

type entry struct {
	name string
	data []byte
	kind byte
	link string
}

func entries(t *testing.T, archive string) (out []entry) {
	t.Helper()
	f, err := os.Open(archive)
	check(t, err)
	defer f.Close() //nolint:errcheck // only read
	zip, err := gzip.NewReader(f)
	check(t, err)
	for r := tar.NewReader(zip); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		check(t, err)
		data, err := io.ReadAll(r)
		check(t, err)
		out = append(out, entry{name: h.Name, data: data})
	}
}

// pack writes entries without asking whether they make sense.
func pack(t *testing.T, es []entry) string {
	t.Helper()
	var buffer bytes.Buffer
	zip := gzip.NewWriter(&buffer)
	w := tar.NewWriter(zip)
	for _, e := range es {
		h := &tar.Header{Name: e.name, Size: int64(len(e.data)), Mode: 0o600, Typeflag: tar.TypeReg}
		if e.kind != 0 {
			h.Typeflag, h.Linkname = e.kind, e.link
		}
		check(t, w.WriteHeader(h))
		_, err := w.Write(e.data)
		check(t, err)
	}
	check(t, errors.Join(w.Close(), zip.Close()))
	path := filepath.Join(t.TempDir(), "b.tar.gz")
	check(t, os.WriteFile(path, buffer.Bytes(), 0o600))
	return path
}

// manifest lists entries as a well-meant or forged backup would.
func manifest(t *testing.T, es []entry) entry {
	t.Helper()
	m := backup.Manifest{}
	for _, e := range es {
		sum := sha256.Sum256(e.data)
		m.Files = append(m.Files, backup.File{Path: e.name, Size: int64(len(e.data)), SHA256: hex.EncodeToString(sum[:])})
	}
	data, err := json.Marshal(m)
	check(t, err)
	return entry{name: "manifest.json", data: data}
}

func TestHostileBackups(t *testing.T) {
	head, database := entry{name: "idem-backup.json", data: []byte(`{"format":1}`)}, entry{name: "idem.db", data: []byte("db")}
	good := []entry{head, database}
	with := func(more ...entry) []entry {
		es := append(append([]entry{}, good...), more...)
		return append(es, manifest(t, es))
	}
	cases := map[string]struct {
		entries []entry
		want    error
	}{
		"good":              {with(), nil},
		"parent":            {with(entry{name: "../evil", data: []byte("x")}), backup.ErrDamaged},
		"parent inside":     {with(entry{name: "blobs/../../evil", data: []byte("x")}), backup.ErrDamaged},
		"absolute":          {with(entry{name: "/tmp/evil", data: []byte("x")}), backup.ErrDamaged},
		"backslash":         {with(entry{name: `blobs\..\evil`, data: []byte("x")}), backup.ErrDamaged},
		"hidden":            {with(entry{name: "blobs/.lock", data: []byte("x")}), backup.ErrDamaged},
		"elsewhere":         {with(entry{name: "keys/keys.db", data: []byte("x")}), backup.ErrDamaged},
		"symbolic link":     {with(entry{name: "blobs/a", kind: tar.TypeSymlink, link: "/etc"}), backup.ErrDamaged},
		"hard link":         {with(entry{name: "blobs/a", kind: tar.TypeLink, link: "idem.db"}), backup.ErrDamaged},
		"device":            {with(entry{name: "blobs/a", kind: tar.TypeChar}), backup.ErrDamaged},
		"folder":            {with(entry{name: "blobs/a", kind: tar.TypeDir}), backup.ErrDamaged},
		"twice":             {with(database), backup.ErrDamaged},
		"second head":       {with(head), backup.ErrDamaged},
		"no database":       {[]entry{head, manifest(t, []entry{head})}, backup.ErrDamaged},
		"no manifest":       {good, backup.ErrDamaged},
		"no head":           {[]entry{database, manifest(t, []entry{database})}, backup.ErrDamaged},
		"newer":             {[]entry{{name: "idem-backup.json", data: []byte(`{"format":2}`)}, database}, backup.ErrNewer},
		"other bytes":       {[]entry{head, {name: "idem.db", data: []byte("dB")}, manifest(t, good)}, backup.ErrDamaged},
		"missing file":      {[]entry{head, database, manifest(t, append(good, entry{name: "blobs/a"}))}, backup.ErrDamaged},
		"behind the end":    {append(with(), entry{name: "blobs/late", data: []byte("x")}), backup.ErrDamaged},
		"manifest no JSON":  {[]entry{head, database, {name: "manifest.json", data: []byte("{")}}, backup.ErrDamaged},
		"oversized listing": {[]entry{head, database, {name: "manifest.json", data: make([]byte, 1<<20)}}, backup.ErrDamaged},
		"file as a folder":  {with(entry{name: "blobs/a", data: []byte("x")}, entry{name: "blobs/a/b", data: []byte("x")}), backup.ErrDamaged},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			target := filepath.Join(folder, "in", "target")
			_, err := backup.Restore(t.Context(), pack(t, c.entries), target, backup.Options{})
			if c.want == nil {
				check(t, err)
				return
			}
			wantError(t, err, c.want)
			if got := tree(t, folder); len(got) != 0 {
				t.Errorf("files appeared: %v", got)
			}
			left, err := os.ReadDir(target)
			if err != nil || len(left) != 0 {
				t.Errorf("the target holds %v, %v", left, err)
			}
		})
	}
}

func TestRestoreLimits(t *testing.T) {
	folder := t.TempDir()
	archive := filepath.Join(folder, "b.tar.gz")
	_, err := backup.Create(t.Context(), archive, backup.Sources{SQLite: fake("12345678"), Objects: objects{"o1/aa/xxaa": "12345678"}})
	check(t, err)
	for name, l := range map[string]backup.Limits{"files": {Files: 2}, "bytes": {Bytes: 14}, "object": {Blob: 7}} {
		_, err := backup.Restore(t.Context(), archive, filepath.Join(folder, name), backup.Options{Limits: l})
		if idem.CodeOf(err) != "BACKUP_TOO_LARGE" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every single altered byte and every cut is noticed, or changes nothing.
func TestDamageIsNoticed(t *testing.T) {
	folder := t.TempDir()
	archive := filepath.Join(folder, "b.tar.gz")
	_, err := backup.Create(t.Context(), archive, backup.Sources{SQLite: fake(strings.Repeat("database ", 50)), Objects: objects{"o1/aa/xxaa": "one"}})
	check(t, err)
	whole, err := os.ReadFile(archive)
	check(t, err)
	reference := filepath.Join(folder, "reference")
	_, err = backup.Restore(t.Context(), archive, reference, backup.Options{})
	check(t, err)
	want := fmt.Sprint(tree(t, reference))
	try := func(what string, data []byte) {
		path := filepath.Join(t.TempDir(), "b")
		check(t, os.WriteFile(path, data, 0o600))
		target := filepath.Join(t.TempDir(), "target")
		_, err := backup.Restore(t.Context(), path, target, backup.Options{})
		switch {
		case err == nil && fmt.Sprint(tree(t, target)) != want:
			t.Fatalf("%s was not noticed", what)
		case err != nil && !errors.Is(err, backup.ErrDamaged) && !errors.Is(err, backup.ErrNewer) && idem.CodeOf(err) != "BACKUP_TOO_LARGE":
			t.Fatalf("%s: %v", what, err)
		}
	}
	for n := 0; n < len(whole); n += 1 + len(whole)/40 {
		try(fmt.Sprintf("a cut at %d", n), whole[:n])
	}
	for n := 0; n < len(whole); n += 1 + len(whole)/60 {
		altered := bytes.Clone(whole)
		altered[n] ^= 0x41
		try(fmt.Sprintf("an altered byte at %d", n), altered)
	}
}

func FuzzRestore(f *testing.F) {
	archive := filepath.Join(f.TempDir(), "b.tar.gz")
	if _, err := backup.Create(f.Context(), archive, backup.Sources{SQLite: fake("database"), Objects: objects{"o1/aa/xxaa": "one"}}); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(archive)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:100])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		folder := t.TempDir()
		path, target := filepath.Join(folder, "b"), filepath.Join(folder, "in", "target")
		check(t, os.WriteFile(path, data, 0o600))
		_, err := backup.Restore(t.Context(), path, target, backup.Options{Limits: backup.Limits{Files: 100, Bytes: 1 << 20, Blob: 1 << 16}})
		for name := range tree(t, folder) {
			if name != "b" && (err != nil || !strings.HasPrefix(name, "in/target/")) {
				t.Errorf("%s appeared (%v)", name, err)
			}
		}
	})
}

func emptyPostgres(t *testing.T) string {
	t.Helper()
	return newPostgres(t, "backup_"+strings.ReplaceAll(uuid.NewString(), "-", ""))
}
