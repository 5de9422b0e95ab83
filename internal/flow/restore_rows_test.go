package flow_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/flow/flowtest"
	"github.com/idem-id/idem/internal/registry"
)

// restoring is a flow that brings deleted persons back.
func restoring(w *world) idem.Flow {
	return w.Flow(func(c *idem.PersonConfig) { c.Deleted = idem.DeletedRestore }, ed, ld)
}

// actionsOf lists the types of a person's actions from one on.
func actionsOf(w *world, id idem.PersonID, from idem.ActionType) (out []idem.ActionType) {
	w.Helper()
	list := w.Actions(id)
	at := slices.IndexFunc(list, func(a idem.Action) bool { return a.Type == from })
	if at < 0 {
		w.Fatalf("no %s among %v", from, list)
	}
	for _, a := range list[at:] {
		out = append(out, a.Type)
	}
	return out
}

func TestPersons_85_DeletedPersonsComeBack(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f := restoring(w)
		first := newPerson(w, "ann", idem.PhotoOther, iin(flowtest.IIN), custom("crm"))
		w.Must(w.Registry.Delete(w.Context(), w.Admin, first.Person.ID))
		w.Limit(idem.TechPersons, 1)
		s, c := w.Onboard(f, "")
		v := w.Person(first.Person.ID)
		if c.Person != v.Person.ID || !v.Person.Live() || w.Left(idem.TechPersons) != 1 || w.Count() != 1 {
			w.Errorf("collected %+v into %+v", c, v.Person)
		}
		same(w, "aliases", aliases(v), "CUSTOM=crm", "DOCUMENT_NUMBER=E1", "PERSONAL_NUMBER="+flowtest.IIN, "PHONE="+flowtest.Phone)
		same(w, "photos", photos(v), "DIGITAL*", "LIVE", "OTHER")
		got := actionsOf(w, v.Person.ID, idem.ActionPersonRestored)
		if len(got) < 5 || got[1] != idem.ActionAliasAdded {
			w.Errorf("actions %v", got)
		}
		for _, a := range w.Actions(v.Person.ID) {
			if a.Type == idem.ActionPersonRestored && (a.Actor.Source != idem.SourceFlow || a.Actor.Session != s.ID) {
				w.Errorf("restored by %+v", a.Actor)
			}
		}
		found, err := w.Registry.Identify(w.Context(), w.Admin, facetest.JPEG(facetest.Picture("ann", 9)), registry.IdentifyQuery{})
		if w.Must(err); len(found.Candidates) != 1 || found.Candidates[0].Person != v.Person.ID {
			w.Errorf("the face leads to %+v", found.Candidates)
		}
		if again := w.Collect(s.ID); again.Person != c.Person || len(actionsOf(w, v.Person.ID, idem.ActionPersonRestored)) != len(got) {
			w.Errorf("collected twice: %+v", again)
		}
	})
}

// TestPersons_85_WhoDoesNotComeBack: in each case the session makes a new
// person or takes a live one, and the deleted ones stay as they are.
func TestPersons_85_WhoDoesNotComeBack(t *testing.T) {
	gone := func(w *world, given ...registry.AliasInput) idem.PersonID {
		v := newPerson(w, "a", idem.PhotoOther, given...)
		w.Must(w.Registry.Delete(w.Context(), w.Admin, v.Person.ID))
		return v.Person.ID
	}
	for name, prepare := range map[string]func(*world) (gone []idem.PersonID, live idem.PersonID){
		"two of them": func(w *world) ([]idem.PersonID, idem.PersonID) {
			return []idem.PersonID{gone(w, iin(flowtest.IIN)), gone(w, phone(flowtest.Phone))}, ""
		},
		"another number": func(w *world) ([]idem.PersonID, idem.PersonID) {
			return []idem.PersonID{gone(w, iin("OTHER1"), phone(flowtest.Phone))}, ""
		},
		"an alias has a new owner": func(w *world) ([]idem.PersonID, idem.PersonID) {
			a := gone(w, iin(flowtest.IIN), custom("crm"))
			newPerson(w, "c", idem.PhotoOther, custom("crm"))
			return []idem.PersonID{a}, ""
		},
		"erased": func(w *world) ([]idem.PersonID, idem.PersonID) {
			a := gone(w, iin(flowtest.IIN))
			_, err := w.Registry.Erase(w.Context(), w.Admin, a, "T-1")
			w.Must(err)
			return []idem.PersonID{a}, ""
		},
		"a live one": func(w *world) ([]idem.PersonID, idem.PersonID) {
			return []idem.PersonID{gone(w, iin(flowtest.IIN))}, newPerson(w, "b", idem.PhotoOther, phone(flowtest.Phone)).Person.ID
		},
	} {
		t.Run(name, func(t *testing.T) {
			flowtest.Each(t, func(w *world) {
				meet(w, "ann")
				deleted, live := prepare(w)
				_, c := w.Onboard(restoring(w), "")
				if c.State != idem.CollectionDone || slices.Contains(deleted, c.Person) || live != "" && c.Person != live {
					w.Errorf("collected %+v", c)
				}
				for _, id := range deleted {
					if v := w.Person(id); v.Person.Live() || v.SessionCount != 0 {
						w.Errorf("a deleted person is %+v", v.Person)
					}
				}
			})
		})
	}
}

func TestPersons_85_TwoSessionsRestoreOnce(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f := restoring(w)
		_, c := w.Onboard(f, "")
		w.Must(w.Registry.Delete(w.Context(), w.Admin, c.Person))
		one, two := w.Finish(w.Open(f, "").ID), w.Finish(w.Open(f, "").ID)
		var group sync.WaitGroup
		for _, s := range []idem.Session{one, two} {
			group.Go(func() {
				if got := w.Collect(s.ID); got.Person != c.Person {
					w.Errorf("collected %+v", got)
				}
			})
		}
		group.Wait()
		n := 0
		for _, a := range w.Actions(c.Person) {
			if a.Type == idem.ActionPersonRestored {
				n++
			}
		}
		if n != 1 || w.Count() != 1 {
			w.Errorf("restored %d times, %d persons", n, w.Count())
		}
	})
}
