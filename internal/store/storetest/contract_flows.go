package storetest

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// newFlow stores a flow with its key.
func newFlow(t *testing.T, s store.Store, org idem.OrgID, name string) idem.Flow {
	t.Helper()
	f := idem.Flow{ID: idem.FlowID(newID()), Name: name, Technologies: []idem.TechCode{idem.TechLivenessHead, idem.TechEDocument},
		Config: idem.DefaultPersonConfig(), Key: idem.CredentialID(newID()), SessionTime: time.Minute, Attempts: 3, FrameAncestors: []string{"https://shop.example", "http://localhost:3000"}, CreatedAt: moment(0)}
	update(t, s, org, func(tx store.Tx) error {
		c := idem.Credential{ID: f.Key, Kind: idem.CredentialFlow, Name: name, Permissions: []idem.Permission{idem.SessionsOpen}}
		if err := tx.Credentials().Insert(t.Context(), c, hashOf(string(f.Key)), "secret"); err != nil {
			return err
		}
		return tx.Flows().Insert(t.Context(), f)
	})
	return f
}

// moment is a time within a few days of May 2026.
func moment(minutes int) time.Time {
	return time.Date(2026, 5, 1, 12, minutes, 0, 0, time.UTC)
}

func newSession(t *testing.T, s store.Store, org idem.OrgID, f idem.Flow, minutes int) idem.Session {
	t.Helper()
	out, err := f.Open(idem.SessionID(newID()), idem.DataKeyID("session:"+newID()), moment(minutes))
	if err != nil {
		t.Fatal(err)
	}
	out.Metadata, out.Locale, out.Demo = []byte(`{"custom_id":"Иванов"}`), "kz", true
	update(t, s, org, func(tx store.Tx) error { return tx.Sessions().Insert(t.Context(), out) })
	return out
}

func testFlows(t *testing.T, f fixture) {
	ctx := t.Context()
	one, two := newFlow(t, f, f.org, "one"), newFlow(t, f, f.org, "two")
	update(t, f, f.org, func(tx store.Tx) error {
		double := one
		double.ID = idem.FlowID(newID())
		want(t, tx.Flows().Insert(ctx, double), idem.ErrFlowName)
		want(t, tx.Flows().Save(ctx, idem.Flow{ID: "none", Key: one.Key}), idem.ErrFlowNotFound)
		two.Name, two.Config.SkipTechnologies, two.Config.SkipMaxAge = "deux", []idem.TechCode{}, time.Hour
		two.Attempts, two.SessionTime, two.FrameAncestors = 1, time.Hour, []string{}
		return tx.Flows().Save(ctx, two)
	})
	want(t, f.Update(ctx, f.org, func(tx store.Tx) error {
		taken := two
		taken.Name = "one"
		return tx.Flows().Save(ctx, taken)
	}), idem.ErrFlowName)
	view(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Flows().Get(ctx, two.ID)
		if diff := cmp.Diff(two, got); diff != "" || err != nil {
			t.Errorf("a saved flow differs (-want +got):\n%s%v", diff, err)
		}
		got, err = tx.Flows().ByKey(ctx, one.Key)
		if diff := cmp.Diff(one, got); diff != "" || err != nil {
			t.Errorf("by key (-want +got):\n%s%v", diff, err)
		}
		_, err = tx.Flows().ByKey(ctx, "none")
		want(t, err, idem.ErrFlowNotFound)
		return nil
	})
	update(t, f, f.org, func(tx store.Tx) error {
		_, err := tx.Flows().GetForUpdate(ctx, "none")
		want(t, err, idem.ErrFlowNotFound)
		if one, err = tx.Flows().GetForUpdate(ctx, one.ID); err != nil {
			return err
		}
		one.DeletedAt = moment(5)
		return tx.Flows().Save(ctx, one)
	})
	third := newFlow(t, f, f.org, "one") // the name is free again
	view(t, f, f.org, func(tx store.Tx) error {
		list, err := tx.Flows().List(ctx)
		if err != nil || len(list) != 2 || list[0].ID != two.ID || list[1].ID != third.ID {
			t.Errorf("the live flows are %+v, %v", list, err)
		}
		got, err := tx.Flows().Get(ctx, one.ID)
		if got.DeletedAt != one.DeletedAt || err != nil {
			t.Errorf("a deleted flow: %+v, %v", got, err)
		}
		return nil
	})
}

