package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

func testPersons(t *testing.T, f fixture) {
	p := person()
	at := time.Date(2026, 2, 3, 4, 5, 6, 789000, time.UTC)
	p.CreatedAt, p.UpdatedAt, p.CreatedSource = at, at, idem.SourceFlow
	update(t, f, f.org, func(tx store.Tx) error { return tx.Persons().Insert(t.Context(), p) })
	update(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Persons().GetForUpdate(t.Context(), p.ID)
		if diff := cmp.Diff(p, got); diff != "" {
			t.Errorf("person differs (-want +got):\n%s", diff)
		}
		return err
	})
	p.Verified, p.Version, p.DataKey = true, 2, "another key"
	p.UpdatedAt, p.DeletedAt, p.ErasedAt = at.Add(1), at.Add(2*time.Hour), at.Add(3*time.Hour)
	p.UpdatedAt = p.UpdatedAt.Truncate(time.Microsecond)
	update(t, f, f.org, func(tx store.Tx) error { return tx.Persons().Save(t.Context(), p) })
	view(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Persons().Get(t.Context(), p.ID)
		if diff := cmp.Diff(p, got); diff != "" {
			t.Errorf("saved person differs (-want +got):\n%s", diff)
		}
		_, missing := tx.Persons().Get(t.Context(), "nobody")
		want(t, missing, idem.ErrPersonNotFound)
		return err
	})
	want(t, f.Update(t.Context(), f.org, func(tx store.Tx) error { return tx.Persons().Save(t.Context(), person()) }), idem.ErrPersonNotFound)
	want(t, f.Update(t.Context(), f.org, func(tx store.Tx) error { return tx.Persons().Insert(t.Context(), p) }), store.ErrDuplicateRow)
}

// crowd makes six persons, a second apart, of which the fifth is deleted and
// the sixth erased.
func crowd(t *testing.T, f fixture) []idem.Person {
	base := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	people := make([]idem.Person, 6)
	update(t, f, f.org, func(tx store.Tx) error {
		for i := range people {
			p := person()
			p.CreatedAt = base.Add(time.Duration(i) * time.Second)
			p.UpdatedAt = base.Add(time.Hour - time.Duration(i)*time.Second)
			if i >= 4 {
				p.DeletedAt = base.Add(time.Hour)
			}
			if i == 5 {
				p.ErasedAt = base.Add(time.Hour)
			}
			p.Verified = i%2 == 0
			if i == 1 {
				p.CreatedSource = idem.SourceCabinet
			}
			people[i] = p
			if err := tx.Persons().Insert(t.Context(), p); err != nil {
				return err
			}
		}
		if err := tx.Photos().Insert(t.Context(), photo(people[0], idem.PhotoScan)); err != nil {
			return err
		}
		for i, value := range []string{"first", "second"} {
			if err := tx.Aliases().Insert(t.Context(), people[i].DataKey, custom(people[i], value)); err != nil {
				return err
			}
		}
		return nil
	})
	return people
}

func testPersonQueries(t *testing.T, f fixture) {
	people := crowd(t, f)
	yes, no := true, false
	base := people[0].CreatedAt
	cases := map[string]struct {
		q    store.PersonQuery
		want []int
	}{
		"live, newest first": {store.PersonQuery{}, []int{3, 2, 1, 0}},
		"oldest first":       {store.PersonQuery{OldestFirst: true}, []int{0, 1, 2, 3}},
		"by update":          {store.PersonQuery{ByUpdateTime: true}, []int{0, 1, 2, 3}},
		"by update, oldest":  {store.PersonQuery{ByUpdateTime: true, OldestFirst: true}, []int{3, 2, 1, 0}},
		"deleted":            {store.PersonQuery{State: store.StateDeleted}, []int{5, 4}},
		"all":                {store.PersonQuery{State: store.StateAll}, []int{5, 4, 3, 2, 1, 0}},
		"verified":           {store.PersonQuery{Verified: &yes}, []int{2, 0}},
		"not verified":       {store.PersonQuery{Verified: &no}, []int{3, 1}},
		"source":             {store.PersonQuery{Source: idem.SourceCabinet}, []int{1}},
		"created":            {store.PersonQuery{CreatedFrom: base.Add(time.Second), CreatedTo: base.Add(3 * time.Second)}, []int{2, 1}},
		"updated":            {store.PersonQuery{UpdatedFrom: base.Add(time.Hour - 2*time.Second), UpdatedTo: base.Add(time.Hour)}, []int{2, 1}},
		"with photo":         {store.PersonQuery{HasPhoto: &yes}, []int{0}},
		"without photo":      {store.PersonQuery{HasPhoto: &no}, []int{3, 2, 1}},
		"photo type":         {store.PersonQuery{PhotoType: idem.PhotoScan}, []int{0}},
		"other photo type":   {store.PersonQuery{PhotoType: idem.PhotoLive}, nil},
		"alias type":         {store.PersonQuery{AliasType: idem.AliasCustom}, []int{1, 0}},
		"alias norm":         {store.PersonQuery{AliasNorms: map[idem.AliasType]string{idem.AliasCustom: "second", idem.AliasPhone: "second"}}, []int{1}},
		"unknown norm":       {store.PersonQuery{AliasNorms: map[idem.AliasType]string{idem.AliasPhone: "second"}}, nil},
		"norm with NUL":      {store.PersonQuery{AliasNorms: map[idem.AliasType]string{idem.AliasCustom: "second\x00"}}, nil},
		"ids":                {store.PersonQuery{IDs: []idem.PersonID{people[2].ID, people[0].ID, people[5].ID, "x", "a\x00"}}, []int{2, 0}},
		"no ids":             {store.PersonQuery{IDs: []idem.PersonID{}}, nil},
		"both":               {store.PersonQuery{Verified: &yes, HasPhoto: &no}, []int{2}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { checkQuery(t, f, people, c.q, c.want) })
	}
}

