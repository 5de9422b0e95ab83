package flow_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/flow/flowtest"
)

// instance is the instance's audit behind a position.
func instance(w *world, after int) []idem.InstanceAction {
	w.Helper()
	all, err := w.Store.System().InstanceActions(w.Context(), int64(after), 1000)
	w.Must(err)
	return all
}

// TestChangesOfFlowsAreRecorded: each change of a flow is one entry that says
// who made it; what is refused, or changes nothing, leaves none.
func TestChangesOfFlowsAreRecorded(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		begun := len(instance(w, 0))
		f := w.Flow(nil, lds)
		name, attempts, none := "Ann Example", 5, 0
		for range 2 { // the second one changes nothing
			_, err := w.Flows.Configure(w.Context(), w.Admin, f.ID, flow.Change{Name: &name, Attempts: &attempts,
				Config: func(c *idem.PersonConfig) { c.SkipKnown = true }})
			w.Must(err)
		}
		if _, err := w.Flows.Configure(w.Context(), w.Admin, f.ID, flow.Change{Attempts: &none}); err == nil {
			w.Error("a flow without attempts was saved")
		}
		w.Must(w.Flows.Delete(w.Context(), w.Admin, f.ID))
		if w.Flows.Delete(w.Context(), w.Admin, f.ID) == nil {
			w.Error("a flow was deleted twice")
		}
		got := instance(w, begun)
		var kinds []idem.InstanceActionType
		for _, a := range got {
			kinds = append(kinds, a.Type)
			if a.Org != w.Org || a.Actor != w.Admin.Actor {
				w.Errorf("%s is of %+v in %s", a.Type, a.Actor, a.Org)
			}
		}
		if want := []idem.InstanceActionType{idem.ActionKeyCreated, idem.ActionFlowCreated, idem.ActionFlowChanged, idem.ActionFlowDeleted}; !slices.Equal(kinds, want) {
			w.Fatalf("entries %v, want %v", kinds, want)
		}
		if d := got[1].Details; d["flow"] != string(f.ID) || d["key"] != got[0].Details["key"] || fmt.Sprint(d["technologies"]) != "[LDS]" {
			w.Errorf("the making of a flow: %v", d)
		}
		if d := got[2].Details; fmt.Sprintf("%v %v %v", d["attempts"], d["skip_known"], d["name"]) != "map[new:5 old:3] map[new:true old:false] changed" || len(d) != 4 {
			w.Errorf("the change of a flow: %v", d)
		}
		if text := fmt.Sprint(got); strings.Contains(text, name) || strings.Contains(text, f.Name) {
			w.Errorf("the audit tells a name: %s", text)
		}
	})
}

// TestShowingAFlowsKeyIsRecorded: once an hour for each who sees it; for whoever
// made it from the second hour on.
func TestShowingAFlowsKeyIsRecorded(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		f := w.Flow(nil, lds)
		begun := len(instance(w, 0))
		other := w.Admin
		other.Actor.Operator = idem.OperatorID(idem.UUIDv7{}.New())
		shows := func(p idem.Principal, want int) {
			w.Helper()
			for range 3 {
				if key, err := w.Flows.Key(w.Context(), p, f.ID); err != nil || len(key) < 40 {
					w.Errorf("%q, %v", key, err)
				}
			}
			if got := instance(w, begun); len(got) != want {
				w.Errorf("%d entries, want %d", len(got), want)
			} else if want > 0 && (got[want-1].Type != idem.ActionKeyRevealed || got[want-1].Actor != p.Actor || got[want-1].Details["flow"] != string(f.ID)) {
				w.Errorf("entry %+v", got[want-1])
			}
		}
		shows(w.Admin, 0)
		shows(other, 1)
		w.Clock.Advance(59 * time.Minute)
		shows(other, 1)
		w.Clock.Advance(2 * time.Minute)
		shows(w.Admin, 2)
		shows(other, 3)
		rotated, err := w.Flows.RotateKey(w.Context(), w.Admin, f.ID)
		w.Must(err)
		begun += 6 // a key ends, another begins, the flow has it
		if got := instance(w, begun-1)[0]; got.Type != idem.ActionFlowChanged || got.Details["key"].(map[string]any)["old"] != string(f.Key) {
			w.Errorf("a new key: %+v", got)
		}
		shows(w.Admin, 0)
		shows(other, 1)
		if key, err := w.Flows.Key(w.Context(), other, f.ID); err != nil || key != rotated {
			w.Errorf("the new key: %v", err)
		}
		reader := idem.Principal{Org: w.Org, Actor: other.Actor, Permissions: []idem.Permission{idem.FlowsRead}}
		if _, err := w.Flows.Key(w.Context(), reader, f.ID); idem.KindOf(err) != idem.Forbidden || len(instance(w, begun)) != 1 {
			w.Errorf("a reader: %v", err)
		}
	})
}
