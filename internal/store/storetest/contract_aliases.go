package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

func addAlias(t *testing.T, s store.Store, org idem.OrgID, p idem.Person, value string) idem.Alias {
	t.Helper()
	a := custom(p, value)
	update(t, s, org, func(tx store.Tx) error {
		a.CreatedAt = tx.Now()
		return tx.Aliases().Insert(t.Context(), p.DataKey, a)
	})
	return a
}

func ownerOf(t *testing.T, s store.Store, org idem.OrgID, value string) (owner idem.PersonID) {
	t.Helper()
	key := store.AliasKey{Type: idem.AliasCustom, Norm: value}
	view(t, s, org, func(tx store.Tx) error {
		owners, err := tx.Aliases().Owners(t.Context(), []store.AliasKey{key})
		owner = owners[key]
		return err
	})
	return owner
}

func aliasesOf(t *testing.T, s store.Store, org idem.OrgID, persons ...idem.PersonID) (found []idem.Alias) {
	t.Helper()
	view(t, s, org, func(tx store.Tx) (err error) {
		found, err = tx.Aliases().List(t.Context(), persons...)
		return err
	})
	return found
}

func testAliases(t *testing.T, f fixture) {
	p, q := NewPerson(t, f, f.org), NewPerson(t, f, f.org)
	a := custom(p, "Ana ")
	a.Type, a.Value, a.Norm, a.Source = idem.AliasPhone, "8 701 000", "+7701000", idem.SourceCabinet
	b := custom(p, "second")
	update(t, f, f.org, func(tx store.Tx) error {
		a.CreatedAt, b.CreatedAt = tx.Now().Add(time.Hour), tx.Now().Add(2*time.Hour)
		for _, x := range []idem.Alias{b, a} {
			if err := tx.Aliases().Insert(t.Context(), p.DataKey, x); err != nil {
				return err
			}
		}
		return nil
	})
	got := aliasesOf(t, f, f.org, p.ID)
	if len(got) != 3 || got[0].Type != idem.AliasSystemID {
		t.Fatalf("aliases %+v", got)
	}
	if diff := cmp.Diff([]idem.Alias{a, b}, got[1:]); diff != "" {
		t.Errorf("aliases differ (-want +got):\n%s", diff)
	}
	if both := aliasesOf(t, f, f.org, p.ID, q.ID, "nobody", "\x00"); len(both) != 4 {
		t.Errorf("%d aliases of two persons, want 4", len(both))
	}
	a.Value, a.Norm = "+7 702", "+7702"
	update(t, f, f.org, func(tx store.Tx) error {
		if err := tx.Aliases().Update(t.Context(), p.DataKey, a); err != nil {
			return err
		}
		return tx.Aliases().Delete(t.Context(), p.ID, b.ID)
	})
	view(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Aliases().Get(t.Context(), p.ID, a.ID)
		if diff := cmp.Diff(a, got); diff != "" {
			t.Errorf("updated alias differs (-want +got):\n%s", diff)
		}
		_, err2 := tx.Aliases().Get(t.Context(), p.ID, b.ID)
		want(t, err2, idem.ErrAliasNotFound)
		_, err2 = tx.Aliases().Get(t.Context(), q.ID, a.ID)
		want(t, err2, idem.ErrAliasNotFound)
		return err
	})
}

