package storetest

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// tally counts the outcomes of a race: what won, what lost as it should, and
// reports everything else.
func tally(t *testing.T, errs []error, refusal error) (won int) {
	t.Helper()
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, refusal):
			t.Errorf("a loser got %v, want %v", err, refusal)
		}
	}
	return won
}

func testAliasRace(t *testing.T, f fixture) { raceForAlias(t, f, f.Store, f.Store) }

func testAliasRaceTwice(t *testing.T, f fixture) { raceForAlias(t, f, f.Store, f.another(t)) }

func raceForAlias(t *testing.T, f fixture, a, b store.Store) {
	stores := []store.Store{a, b}
	people := make([]idem.Person, 64)
	for i := range people {
		people[i] = NewPerson(t, f, f.org)
	}
	for round := range 3 {
		value := fmt.Sprintf("wanted %d", round)
		won := tally(t, parallel(64, func(i int) error {
			return stores[i%2].Update(t.Context(), f.org, func(tx store.Tx) error {
				return tx.Aliases().Insert(t.Context(), people[i].DataKey, custom(people[i], value))
			})
		}), idem.ErrAliasConflict)
		if won != 1 {
			t.Errorf("%d of 64 got the alias, want 1", won)
		}
		if ownerOf(t, f, f.org, value) == "" {
			t.Error("nobody owns the alias")
		}
	}
}

func testAliasUpdateRace(t *testing.T, f fixture) {
	stores := []store.Store{f.Store, f.another(t)}
	people, own := make([]idem.Person, 16), make([]idem.Alias, 16)
	for i := range people {
		people[i] = NewPerson(t, f, f.org)
		own[i] = addAlias(t, f, f.org, people[i], fmt.Sprintf("own %d", i))
		own[i].Value, own[i].Norm = "wanted", "wanted"
	}
	won := tally(t, parallel(16, func(i int) error {
		return stores[i%2].Update(t.Context(), f.org, func(tx store.Tx) error {
			return tx.Aliases().Update(t.Context(), people[i].DataKey, own[i])
		})
	}), idem.ErrAliasConflict)
	if won != 1 {
		t.Errorf("%d of 16 changed their alias to the same value, want 1", won)
	}
}

func testAliasRestoreRace(t *testing.T, f fixture) {
	stores := []store.Store{f.Store, f.another(t)}
	people := make([]idem.Person, 16)
	for i := range people {
		people[i] = NewPerson(t, f, f.org)
		addAlias(t, f, f.org, people[i], "shared")
		update(t, f, f.org, func(tx store.Tx) error { return tx.Aliases().SetLive(t.Context(), people[i].ID, false) })
	}
	won := tally(t, parallel(16, func(i int) error {
		return stores[i%2].Update(t.Context(), f.org, func(tx store.Tx) error {
			return tx.Aliases().SetLive(t.Context(), people[i].ID, true)
		})
	}), idem.ErrAliasConflict)
	if won != 1 {
		t.Errorf("%d of 16 were restored with one alias, want 1", won)
	}
}

// testAliasCrossing takes pairs of values in opposite orders, which locks
// crosswise: every update must end in a win or in a conflict.
func testAliasCrossing(t *testing.T, f fixture) {
	stores := []store.Store{f.Store, f.another(t)}
	p := []idem.Person{NewPerson(t, f, f.org), NewPerson(t, f, f.org)}
	for round := range 4 {
		values := []string{fmt.Sprintf("left %d", round), fmt.Sprintf("right %d", round)}
		won := tally(t, parallel(2, func(i int) error {
			return stores[i].Update(t.Context(), f.org, func(tx store.Tx) error {
				for n := range values {
					if err := tx.Aliases().Insert(t.Context(), p[i].DataKey, custom(p[i], values[(n+i)%2])); err != nil {
						return err
					}
				}
				return nil
			})
		}), idem.ErrAliasConflict)
		if won != 1 {
			t.Errorf("round %d: %d updates won, want 1", round, won)
		}
	}
}

// testAliasModel compares random changes with a map that obeys the rules.
func testAliasModel(t *testing.T, f fixture) {
	rapid.Check(t, func(r *rapid.T) {
		org := NewOrganisation(t, f)
		people := []idem.Person{NewPerson(t, f, org), NewPerson(t, f, org), NewPerson(t, f, org)}
		live := []bool{true, true, true}
		held := []map[string]idem.AliasID{{}, {}, {}}
		owner := func(value string) int {
			for i := range held {
				if _, ok := held[i][value]; ok && live[i] {
					return i
				}
			}
			return -1
		}
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			i := rapid.IntRange(0, 2).Draw(r, "person")
			value := rapid.SampledFrom([]string{"a", "A", "b"}).Draw(r, "value")
			switch rapid.SampledFrom([]string{"add", "remove", "free", "reserve"}).Draw(r, "step") {
			case "add":
				if !live[i] {
					continue
				}
				a, free := custom(people[i], value), owner(value) < 0
				err := f.Update(t.Context(), org, func(tx store.Tx) error { return tx.Aliases().Insert(t.Context(), people[i].DataKey, a) })
				if free != (err == nil) {
					r.Fatalf("add %q: %v, free %v", value, err, free)
				}
				if free {
					held[i][value] = a.ID
				}
			case "remove":
				id, have := held[i][value]
				err := f.Update(t.Context(), org, func(tx store.Tx) error { return tx.Aliases().Delete(t.Context(), people[i].ID, id) })
				if have != (err == nil) {
					r.Fatalf("remove %q: %v, had it %v", value, err, have)
				}
				delete(held[i], value)
			case "free":
				update(t, f, org, func(tx store.Tx) error { return tx.Aliases().SetLive(t.Context(), people[i].ID, false) })
				live[i] = false
			case "reserve":
				free := true
				for value := range held[i] {
					free = free && (live[i] || owner(value) < 0)
				}
				err := f.Update(t.Context(), org, func(tx store.Tx) error { return tx.Aliases().SetLive(t.Context(), people[i].ID, true) })
				if free != (err == nil) {
					r.Fatalf("reserve: %v, free %v", err, free)
				}
				live[i] = live[i] || free
			}
			if i := owner(value); i >= 0 && ownerOf(t, f, org, value) != people[i].ID {
				r.Fatalf("%q should belong to person %d", value, i)
			} else if i < 0 && ownerOf(t, f, org, value) != "" {
				r.Fatalf("%q should belong to nobody", value)
			}
		}
	})
}