func testSessions(t *testing.T, f fixture) {
	ctx := t.Context()
	s := newSession(t, f, f.org, newFlow(t, f, f.org, "flow"), 0)
	sameSession(t, f, s)
	s.State, s.StartedAt, s.Person = idem.SessionProgress, moment(1), "somebody"
	s.Failure = idem.Failure{Type: idem.FailureClient, Detail: "gone"}
	s.Steps[0] = idem.Step{Technology: idem.TechLivenessHead, State: idem.StepPassed, Attempts: 2, Copied: "other", StartedAt: moment(1), EndedAt: moment(2),
		Result: &idem.StepResult{Passed: true, Reasons: []string{"a"}, Face: "blob", Liveness: &idem.LivenessResult{Prediction: 0.75, Centred: true},
			Document: &idem.DocumentResult{Number: "Ж1", Birth: idem.Date{Year: 1990, Month: 2}}, Match: &idem.MatchResult{Score: 0.5, Source: idem.ReferencePerson}}}
	s.Visits = []idem.Visit{{Visitor: idem.VisitorOf(netip.MustParseAddr("2001:db8::1"), "Agent Ж"), At: moment(1)}, {Visitor: idem.VisitorOf(netip.Addr{}, "other"), At: moment(2)}}
	s.Steps[1].Running = []idem.Attempt{{ID: "a", Until: moment(3)}, {ID: "b", Until: moment(4)}}
	s.Steps[1].State, s.Steps[1].Memo, s.Steps[1].MemoUntil = idem.StepActive, []byte("memo"), moment(9)
	s.Steps[1].Failure = idem.Failure{Type: idem.FailureResult, Detail: "expired"}
	update(t, f, f.org, func(tx store.Tx) error { return tx.Sessions().Save(ctx, s) })
	sameSession(t, f, s)
	update(t, f, f.org, func(tx store.Tx) error {
		want(t, tx.Sessions().Save(ctx, idem.Session{ID: "none"}), idem.ErrSessionNotFound)
		_, err := tx.Sessions().GetForUpdate(ctx, "none")
		want(t, err, idem.ErrSessionNotFound)
		return nil
	})
	f.keys.Destroy(s.DataKey)
	s.Metadata, s.Visits, s.Steps[0].Result, s.Steps[1].Memo = nil, nil, nil, nil
	sameSession(t, f, s)
}

// testSessionErasure erases a session whose key is still there, and leaves the
// one beside it.
func testSessionErasure(t *testing.T, f fixture) {
	ctx := t.Context()
	flow := newFlow(t, f, f.org, "flow")
	s, other := newSession(t, f, f.org, flow, 0), newSession(t, f, f.org, flow, 1)
	var events []store.Event
	update(t, f, f.org, func(tx store.Tx) error {
		for _, s := range []*idem.Session{&s, &other} {
			s.Person, s.Visits = "somebody", []idem.Visit{{Visitor: idem.VisitorOf(netip.Addr{}, "agent"), At: moment(2)}}
			s.Steps[0].Result, s.Steps[1].Memo = &idem.StepResult{Face: "blob"}, []byte("memo")
			events = append(events, store.Event{ID: idem.EventID(newID()), Flow: flow.ID, Session: s.ID, Name: "flow.end", Body: []byte("{}"), DataKey: s.DataKey, CreatedAt: moment(2)})
			if err := errors.Join(tx.Sessions().Save(ctx, *s), tx.Deliveries().InsertEvent(ctx, events[len(events)-1])); err != nil {
				return err
			}
		}
		return nil
	})
	s.ErasedAt = moment(7)
	update(t, f, f.org, func(tx store.Tx) error { return tx.Sessions().Erase(ctx, s) })
	s.Metadata, s.Visits, s.Person, s.Steps[0].Result, s.Steps[1].Memo = nil, nil, "", nil, nil
	sameSession(t, f, s)
	checkEvent(t, f, events[0], idem.ErrEventNotFound)
	sameSession(t, f, other)
	checkEvent(t, f, events[1], nil)
	want(t, f.Update(ctx, NewOrganisation(t, f), func(tx store.Tx) error { return tx.Sessions().Erase(ctx, other) }), idem.ErrSessionNotFound)
}