func testAliasRefusals(t *testing.T, f fixture) {
	p, q := NewPerson(t, f, f.org), NewPerson(t, f, f.org)
	a, b := addAlias(t, f, f.org, p, "one"), addAlias(t, f, f.org, q, "two")
	gone := NewPerson(t, f, f.org)
	gone.DeletedAt = gone.CreatedAt
	update(t, f, f.org, func(tx store.Tx) error { return tx.Persons().Save(t.Context(), gone) })
	b.Value, b.Norm = "one", "one"
	stranger := a
	stranger.ID = "unknown"
	stranger.Norm = "three"
	nul := custom(p, "a\x00b")
	for name, c := range map[string]struct {
		change func(store.Aliases) error
		want   error
	}{
		"taken by another":  {func(x store.Aliases) error { return x.Insert(t.Context(), q.DataKey, custom(q, "one")) }, idem.ErrAliasConflict},
		"own already":       {func(x store.Aliases) error { return x.Insert(t.Context(), p.DataKey, custom(p, "one")) }, idem.ErrAliasConflict},
		"nobody":            {func(x store.Aliases) error { return x.Insert(t.Context(), "k", custom(person(), "new")) }, idem.ErrPersonNotFound},
		"deleted person":    {func(x store.Aliases) error { return x.Insert(t.Context(), "k", custom(gone, "new")) }, idem.ErrPersonDeleted},
		"update to taken":   {func(x store.Aliases) error { return x.Update(t.Context(), q.DataKey, b) }, idem.ErrAliasConflict},
		"update to own":     {func(x store.Aliases) error { return x.Update(t.Context(), p.DataKey, a) }, nil},
		"update of unknown": {func(x store.Aliases) error { return x.Update(t.Context(), p.DataKey, stranger) }, idem.ErrAliasNotFound},
		"delete of unknown": {func(x store.Aliases) error { return x.Delete(t.Context(), p.ID, "unknown") }, idem.ErrAliasNotFound},
		"delete of another": {func(x store.Aliases) error { return x.Delete(t.Context(), q.ID, a.ID) }, idem.ErrAliasNotFound},
		"NUL":               {func(x store.Aliases) error { return x.Insert(t.Context(), p.DataKey, nul) }, idem.ErrAliasValue},
		"not UTF-8":         {func(x store.Aliases) error { return x.Insert(t.Context(), p.DataKey, custom(p, "\xff")) }, idem.ErrAliasValue},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, f.Update(t.Context(), f.org, func(tx store.Tx) error { return c.change(tx.Aliases()) }), c.want)
		})
	}
}

