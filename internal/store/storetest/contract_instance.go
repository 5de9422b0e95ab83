package storetest

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/chain"
)

// instanceOf returns the whole audit of the instance, oldest first, and fails
// the test unless positions are gapless and every hash is right.
func instanceOf(t testing.TB, s store.Store) (all []idem.InstanceAction) {
	t.Helper()
	for {
		part, err := s.System().InstanceActions(t.Context(), int64(len(all)), 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(part) == 0 {
			break
		}
		all = append(all, part...)
	}
	var prev [32]byte
	for i, a := range all {
		hash, err := chain.Instance(a)
		if err != nil || a.Seq != int64(i+1) || a.PrevHash != prev || a.Hash != hash {
			t.Fatalf("action %d at %d does not chain: %v", a.Seq, i+1, err)
		}
		prev = hash
	}
	return all
}

func testInstance(t *testing.T, f fixture) {
	key := idem.InstanceAction{Type: idem.ActionKeyCreated, Actor: idem.Actor{Source: idem.SourceCabinet, Operator: "o1"},
		Details: map[string]any{"key": "k", "permissions": []any{"persons.read"}, "n": json.Number("7")}}
	trust := idem.InstanceAction{Type: idem.ActionTrustImported, Account: "ann"}
	if err := f.System().Record(t.Context(), trust, trust); err != nil {
		t.Fatal(err)
	}
	update(t, f, f.org, func(tx store.Tx) error {
		return errors.Join(tx.Instance().Append(t.Context(), key), tx.Instance().Append(t.Context()))
	})
	all := instanceOf(t, f)
	if len(all) != 3 {
		t.Fatalf("%d actions, want 3", len(all))
	}
	key.Org = f.org
	for i, want := range []idem.InstanceAction{trust, trust, key} {
		got := all[i]
		if time.Since(got.At).Abs() > time.Hour {
			t.Errorf("action %d is of %v", i, got.At)
		}
		got.Seq, got.At, got.PrevHash, got.Hash = 0, time.Time{}, [32]byte{}, [32]byte{}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("action %d differs (-want +got):\n%s", i, diff)
		}
	}
	lost := errors.New("lost")
	want(t, f.Update(t.Context(), f.org, func(tx store.Tx) error { return errors.Join(tx.Instance().Append(t.Context(), key), lost) }), lost)
	want(t, f.View(t.Context(), f.org, func(tx store.Tx) error { return tx.Instance().Append(t.Context(), key) }), store.ErrReadOnly)
	if err := f.System().Record(t.Context(), idem.InstanceAction{Details: map[string]any{"f": func() {}}}); err == nil {
		t.Error("details that JSON cannot hold were accepted")
	}
	if n := len(instanceOf(t, f)); n != 3 {
		t.Errorf("%d actions behind refusals, want 3", n)
	}
}

func testInstanceRace(t *testing.T, f fixture) {
	stores := []store.Store{f.Store, f.another(t)}
	orgs := []idem.OrgID{f.org, NewOrganisation(t, f), ""}
	won := tally(t, parallel(30, func(i int) error {
		return stores[i%2].Update(t.Context(), orgs[i%3], func(tx store.Tx) error {
			return tx.Instance().Append(t.Context(), idem.InstanceAction{Type: idem.ActionKeyCreated}, idem.InstanceAction{Type: idem.ActionKeyRevoked})
		})
	}), nil)
	if all := instanceOf(t, f); won != 30 || len(all) != 60 {
		t.Errorf("%d updates won, %d actions", won, len(all))
	}
}