func sameSession(t *testing.T, f fixture, s idem.Session) {
	t.Helper()
	view(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Sessions().Get(t.Context(), s.ID)
		if diff := cmp.Diff(s, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" || err != nil {
			t.Errorf("a session differs (-want +got):\n%s%v", diff, err)
		}
		return nil
	})
}

func testSessionLists(t *testing.T, f fixture) {
	ctx := t.Context()
	a, b := newFlow(t, f, f.org, "a"), newFlow(t, f, f.org, "b")
	var all []idem.Session
	for i := range 3 {
		all = append(all, newSession(t, f, f.org, a, i))
	}
	other := newSession(t, f, f.org, b, 9)
	who := NewPerson(t, f, f.org)
	update(t, f, f.org, func(tx store.Tx) error {
		return tx.Sessions().Link(ctx, idem.SessionLink{Person: who.ID, Session: all[1].ID, Role: idem.LinkCreated, At: moment(7)})
	})
	for name, c := range map[string]struct {
		query store.SessionQuery
		want  []idem.Session
	}{
		"all":      {store.SessionQuery{}, []idem.Session{other, all[2], all[1], all[0]}},
		"a flow":   {store.SessionQuery{Flow: a.ID}, []idem.Session{all[2], all[1], all[0]}},
		"a time":   {store.SessionQuery{From: moment(1), To: moment(9)}, []idem.Session{all[2], all[1]}},
		"a person": {store.SessionQuery{Person: who.ID}, []idem.Session{all[1]}},
		"a state":  {store.SessionQuery{State: idem.SessionFailed}, nil},
	} {
		if got, want := sessionPages(t, f, c.query), ids(c.want); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func ids(list []idem.Session) string {
	out := []idem.SessionID{}
	for _, s := range list {
		out = append(out, s.ID)
	}
	return fmt.Sprint(out)
}

// sessionPages reads a list by pages of two.
func sessionPages(t *testing.T, f fixture, q store.SessionQuery) string {
	t.Helper()
	var all []idem.Session
	for page := (store.Page{Limit: 2}); ; {
		var next string
		view(t, f, f.org, func(tx store.Tx) error {
			part, cursor, err := tx.Sessions().List(t.Context(), q, page)
			next = cursor
			for _, s := range part {
				if len(s.Steps) != 2 || s.Metadata != nil {
					t.Errorf("a listed session: %+v", s)
				}
			}
			all = append(all, part...)
			return err
		})
		if next == "" {
			return ids(all)
		}
		page.After = next
	}
}

func testSessionLinks(t *testing.T, f fixture) {
	ctx := t.Context()
	flow := newFlow(t, f, f.org, "flow")
	one, two := newSession(t, f, f.org, flow, 0), newSession(t, f, f.org, flow, 1)
	who, nobody := NewPerson(t, f, f.org), NewPerson(t, f, f.org)
	links := []idem.SessionLink{
		{Person: who.ID, Session: two.ID, Role: idem.LinkUpdated, At: moment(3)},
		{Person: who.ID, Session: one.ID, Role: idem.LinkCreated, At: moment(2)},
	}
	update(t, f, f.org, func(tx store.Tx) error {
		early := links[0]
		early.Role, early.At = idem.LinkLookup, moment(1)
		for _, l := range []idem.SessionLink{early, links[1], links[0]} {
			if err := tx.Sessions().Link(ctx, l); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Sessions().Links(ctx, who.ID)
		if diff := cmp.Diff(links, got); diff != "" || err != nil {
			t.Errorf("links differ (-want +got):\n%s%v", diff, err)
		}
		persons, err := tx.Sessions().LinkedTo(ctx, one.ID)
		if !slices.Equal(persons, []idem.PersonID{who.ID}) || err != nil {
			t.Errorf("linked to %v, %v", persons, err)
		}
		n, err := tx.Sessions().CountLinks(ctx, who.ID, nobody.ID)
		if n[who.ID] != 2 || n[nobody.ID] != 0 || err != nil {
			t.Errorf("counted %v, %v", n, err)
		}
		return nil
	})
}

func testSessionSystem(t *testing.T, f fixture) {
	ctx := t.Context()
	flow := newFlow(t, f, f.org, "flow")
	ended, later, first := newSession(t, f, f.org, flow, 0), newSession(t, f, f.org, flow, 2), newSession(t, f, f.org, flow, 1)
	update(t, f, f.org, func(tx store.Tx) error {
		ended.State, ended.EndedAt = idem.SessionFailed, moment(1)
		return tx.Sessions().Save(ctx, ended)
	})
	org, err := f.System().FindSession(ctx, first.ID)
	if org != f.org || err != nil {
		t.Errorf("the session belongs to %q, %v", org, err)
	}
	_, err = f.System().FindSession(ctx, "none")
	want(t, err, idem.ErrSessionNotFound)
	overdue, err := f.System().OverdueSessions(ctx, moment(60), 10)
	if diff := cmp.Diff([]store.OrgSession{{Org: f.org, Session: first.ID}, {Org: f.org, Session: later.ID}}, overdue); diff != "" || err != nil {
		t.Errorf("overdue (-want +got):\n%s%v", diff, err)
	}
	if overdue, err = f.System().OverdueSessions(ctx, first.ExpiresAt, 10); len(overdue) != 0 || err != nil {
		t.Errorf("overdue before any is: %v, %v", overdue, err)
	}
	elsewhere := NewOrganisation(t, f)
	view(t, f, elsewhere, func(tx store.Tx) error {
		_, err := tx.Sessions().Get(ctx, first.ID)
		want(t, err, idem.ErrSessionNotFound)
		_, err = tx.Flows().Get(ctx, flow.ID)
		want(t, err, idem.ErrFlowNotFound)
		return nil
	})
	if err := f.Update(ctx, elsewhere, func(tx store.Tx) error { return tx.Sessions().Insert(ctx, first) }); err == nil {
		t.Error("a session of another organisation's flow was stored")
	}
}

func testCollections(t *testing.T, f fixture) {
	ctx := t.Context()
	flow := newFlow(t, f, f.org, "flow")
	var rows []idem.Collection
	for i := range 3 {
		s := newSession(t, f, f.org, flow, i)
		c := idem.Collection{Session: s.ID, State: idem.CollectionQueued, CreatedAt: moment(i)}
		update(t, f, f.org, func(tx store.Tx) error {
			if err := tx.Collections().Insert(ctx, c); err != nil {
				return err
			}
			want(t, tx.Collections().Insert(ctx, c), store.ErrDuplicateRow)
			return nil
		})
		rows = append(rows, c)
	}
	rows[1].State, rows[1].Reason, rows[1].Person, rows[1].EndedAt = idem.CollectionConflict, idem.CollectionSeveralPersons, "p", moment(5)
	rows[1].Hits = []idem.Hit{{Type: idem.AliasPhone, Person: "p"}, {Type: idem.AliasCustom, Person: "q"}}
	update(t, f, f.org, func(tx store.Tx) error {
		want(t, tx.Collections().Save(ctx, idem.Collection{Session: "none"}), idem.ErrSessionNotFound)
		_, err := tx.Collections().GetForUpdate(ctx, "none")
		want(t, err, idem.ErrSessionNotFound)
		return tx.Collections().Save(ctx, rows[1])
	})
	update(t, f, f.org, func(tx store.Tx) error {
		got, err := tx.Collections().GetForUpdate(ctx, rows[1].Session)
		if diff := cmp.Diff(rows[1], got); diff != "" || err != nil {
			t.Errorf("a collection differs (-want +got):\n%s%v", diff, err)
		}
		page, next, err := tx.Collections().List(ctx, "", store.Page{Limit: 2})
		if err != nil || len(page) != 2 || page[0].Session != rows[2].Session || next == "" {
			t.Errorf("first page %+v, %q, %v", page, next, err)
		}
		page, next, err = tx.Collections().List(ctx, "", store.Page{Limit: 2, After: next})
		if err != nil || len(page) != 1 || page[0].Session != rows[0].Session || next != "" {
			t.Errorf("second page %+v, %q, %v", page, next, err)
		}
		page, _, err = tx.Collections().List(ctx, idem.CollectionConflict, store.Page{Limit: 2})
		if err != nil || len(page) != 1 || page[0].Session != rows[1].Session {
			t.Errorf("conflicts %+v, %v", page, err)
		}
		return nil
	})
}
