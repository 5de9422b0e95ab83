package audit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/audit"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/chain"
	"github.com/idem-id/idem/internal/store/storetest"
)

// tampered is a store whose actions somebody with access to the disk changed.
type tampered struct {
	store.Store
	change func([]idem.Action) []idem.Action
}

type tamperedTx struct {
	store.Tx
	change func([]idem.Action) []idem.Action
}

type tamperedActions struct {
	store.Actions
	change func([]idem.Action) []idem.Action
}

func (s tampered) View(ctx context.Context, org idem.OrgID, f func(store.Tx) error) error {
	return s.Store.View(ctx, org, func(tx store.Tx) error { return f(tamperedTx{tx, s.change}) })
}

func (t tamperedTx) Actions() store.Actions { return tamperedActions{t.Tx.Actions(), t.change} }

func (a tamperedActions) Chain(ctx context.Context, after int64, limit int) ([]idem.Action, error) {
	all, err := a.Actions.Chain(ctx, 0, limit)
	all = slices.DeleteFunc(a.change(all), func(x idem.Action) bool { return x.Seq <= after })
	return all, err
}

func fill(t *testing.T, s store.Store, org idem.OrgID, n int) idem.Person {
	p := storetest.NewPerson(t, s, org)
	for i := range n {
		err := s.Update(t.Context(), org, func(tx store.Tx) error {
			return tx.Actions().Append(t.Context(), idem.Action{Person: p.ID, Type: idem.ActionVerificationChanged,
				Actor: idem.Actor{Source: idem.SourceAPI}, Details: map[string]any{"new": i%2 == 0, "n": i, "text": "ä<>&"}})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestVerify(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		org := storetest.NewOrganisation(t, s)
		empty, err := audit.Verify(t.Context(), s, org)
		if err != nil || empty != (audit.Report{}) {
			t.Errorf("an empty audit: %+v, %v", empty, err)
		}
		fill(t, s, org, 5)
		early, err := audit.Verify(t.Context(), s, org)
		if err != nil || early.Actions != 5 || early.Seq != 5 || early.Hash == ([32]byte{}) {
			t.Fatalf("report %+v, %v", early, err)
		}
		fill(t, s, org, 3)
		late, err := audit.VerifyFrom(t.Context(), s, org, early)
		if err != nil || late.Actions != 8 {
			t.Errorf("report %+v, %v", late, err)
		}
	})
}

func TestVerifyWalksSeveralPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		org := storetest.NewOrganisation(t, s)
		p := storetest.NewPerson(t, s, org)
		err := s.Update(t.Context(), org, func(tx store.Tx) error {
			many := make([]idem.Action, 2500)
			for i := range many {
				many[i] = idem.Action{Person: p.ID, Type: idem.ActionAliasAdded, Actor: idem.Actor{Source: idem.SourceAPI}}
			}
			return tx.Actions().Append(t.Context(), many...)
		})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := audit.Verify(t.Context(), s, org); err != nil || r.Actions != 2500 {
			t.Errorf("report %+v, %v", r, err)
		}
	})
}

func TestVerifyFindsEveryChange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		org := storetest.NewOrganisation(t, s)
		fill(t, s, org, 6)
		kept, err := audit.Verify(t.Context(), s, org)
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			change func([]idem.Action) []idem.Action
			seq    int64
			reason string
		}{
			"removed":  {func(a []idem.Action) []idem.Action { return slices.Delete(a, 2, 3) }, 3, audit.ReasonPosition},
			"doubled":  {func(a []idem.Action) []idem.Action { return slices.Insert(a, 2, a[1]) }, 3, audit.ReasonPosition},
			"person":   {edit(3, func(a *idem.Action) { a.Person = "another" }), 4, audit.ReasonHash},
			"operator": {edit(3, func(a *idem.Action) { a.Actor.Operator = "another" }), 4, audit.ReasonHash},
			"time":     {edit(3, func(a *idem.Action) { a.At = a.At.Add(1000) }), 4, audit.ReasonHash},
			"details":  {edit(3, func(a *idem.Action) { a.Details = map[string]any{"new": true} }), 4, audit.ReasonHash},
			"rehashed": {edit(3, func(a *idem.Action) {
				a.Type = idem.ActionPersonDeleted
				a.Hash, _ = chain.Action(org, *a)
			}), 5, audit.ReasonLink},
		} {
			r, err := audit.Verify(t.Context(), tampered{s, c.change}, org)
			e := (*idem.Error)(nil)
			if !errors.As(err, &e) || !errors.Is(err, audit.ErrBroken) || e.Details["seq"] != c.seq || e.Details["reason"] != c.reason || r.Seq != c.seq-1 {
				t.Errorf("%s: %v %v, report %+v", name, err, fmt.Sprint(e), r)
			}
		}
		short := tampered{s, func(a []idem.Action) []idem.Action { return a[:4] }}
		if _, err := audit.Verify(t.Context(), short, org); err != nil {
			t.Errorf("a cut end shows only against an earlier report: %v", err)
		}
		if _, err := audit.VerifyFrom(t.Context(), short, org, kept); !errors.Is(err, audit.ErrBroken) {
			t.Errorf("a cut end against an earlier report: %v", err)
		}
		rewritten := tampered{s, rewrite(org)}
		if _, err := audit.Verify(t.Context(), rewritten, org); err != nil {
			t.Errorf("a wholly rewritten chain holds in itself: %v", err)
		}
		if _, err := audit.VerifyFrom(t.Context(), rewritten, org, kept); !errors.Is(err, audit.ErrBroken) {
			t.Errorf("a rewritten chain against an earlier report: %v", err)
		}
	})
}

