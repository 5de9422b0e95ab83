package sqltext

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

func FuzzParseCursor(f *testing.F) {
	for _, seed := range []string{"", "MS5h", "LTEuYQ", cursor(1<<62, "0192-x"), cursor(-5, "")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		order, id, err := parseCursor(text)
		if err != nil {
			if !errors.Is(err, store.ErrCursor) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		again, same, err := parseCursor(cursor(order, id))
		if err != nil || again != order || same != id {
			t.Errorf("%q is (%d, %q) and then (%d, %q): %v", text, order, id, again, same, err)
		}
	})
}

// TestSettingsAreAllStored fails when a setting is added to the core and not to
// its stored shape under the same name.
func TestSettingsAreAllStored(t *testing.T) {
	core, stored := reflect.TypeFor[idem.Settings](), reflect.TypeFor[settings]()
	names := map[string]bool{}
	for i := range core.NumField() {
		name := stored.Field(i).Tag.Get("json")
		if core.Field(i).Name != stored.Field(i).Name || name == "" || names[name] {
			t.Errorf("field %s is stored as %s under %q", core.Field(i).Name, stored.Field(i).Name, name)
		}
		names[name] = true
	}
}

func TestListsHaveFewVariants(t *testing.T) {
	texts := map[string]bool{}
	for n := 1; n <= 1000; n++ {
		w := &where{}
		in(w, "id", make([]string, n))
		texts[w.text()] = true
		if len(w.args) < n || len(w.args) >= 2*n+1 {
			t.Errorf("%d values became %d arguments", n, len(w.args))
		}
	}
	if len(texts) != 11 {
		t.Errorf("%d texts, want 11", len(texts))
	}
}

func TestTuples(t *testing.T) {
	if got := tuples(2, 3); got != "($1, $2, $3), ($4, $5, $6)" {
		t.Error(got)
	}
}

func TestMigrationsMeanTheSame(t *testing.T) {
	var versions [2][]int64
	for i, engine := range []Engine{SQLite, Postgres} {
		all, err := engine.migrations()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			versions[i] = append(versions[i], m.version)
			if strings.Contains(m.text, "{{") {
				t.Errorf("%s migration %d has an unknown type", engine, m.version)
			}
		}
	}
	if !slices.Equal(versions[0], versions[1]) || !slices.IsSorted(versions[0]) {
		t.Errorf("versions %v", versions)
	}
	one, err1 := SQLite.Fingerprint()
	two, err2 := Postgres.Fingerprint()
	if one == two || len(one) != 64 || err1 != nil || err2 != nil {
		t.Errorf("fingerprints %s and %s", one, two)
	}
}

// TestSharedMigrationsAreOneText keeps types that only one engine knows out of
// the shared files.
func TestSharedMigrationsAreOneText(t *testing.T) {
	foreign := regexp.MustCompile(`\b(TEXT|BLOB|BYTEA|SERIAL|JSONB|AUTOINCREMENT|TIMESTAMPTZ|UUID|WITHOUT)\b`)
	entries, err := migrationFiles.ReadDir("migrations")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.Count(entry.Name(), ".") > 1 {
			continue
		}
		text, err := migrationFiles.ReadFile("migrations/" + entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		plain := strings.NewReplacer("{{text}}", "", "{{bytes}}", "", "{{clustered}}", "").Replace(string(text))
		if found := foreign.FindAllString(regexp.MustCompile(`--.*`).ReplaceAllString(plain, ""), -1); found != nil {
			t.Errorf("%s uses %v", entry.Name(), found)
		}
	}
}
