package importer_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/importer"
)

// registry is a fake that keeps owners by alias and refuses what it is told to.
type registry struct {
	mu     sync.Mutex
	owners map[importer.Alias]idem.PersonID
	refuse map[string]error // by file name
	calls  int
}

func (r *registry) Owners(_ context.Context, aliases []importer.Alias) ([]idem.PersonID, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := map[idem.PersonID]bool{}
	var out []idem.PersonID
	for _, a := range aliases {
		if p, ok := r.owners[a]; ok && !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out, nil
}

func (r *registry) Enrol(_ context.Context, item importer.Item, photo []byte) (idem.PersonID, []importer.Similar, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if err := r.refuse[filepath.Base(item.File)]; err != nil {
		return "", nil, err
	}
	person := idem.PersonID("person of " + filepath.Base(item.File))
	for _, a := range item.Aliases {
		r.owners[a] = person
	}
	if string(photo) == "lookalike" {
		return person, []importer.Similar{{Person: "other", Score: 0.6, FMR: 1e-6}}, nil
	}
	return person, nil, nil
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func outcomes(t *testing.T, r *registry, items []importer.Item) map[string]importer.Outcome {
	t.Helper()
	got := map[string]importer.Outcome{}
	err := importer.Run(t.Context(), r, items, 3, func(res importer.Result) {
		got[filepath.Base(res.File)] = res.Outcome
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestFolderIsImportedOnce(t *testing.T) {
	dir := folder(t, map[string]string{"a.jpg": "x", "b.PNG": "lookalike", "sub/c.webp": "x", "bad.jpg": "x", "twin.jpg": "x", "notes.txt": "x"})
	items, err := importer.ReadFolder(dir, idem.AliasCustom)
	if err != nil || len(items) != 5 {
		t.Fatalf("%d items, %v", len(items), err)
	}
	r := &registry{owners: map[importer.Alias]idem.PersonID{}, refuse: map[string]error{
		"bad.jpg":  idem.Errorf(idem.Unprocessable, "IMAGE_UNDECODABLE", "no picture"),
		"twin.jpg": idem.ErrFaceKnown,
	}}
	first := outcomes(t, r, items)
	want := map[string]importer.Outcome{"a.jpg": importer.Created, "b.PNG": importer.Flagged, "c.webp": importer.Created,
		"bad.jpg": importer.Failed, "twin.jpg": importer.Duplicate}
	for file, outcome := range want {
		if first[file] != outcome {
			t.Errorf("%s: %s, want %s", file, first[file], outcome)
		}
	}
	r.calls = 0
	again := outcomes(t, r, items)
	if again["a.jpg"] != importer.Present || again["b.PNG"] != importer.Present || r.calls != 2 {
		t.Errorf("the second run: %v with %d enrolments", again, r.calls)
	}
}

func TestUnavailableEndsTheRun(t *testing.T) {
	dir := folder(t, map[string]string{"a.jpg": "x", "b.jpg": "x"})
	items, err := importer.ReadFolder(dir, idem.AliasCustom)
	if err != nil {
		t.Fatal(err)
	}
	r := &registry{owners: map[importer.Alias]idem.PersonID{}, refuse: map[string]error{
		"a.jpg": idem.ErrDatabaseUnavailable, "b.jpg": idem.ErrDatabaseUnavailable}}
	err = importer.Run(t.Context(), r, items, 1, func(importer.Result) {})
	if !errors.Is(err, idem.ErrDatabaseUnavailable) {
		t.Errorf("the run ended with %v", err)
	}
}

func TestCancelledRunSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := importer.Run(ctx, &registry{}, []importer.Item{{File: "a.jpg"}}, 1, func(importer.Result) {})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run returned %v", err)
	}
}

func TestCSV(t *testing.T) {
	dir := folder(t, map[string]string{
		"good.csv": "file,photo_type,verified,phone,custom\np/a.jpg,digital,true,+77010000000,c1\nb.jpg,,,,c2\n",
	})
	items, err := importer.ReadCSV(filepath.Join(dir, "good.csv"))
	if err != nil || len(items) != 2 {
		t.Fatalf("%v, %v", items, err)
	}
	a := items[0]
	if a.File != filepath.Join(dir, "p/a.jpg") || a.Type != idem.PhotoDigital || !a.Verified || len(a.Aliases) != 2 || a.Line != 2 {
		t.Errorf("first item: %+v", a)
	}
	if b := items[1]; b.Type != idem.PhotoOther || b.Verified || len(b.Aliases) != 1 {
		t.Errorf("second item: %+v", b)
	}
}

func TestCSVFaultsNameLineAndColumn(t *testing.T) {
	for text, want := range map[string]string{
		"name\nx\n":                     "no column named file",
		"file,photo_type\na.jpg,selfie": "line 2: column photo_type",
		"file,verified\na.jpg,perhaps":  "line 2: column verified",
		"file,iin\na.jpg,1":             "line 2: column iin",
		"file,custom\n,1":               "line 2: no file",
		"file,custom\na.jpg\n":          "wrong number of fields",
	} {
		dir := folder(t, map[string]string{"list.csv": text})
		_, err := importer.ReadCSV(filepath.Join(dir, "list.csv"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
