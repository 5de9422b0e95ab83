package flow_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/flow/flowtest"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/webhook"
)

// persons lists what was told of persons.
func persons(told []string) []string {
	return slices.DeleteFunc(told, func(line string) bool { return !strings.HasPrefix(line, "person.") })
}

func TestCollectionsTellOfPersons(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f := w.Flow(nil, ed, ld)
		told := func(what string, want ...string) {
			w.Helper()
			if got := persons(w.Events.Take()); !slices.Equal(got, want) {
				w.Errorf("%s told of %q, want %q", what, got, want)
			}
		}
		s, c := w.Onboard(f, "")
		told("a new person", "person.created "+string(c.Person))
		w.Collect(s.ID)
		told("the same again")
		w.Onboard(f, "")
		told("nothing new")
		w.Onboard(f, `{"custom_id":"C1"}`)
		told("an alias", "person.updated "+string(c.Person))
		demo, err := w.Flows.Demo(w.Context(), w.Admin, f.ID)
		w.Must(err)
		w.FinishAs(demo.ID, "850505400012", "+77019999999")
		told("a demonstration")
	})
}

func TestConflictsAndDecisionsAreTold(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		p := newPerson(w, "pia", idem.PhotoOther, iin(flowtest.IIN))
		newPerson(w, "quinn", idem.PhotoOther, phone(flowtest.Phone))
		f := w.Flow(nil, ed, ld)
		attach, _ := w.Onboard(f, "")
		discard, _ := w.Onboard(f, "")
		w.Document.Finds(flowtest.Card("ann", "850505400012", "D1"))
		create, _ := w.Onboard(w.Flow(nil, ed, dr), "")
		w.Collect(attach.ID)
		_, err := w.Flows.Resolve(w.Context(), w.Admin, attach.ID, p.Person.ID)
		w.Must(err)
		_, err = w.Flows.Discard(w.Context(), w.Admin, discard.ID)
		w.Must(err)
		made, err := w.Flows.Resolve(w.Context(), w.Admin, create.ID, "")
		w.Must(err)
		want := []string{"person.conflict SEVERAL_PERSONS", "person.conflict SEVERAL_PERSONS", "person.conflict INTRA_SESSION_MISMATCH",
			"person.updated " + string(p.Person.ID), "person.created " + string(made.Person)}
		if got := persons(w.Events.Take()); !slices.Equal(got, want) {
			w.Errorf("told of %q, want %q", got, want)
		}
	})
}

// TestPersonsAreToldInTheTransaction: what cannot be told is not done.
func TestPersonsAreToldInTheTransaction(t *testing.T) {
	mute := errors.New("nobody can be told")
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		s := w.Finish(w.Open(w.Flow(nil, ed, ld), "").ID)
		deps := w.Flows.Deps
		deps.Emit = func(context.Context, store.Tx, flow.Event) error { return mute }
		_, err := flow.New(deps).Collect(w.Context(), w.Org, s.ID)
		wants(w, err, mute)
		if w.Count() != 0 {
			w.Error("a person was made")
		}
		if c := w.Collect(s.ID); c.State != idem.CollectionDone || w.Count() != 1 {
			w.Errorf("collected %+v", c)
		}
	})
}

// TestPersonEventsAreDelivered behind those of the session, to the webhook that
// asks for them alone.
func TestPersonEventsAreDelivered(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		q := newPerson(w, "quinn", idem.PhotoOther, phone("+77019999999"))
		hooks, f := telling(w), w.Flow(nil, ed, ld)
		asking, other := &receiver{}, &receiver{}
		for r, persons := range map[*receiver]bool{asking: true, other: false} {
			server := httptest.NewServer(r)
			defer server.Close()
			hook, err := hooks.Create(w.Context(), w.Admin, f.ID, webhook.NewWebhook{URL: server.URL})
			w.Must(err)
			_, err = hooks.Save(w.Context(), w.Admin, hook.ID, webhook.Change{PersonEvents: &persons})
			w.Must(err)
		}
		stop := work(w, hooks.Worker(), w.Flows.Worker())
		defer stop()
		s := w.Finish(w.Open(f, `{"order":7}`).ID)
		await(w, "seven deliveries", func() bool { return len(asking.got()) == 7 && len(other.got()) == 6 })
		last := asking.got()[6]
		c := w.Collect(s.ID)
		if last.Event != "person.created" || !last.Success || last.Session != string(s.ID) || last.Metadata["order"] != 7.0 || fmt.Sprint(last.Data) != fmt.Sprintf("map[person_id:%s]", c.Person) {
			w.Errorf("the last event is %+v", last)
		}
		s = start(w, w.Open(f, "").ID)
		w.StepOf(s.ID, 0, flowtest.IIN, "+77019999999")
		w.Step(s.ID, 1)
		await(w, "fourteen deliveries", func() bool { return len(asking.got()) == 14 && len(other.got()) == 12 })
		last = asking.got()[13]
		hits, _ := last.Data["hits"].([]any)
		if last.Event != "person.conflict" || last.Success || last.Data["reason"] == "" || len(hits) < 2 || !strings.Contains(fmt.Sprint(hits), "map[person_id:"+string(q.Person.ID)+" type:PHONE]") {
			w.Errorf("the last event is %+v", last)
		}
		if e := other.got()[11].Event; e != "flow.end" {
			w.Errorf("the other webhook was told of %s", e)
		}
	})
}