func edit(i int, f func(*idem.Action)) func([]idem.Action) []idem.Action {
	return func(a []idem.Action) []idem.Action {
		f(&a[i])
		return a
	}
}

// rewrite changes the first action and chains all others behind it anew.
func rewrite(org idem.OrgID) func([]idem.Action) []idem.Action {
	return func(all []idem.Action) []idem.Action {
		var prev [32]byte
		for i := range all {
			if i == 0 {
				all[i].Type = idem.ActionPersonDeleted
			}
			all[i].PrevHash = prev
			all[i].Hash, _ = chain.Action(org, all[i])
			prev = all[i].Hash
		}
		return all
	}
}

// instanceTampered is a store whose instance's audit somebody changed.
type instanceTampered struct {
	store.Store
	change func([]idem.InstanceAction) []idem.InstanceAction
}

type instanceSystem struct {
	store.System
	change func([]idem.InstanceAction) []idem.InstanceAction
}

func (s instanceTampered) System() store.System { return instanceSystem{s.Store.System(), s.change} }

func (s instanceSystem) InstanceActions(ctx context.Context, after int64, limit int) ([]idem.InstanceAction, error) {
	all, err := s.System.InstanceActions(ctx, 0, limit)
	return slices.DeleteFunc(s.change(all), func(a idem.InstanceAction) bool { return a.Seq <= after }), err
}

func TestVerifyInstance(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s store.Store) {
		if r, err := audit.VerifyInstance(t.Context(), s); err != nil || r != (audit.Report{}) {
			t.Errorf("an empty audit: %+v, %v", r, err)
		}
		org := storetest.NewOrganisation(t, s)
		for i := range 4 {
			a := idem.InstanceAction{Type: idem.ActionKeyCreated, Account: "ann", Details: map[string]any{"n": i}}
			err := s.Update(t.Context(), org, func(tx store.Tx) error { return tx.Instance().Append(t.Context(), a) })
			if err != nil {
				t.Fatal(err)
			}
		}
		if r, err := audit.VerifyInstance(t.Context(), s); err != nil || r.Actions != 4 {
			t.Errorf("report %+v, %v", r, err)
		}
		for name, change := range map[string]func(*idem.InstanceAction){
			"organisation": func(a *idem.InstanceAction) { a.Org = "another" },
			"type":         func(a *idem.InstanceAction) { a.Type = idem.ActionKeyRevoked },
			"account":      func(a *idem.InstanceAction) { a.Account = "bob" },
			"operator":     func(a *idem.InstanceAction) { a.Actor.Operator = "bob" },
			"credential":   func(a *idem.InstanceAction) { a.Actor.Credential = "bob" },
			"time":         func(a *idem.InstanceAction) { a.At = a.At.Add(1000) },
			"details":      func(a *idem.InstanceAction) { a.Details = nil },
			"previous":     func(a *idem.InstanceAction) { a.PrevHash[0]++ },
			"position":     func(a *idem.InstanceAction) { a.Seq = 9 },
		} {
			altered := instanceTampered{s, func(all []idem.InstanceAction) []idem.InstanceAction { change(&all[1]); return all }}
			if r, err := audit.VerifyInstance(t.Context(), altered); !errors.Is(err, audit.ErrBroken) || r.Actions != 1 {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
		}
		removed := instanceTampered{s, func(all []idem.InstanceAction) []idem.InstanceAction { return slices.Delete(all, 1, 2) }}
		if _, err := audit.VerifyInstance(t.Context(), removed); !errors.Is(err, audit.ErrBroken) {
			t.Errorf("removed: %v", err)
		}
	})
}