func checkQuery(t *testing.T, f fixture, people []idem.Person, q store.PersonQuery, want []int) {
	view(t, f, f.org, func(tx store.Tx) error {
		found, next, err := tx.Persons().List(t.Context(), q, store.Page{Limit: 100})
		if err != nil {
			return err
		}
		var got []int
		for _, p := range found {
			got = append(got, slices.IndexFunc(people, func(o idem.Person) bool { return o.ID == p.ID }))
		}
		if !slices.Equal(got, want) || next != "" {
			t.Errorf("found %v (next %q), want %v", got, next, want)
		}
		n, err := tx.Persons().Count(t.Context(), q)
		if n != int64(len(want)) {
			t.Errorf("counted %d, want %d", n, len(want))
		}
		return err
	})
}

func testPersonPages(t *testing.T, f fixture) {
	at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	update(t, f, f.org, func(tx store.Tx) error {
		for i := range 23 {
			p := person()
			p.CreatedAt, p.UpdatedAt = at.Add(time.Duration(i/4)*time.Second), at.Add(-time.Duration(i/3)*time.Second)
			if err := tx.Persons().Insert(t.Context(), p); err != nil {
				return err
			}
		}
		return nil
	})
	for _, q := range []store.PersonQuery{{}, {OldestFirst: true}, {ByUpdateTime: true}, {ByUpdateTime: true, OldestFirst: true}} {
		for _, limit := range []int{1, 4, 23, 24} {
			t.Run(fmt.Sprintf("%v %v %d", q.OldestFirst, q.ByUpdateTime, limit), func(t *testing.T) { checkPages(t, f, q, limit) })
		}
	}
}

// checkPages compares what the pages give together with the list as a whole.
func checkPages(t *testing.T, f fixture, q store.PersonQuery, limit int) {
	view(t, f, f.org, func(tx store.Tx) error {
		whole, _, err := tx.Persons().List(t.Context(), q, store.Page{Limit: 1000})
		if err != nil {
			return err
		}
		var parts []idem.Person
		page := store.Page{Limit: limit}
		for more := true; more; more = page.After != "" {
			part, next, err := tx.Persons().List(t.Context(), q, page)
			if err != nil {
				return err
			}
			if len(part) > limit || len(part) == 0 {
				t.Fatalf("a page of %d rows, limit %d", len(part), limit)
			}
			parts, page.After = append(parts, part...), next
		}
		if diff := cmp.Diff(whole, parts); diff != "" || len(whole) != 23 {
			t.Errorf("pages differ from the whole of %d (-want +got):\n%s", len(whole), diff)
		}
		return nil
	})
}

func testPageRefusals(t *testing.T, f fixture) {
	view(t, f, f.org, func(tx store.Tx) error {
		for _, limit := range []int{-1, 0, 1001} {
			_, _, err := tx.Persons().List(t.Context(), store.PersonQuery{}, store.Page{Limit: limit})
			want(t, err, store.ErrPageSize)
			_, _, err = tx.Actions().List(t.Context(), store.ActionQuery{}, store.Page{Limit: limit})
			want(t, err, store.ErrPageSize)
		}
		for _, after := range []string{"?", "AAAA", "MQ", "IS4uLg", "MS4AAA"} {
			_, _, err := tx.Persons().List(t.Context(), store.PersonQuery{}, store.Page{After: after, Limit: 5})
			want(t, err, store.ErrCursor)
		}
		return nil
	})
}

func testPersonLock(t *testing.T, f fixture) {
	p := NewPerson(t, f, f.org)
	stores := []store.Store{f.Store, f.another(t)}
	for _, err := range parallel(24, func(i int) error {
		return stores[i%2].Update(t.Context(), f.org, func(tx store.Tx) error {
			p, err := tx.Persons().GetForUpdate(t.Context(), p.ID)
			if err != nil {
				return err
			}
			p.Version++
			return tx.Persons().Save(t.Context(), p)
		})
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	view(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Persons().Get(t.Context(), p.ID)
		if got.Version != 25 {
			t.Errorf("version %d behind 24 changes, want 25", got.Version)
		}
		return err
	})
}
