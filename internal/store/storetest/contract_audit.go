package storetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/chain"
)

// auditOf returns the whole audit, oldest first, and fails the test unless
// positions are gapless and every hash is right.
func auditOf(t testing.TB, s store.Store, org idem.OrgID) (all []idem.Action) {
	t.Helper()
	view(t, s, org, func(tx store.Tx) error {
		for {
			part, err := tx.Actions().Chain(t.Context(), int64(len(all)), 7)
			if err != nil || len(part) == 0 {
				return err
			}
			all = append(all, part...)
		}
	})
	var prev [32]byte
	for i, a := range all {
		hash, err := chain.Action(org, a)
		if err != nil || a.Seq != int64(i+1) || a.PrevHash != prev || a.Hash != hash {
			t.Fatalf("action %d at %d does not chain: %v", a.Seq, i+1, err)
		}
		prev = hash
	}
	return all
}

func testActions(t *testing.T, f fixture) {
	a := idem.Action{Person: "p1", Type: idem.ActionAliasAdded, Actor: idem.Actor{Source: idem.SourceAPI, Credential: "c1"},
		Details: map[string]any{"alias": "***1234", "count": 1 << 60, "ratio": 0.1, "flags": []string{"<a>", "\u2028"}, "none": nil, "bad": "\xff"}}
	b := idem.Action{Person: "p2", Type: idem.ActionPersonErased, Actor: idem.Actor{Source: idem.SourceCabinet, Operator: "o1", Session: "s1"}}
	var at time.Time
	update(t, f, f.org, func(tx store.Tx) error {
		at = tx.Now()
		if err := tx.Actions().Append(t.Context(), a, b); err != nil {
			return err
		}
		if err := tx.Actions().Append(t.Context()); err != nil {
			return err
		}
		return tx.Actions().Append(t.Context(), b)
	})
	all := auditOf(t, f, f.org)
	if len(all) != 3 {
		t.Fatalf("%d actions, want 3", len(all))
	}
	if !all[0].At.Equal(at) || all[0].Details["count"] != json.Number("1152921504606846976") || all[0].Details["bad"] != "\ufffd" {
		t.Errorf("action came back as %+v", all[0])
	}
	got := all[1]
	got.Seq, got.At, got.PrevHash, got.Hash = 0, time.Time{}, [32]byte{}, [32]byte{}
	if diff := cmp.Diff(b, got); diff != "" {
		t.Errorf("action differs (-want +got):\n%s", diff)
	}
	want(t, f.Update(t.Context(), "elsewhere", func(tx store.Tx) error { return tx.Actions().Append(t.Context(), a) }), store.ErrOrganisationNotFound)
	if err := f.Update(t.Context(), f.org, func(tx store.Tx) error {
		return tx.Actions().Append(t.Context(), idem.Action{Details: map[string]any{"f": func() {}}})
	}); err == nil {
		t.Error("details that JSON cannot hold were accepted")
	}
	if n := len(auditOf(t, f, f.org)); n != 3 {
		t.Errorf("%d actions behind refusals, want 3", n)
	}
}

func testActionQueries(t *testing.T, f fixture) {
	base := time.Now()
	for i := range 12 {
		a := idem.Action{Person: idem.PersonID([]string{"p", "q", "P"}[i%3]), Type: idem.ActionPersonCreated,
			Actor: idem.Actor{Source: idem.SourceAPI}}
		if i%4 == 0 {
			a.Type, a.Actor = idem.ActionPersonDeleted, idem.Actor{Source: idem.SourceCabinet, Operator: "o"}
		}
		update(t, f, f.org, func(tx store.Tx) error { return tx.Actions().Append(t.Context(), a) })
	}
	all := auditOf(t, f, f.org)
	for name, c := range map[string]struct {
		q    store.ActionQuery
		want int
	}{
		"all": {store.ActionQuery{}, 12}, "person": {store.ActionQuery{Person: "p"}, 4}, "type": {store.ActionQuery{Type: idem.ActionPersonDeleted}, 3},
		"source": {store.ActionQuery{Source: idem.SourceCabinet}, 3}, "operator": {store.ActionQuery{Operator: "o"}, 3},
		"from": {store.ActionQuery{From: base.Add(-time.Minute)}, 12}, "to": {store.ActionQuery{To: base.Add(-time.Minute)}, 0},
		"both": {store.ActionQuery{Person: "q", Type: idem.ActionPersonDeleted}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			view(t, f, f.org, func(tx store.Tx) error {
				var got []idem.Action
				page := store.Page{Limit: 2}
				for more := true; more; more = page.After != "" {
					part, next, err := tx.Actions().List(t.Context(), c.q, page)
					if err != nil {
						return err
					}
					got, page.After = append(got, part...), next
				}
				for i, a := range got {
					if i > 0 && a.Seq >= got[i-1].Seq || cmp.Diff(all[a.Seq-1], a) != "" {
						t.Errorf("action %d is out of order or differs", a.Seq)
					}
				}
				if len(got) != c.want {
					t.Errorf("%d actions, want %d", len(got), c.want)
				}
				return nil
			})
		})
	}
}

func testActionRace(t *testing.T, f fixture) {
	stores := []store.Store{f.Store, f.another(t)}
	won := tally(t, parallel(40, func(i int) error {
		return stores[i%2].Update(t.Context(), f.org, func(tx store.Tx) error {
			return tx.Actions().Append(t.Context(), idem.Action{Person: "a"}, idem.Action{Person: "b"})
		})
	}), nil)
	if all := auditOf(t, f, f.org); won != 40 || len(all) != 80 {
		t.Errorf("%d updates won, %d actions", won, len(all))
	}
}
