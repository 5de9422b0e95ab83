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

// aliasModel is what the aliases of three persons should be.
type aliasModel struct {
	f      fixture
	org    idem.OrgID
	people [3]idem.Person
	live   [3]bool
	held   [3]map[string]idem.AliasID
}

func newAliasModel(t *testing.T, f fixture) *aliasModel {
	m := &aliasModel{f: f, org: NewOrganisation(t, f)}
	for i := range m.people {
		m.people[i], m.live[i], m.held[i] = NewPerson(t, f, m.org), true, map[string]idem.AliasID{}
	}
	return m
}

// owner returns the live holder of a value, -1 for nobody.
func (m *aliasModel) owner(value string) int {
	for i := range m.held {
		if _, ok := m.held[i][value]; ok && m.live[i] {
			return i
		}
	}
	return -1
}

// update runs a change and fails unless it is accepted exactly when it should.
func (m *aliasModel) update(t *testing.T, r *rapid.T, accept bool, change func(store.Aliases) error) {
	err := m.f.Update(t.Context(), m.org, func(tx store.Tx) error { return change(tx.Aliases()) })
	if accept != (err == nil) {
		r.Fatalf("%v, should be accepted: %v", err, accept)
	}
}

func (m *aliasModel) add(t *testing.T, r *rapid.T, i int, value string) {
	a, accept := custom(m.people[i], value), m.live[i] && m.owner(value) < 0
	if accept {
		m.held[i][value] = a.ID
	}
	// A deleted person must be deleted in its row as well.
	if m.live[i] {
		m.update(t, r, accept, func(x store.Aliases) error { return x.Insert(t.Context(), m.people[i].DataKey, a) })
	}
}

func (m *aliasModel) remove(t *testing.T, r *rapid.T, i int, value string) {
	id, have := m.held[i][value]
	delete(m.held[i], value)
	m.update(t, r, have, func(x store.Aliases) error { return x.Delete(t.Context(), m.people[i].ID, id) })
}

func (m *aliasModel) free(t *testing.T, r *rapid.T, i int, _ string) {
	m.live[i] = false
	m.update(t, r, true, func(x store.Aliases) error { return x.SetLive(t.Context(), m.people[i].ID, false) })
}

func (m *aliasModel) reserve(t *testing.T, r *rapid.T, i int, _ string) {
	accept := true
	for value := range m.held[i] {
		accept = accept && (m.live[i] || m.owner(value) < 0)
	}
	m.live[i] = m.live[i] || accept
	m.update(t, r, accept, func(x store.Aliases) error { return x.SetLive(t.Context(), m.people[i].ID, true) })
}

func (m *aliasModel) check(t *testing.T, r *rapid.T, value string) {
	var want idem.PersonID
	if i := m.owner(value); i >= 0 {
		want = m.people[i].ID
	}
	if got := ownerOf(t, m.f, m.org, value); got != want {
		r.Fatalf("%q belongs to %q, want %q", value, got, want)
	}
}

// testAliasModel compares random changes with a model that obeys the rules.
func testAliasModel(t *testing.T, f fixture) {
	rapid.Check(t, func(r *rapid.T) {
		m := newAliasModel(t, f)
		steps := []func(*testing.T, *rapid.T, int, string){m.add, m.remove, m.free, m.reserve}
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			i := rapid.IntRange(0, 2).Draw(r, "person")
			value := rapid.SampledFrom([]string{"a", "A", "b"}).Draw(r, "value")
			steps[rapid.IntRange(0, 3).Draw(r, "step")](t, r, i, value)
			m.check(t, r, value)
		}
	})
}