// lookalikes are values that a careless comparison takes for one another.
func lookalikes() []string {
	return []string{
		"ANA", "ana", "Ana", "Aná", "Ana\u0301", "Ana ", "Ana  ", " Ana", "Ana\t", "ＡＮＡ",
		"ID", "id", "İD", "ıd", "straße", "strasse", "STRASSE", "ß", "ss",
		"𐐀", "𐐨", "🙂", "🙃", "\U0010FFFF", "\u200b", "", "1", "01", "1.0", "１", "a-b", "ab", "a_b", "a%b", "'", "''", `\`,
		strings.Repeat("x", 255), strings.Repeat("x", 254),
	}
}

func testByteExact(t *testing.T, f fixture) {
	owners := map[string]idem.PersonID{}
	update(t, f, f.org, func(tx store.Tx) error {
		for _, value := range lookalikes() {
			p := person()
			owners[value] = p.ID
			if err := tx.Persons().Insert(t.Context(), p); err != nil {
				return err
			}
			if err := tx.Aliases().Insert(t.Context(), p.DataKey, custom(p, value)); err != nil {
				t.Errorf("%q: %v", value, err)
			}
		}
		return nil
	})
	for value, owner := range owners {
		if got := ownerOf(t, f, f.org, value); got != owner {
			t.Errorf("%q belongs to %q, want %q", value, got, owner)
		}
		if list := aliasesOf(t, f, f.org, owner); len(list) != 1 || list[0].Value != value || list[0].Norm != value {
			t.Errorf("%q came back as %+v", value, list)
		}
	}
}

func testSetLive(t *testing.T, f fixture) {
	p, q := NewPerson(t, f, f.org), NewPerson(t, f, f.org)
	addAlias(t, f, f.org, p, "number")
	setLive := func(live bool) error {
		return f.Update(t.Context(), f.org, func(tx store.Tx) error { return tx.Aliases().SetLive(t.Context(), p.ID, live) })
	}
	want(t, setLive(false), nil)
	if got := ownerOf(t, f, f.org, "number"); got != "" {
		t.Errorf("a freed alias belongs to %q", got)
	}
	checkFormer(t, f, "number", p.ID)
	if got := aliasesOf(t, f, f.org, p.ID); len(got) != 2 {
		t.Errorf("%d aliases of the deleted person, want 2", len(got))
	}
	query := store.PersonQuery{AliasNorms: map[idem.AliasType]string{idem.AliasCustom: "number"}}
	checkQuery(t, f, []idem.Person{p, q}, query, []int{0})
	taken := addAlias(t, f, f.org, q, "number")
	checkQuery(t, f, []idem.Person{p, q}, query, []int{1, 0})
	want(t, setLive(true), idem.ErrAliasConflict)
	checkFormer(t, f, "number", p.ID)
	update(t, f, f.org, func(tx store.Tx) error { return tx.Aliases().Delete(t.Context(), q.ID, taken.ID) })
	want(t, setLive(true), nil)
	want(t, setLive(true), nil)
	checkFormer(t, f, "number")
	if got := ownerOf(t, f, f.org, "number"); got != p.ID {
		t.Errorf("the reserved alias belongs to %q", got)
	}
	want(t, setLive(false), nil)
	update(t, f, f.org, func(tx store.Tx) error { return tx.Aliases().DeleteAll(t.Context(), p.ID) })
	checkFormer(t, f, "number")
	if got := aliasesOf(t, f, f.org, p.ID); len(got) != 1 || got[0].Type != idem.AliasSystemID {
		t.Errorf("aliases left: %+v", got)
	}
}

// checkFormer looks for the deleted persons that had an alias, asked for twice.
func checkFormer(t *testing.T, f fixture, value string, persons ...idem.PersonID) {
	t.Helper()
	key := store.AliasKey{Type: idem.AliasCustom, Norm: value}
	other := NewOrganisation(t, f)
	view(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Aliases().FormerOwners(t.Context(), []store.AliasKey{key, {Type: idem.AliasPhone, Norm: value}, key})
		if !slices.Equal(got, persons) || err != nil {
			t.Errorf("former owners %v, %v, want %v", got, err, persons)
		}
		return nil
	})
	view(t, f, other, func(tx store.Tx) error {
		got, err := tx.Aliases().FormerOwners(t.Context(), []store.AliasKey{key})
		if len(got) != 0 || err != nil {
			t.Errorf("another organisation sees %v, %v", got, err)
		}
		return nil
	})
}

func testErasedAliases(t *testing.T, f fixture) {
	p, q := NewPerson(t, f, f.org), NewPerson(t, f, f.org)
	a := addAlias(t, f, f.org, p, "personal")
	addAlias(t, f, f.org, q, "stays")
	f.keys.Destroy(p.DataKey)
	got := aliasesOf(t, f, f.org, p.ID, q.ID)
	types := map[idem.PersonID][]string{}
	for _, x := range got {
		types[x.Person] = append(types[x.Person], x.Value)
	}
	if diff := cmp.Diff(map[idem.PersonID][]string{p.ID: {string(p.ID)}, q.ID: {string(q.ID), "stays"}}, types); diff != "" {
		t.Errorf("aliases behind an erasure (-want +got):\n%s", diff)
	}
	want(t, f.View(t.Context(), f.org, func(tx store.Tx) error {
		_, err := tx.Aliases().Get(t.Context(), p.ID, a.ID)
		return err
	}), idem.ErrAliasNotFound)
}

func testOwners(t *testing.T, f fixture) {
	p, q := NewPerson(t, f, f.org), NewPerson(t, f, f.org)
	expected := map[store.AliasKey]idem.PersonID{
		{Type: idem.AliasCustom, Norm: "p0"}:             p.ID,
		{Type: idem.AliasCustom, Norm: "q0"}:             q.ID,
		{Type: idem.AliasSystemID, Norm: string(p.ID)}:   p.ID,
		{Type: idem.AliasDocumentNumber, Norm: "unused"}: "",
	}
	addAlias(t, f, f.org, p, "p0")
	addAlias(t, f, f.org, q, "q0")
	for i := range 300 {
		expected[store.AliasKey{Type: idem.AliasPhone, Norm: strings.Repeat("7", i)}] = ""
	}
	var keys []store.AliasKey
	for k := range expected {
		keys = append(keys, k)
	}
	keys = append(keys, store.AliasKey{Type: idem.AliasCustom, Norm: "\x00"})
	view(t, f, f.org, func(tx store.Tx) error {
		owners, err := tx.Aliases().Owners(t.Context(), keys)
		for k, owner := range expected {
			if owners[k] != owner {
				t.Errorf("%v belongs to %q, want %q", k, owners[k], owner)
			}
		}
		if len(owners) != 3 {
			t.Errorf("%d owners, want 3", len(owners))
		}
		none, err2 := tx.Aliases().Owners(t.Context(), nil)
		if len(none) != 0 || err2 != nil {
			t.Errorf("owners of nothing: %v, %v", none, err2)
		}
		return err
	})
}
