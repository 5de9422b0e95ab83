package flow_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/flow/flowtest"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/webhook"
)

const secretive = `{"custom_id":"Ann Example"}`

// stored counts the files of pictures.
func stored(w *world) (n int) {
	w.Helper()
	w.Must(fs.WalkDir(os.DirFS(w.Folder), ".", func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return err
	}))
	return n
}

func collectionOf(w *world, id idem.SessionID) (c idem.Collection, err error) {
	err = w.Store.View(w.Context(), w.Org, func(tx store.Tx) error {
		c, err = tx.Collections().Get(w.Context(), id)
		return err
	})
	return c, err
}

// aborted ends a session behind its first step.
func aborted(w *world, s idem.Session) idem.Session {
	w.Helper()
	start(w, s.ID)
	w.Step(s.ID, 0)
	s, err := w.Flows.Abort(w.Context(), s.ID)
	w.Must(err)
	return s
}

// conflict ends a session whose aliases belong to two persons.
func conflict(w *world) idem.Session {
	w.Helper()
	newPerson(w, "pia", idem.PhotoOther, iin(flowtest.IIN))
	newPerson(w, "quinn", idem.PhotoOther, phone(flowtest.Phone))
	s, c := w.Onboard(w.Flow(nil, ed, ld), secretive)
	if c.State != idem.CollectionConflict {
		w.Fatalf("collected %+v", c)
	}
	return s
}

// abandoned are sessions that ended and made no person, by what became of them.
var abandoned = map[string]func(w *world) idem.Session{
	"expired": func(w *world) idem.Session {
		s := start(w, w.Open(w.Flow(nil, ed, ld), secretive).ID)
		w.Step(s.ID, 0)
		w.Clock.Advance(time.Hour)
		_, err := w.Flows.Expire(w.Context(), w.Clock.Now())
		w.Must(err)
		return state(w, s.ID)
	},
	"aborted, nothing to collect": func(w *world) idem.Session {
		s := aborted(w, w.Open(w.Flow(func(c *idem.PersonConfig) { c.CollectWithoutAlias = false }, ld, dr), ""))
		w.Collect(s.ID)
		return s
	},
	"failed, not collected": func(w *world) idem.Session {
		w.Head.Finds(flowtest.Spoof("ann"))
		return w.Finish(w.Open(w.Flow(func(c *idem.PersonConfig) { c.Collect = false }, ed, ld), secretive).ID)
	},
	"finished, not collected": func(w *world) idem.Session {
		return w.Finish(w.Open(w.Flow(func(c *idem.PersonConfig) { c.Collect = false }, ed, ld), secretive).ID)
	},
	"a demonstration": func(w *world) idem.Session {
		s, err := w.Flows.Demo(w.Context(), w.Admin, w.Flow(nil, ed, ld).ID)
		w.Must(err)
		return w.Finish(s.ID)
	},
	"in conflict": conflict,
	"discarded": func(w *world) idem.Session {
		s := conflict(w)
		_, err := w.Flows.Discard(w.Context(), w.Admin, s.ID)
		w.Must(err)
		return s
	},
	"failed to be collected": func(w *world) idem.Session {
		s := w.Finish(w.Open(w.Flow(nil, ed, ld), secretive).ID)
		w.Must(w.Store.Update(w.Context(), w.Org, func(tx store.Tx) error {
			c, err := tx.Collections().GetForUpdate(w.Context(), s.ID)
			return errors.Join(err, c.End(idem.CollectionFailed, "", "", tx.Now()), tx.Collections().Save(w.Context(), c))
		}))
		return s
	},
}

// TestSessionsWithoutAPersonAreErased: the row stays, and tells nothing.
func TestSessionsWithoutAPersonAreErased(t *testing.T) {
	for name, end := range abandoned {
		t.Run(name, func(t *testing.T) {
			flowtest.Each(t, func(w *world) {
				meet(w, "ann")
				s := end(w)
				before, begun, pictures := stored(w), len(instance(w, 0)), len(s.Pictures())
				e, err := w.Flows.Erase(w.Context(), w.Admin, s.ID, "T-1")
				if err != nil || !e.Complete || e.Session != s.ID || e.Pictures != pictures || pictures == 0 || e.At.IsZero() {
					w.Fatalf("the receipt is %+v, %v", e, err)
				}
				if n := stored(w); n != before-pictures {
					w.Errorf("%d of %d pictures are left, the session had %d", n, before, pictures)
				}
				checkErased(w, s)
				checkRecorded(w, s, begun)
				_, err = w.Flows.Erase(w.Context(), w.Admin, s.ID, "T-2")
				wants(w, err, idem.ErrSessionErased)
			})
		})
	}
}

func checkErased(w *world, s idem.Session) {
	w.Helper()
	got, err := w.Flows.Session(w.Context(), w.Admin, s.ID)
	if err != nil || got.State != s.State || got.ErasedAt.IsZero() || got.Metadata != nil || len(got.Visits) > 0 || got.Person != "" || len(got.Pictures()) > 0 {
		w.Errorf("the session is %+v, %v", got, err)
	}
	for _, p := range got.Steps {
		if p.Result != nil || p.Memo != nil {
			w.Errorf("a step is %+v", p)
		}
	}
	if err := w.Flows.Blobs.Put(w.Context(), w.Org, s.DataKey, "x", "x", []byte("x")); !errors.Is(err, idem.ErrErased) {
		w.Errorf("the data key seals: %v", err)
	}
	list, _, err := w.Flows.Sessions(w.Context(), w.Admin, store.SessionQuery{Flow: s.Flow}, store.Page{Limit: 10})
	if err != nil || len(list) != 1 || list[0].ErasedAt.IsZero() {
		w.Errorf("the list has %+v, %v", list, err)
	}
	f, err := w.Flows.Get(w.Context(), w.Admin, s.Flow)
	w.Must(err)
	_, err = w.Flows.Result(w.Context(), w.Client(f), s.ID)
	wants(w, err, idem.ErrErased)
	c, err := collectionOf(w, s.ID)
	if !errors.Is(err, idem.ErrSessionNotFound) && (err != nil || c.State != idem.CollectionSkipped || len(c.Hits) > 0) {
		w.Errorf("the collection is %+v, %v", c, err)
	}
	if again, err := w.Flows.Collect(w.Context(), w.Org, s.ID); err == nil && again.Person != "" {
		w.Errorf("collected %+v", again)
	}
}

func checkRecorded(w *world, s idem.Session, begun int) {
	w.Helper()
	got := instance(w, begun)
	if len(got) != 1 || got[0].Type != idem.ActionSessionErased || got[0].Org != w.Org || got[0].Actor != w.Admin.Actor {
		w.Fatalf("entries %+v", got)
	}
	if d := got[0].Details; len(d) != 3 || d["session"] != string(s.ID) || d["flow"] != string(s.Flow) || d["reason"] != "T-1" {
		w.Errorf("details %v", d)
	}
	if text := fmt.Sprint(got); strings.Contains(text, "Ann") || strings.Contains(text, flowtest.IIN) {
		w.Errorf("the audit tells %s", text)
	}
}

// TestErasureOfASessionIsRefused: what is refused stays whole and has no entry.
func TestErasureOfASessionIsRefused(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f := w.Flow(nil, ed, ld)
		fresh, runs := w.Open(f, ""), start(w, w.Open(f, "").ID)
		queued := w.Finish(w.Open(f, secretive).ID)
		made, c := w.Onboard(f, "")
		lookedUp := start(w, w.Open(w.Flow(skipping, ed, ld), `{"iin":"`+flowtest.IIN+`"}`).ID)
		_, err := w.Flows.Abort(w.Context(), lookedUp.ID)
		w.Must(err)
		if w.Collect(lookedUp.ID); lookedUp.Steps[0].State != idem.StepSkipped {
			w.Fatalf("not looked up: %+v", lookedUp)
		}
		off := w.Finish(w.Open(w.Flow(func(c *idem.PersonConfig) { c.Collect = false }, ld), "").ID)
		other, err := w.Access.Create(w.Context(), access.NewOrganisation{Name: "Other", OperatorEmail: "admin@example.org"})
		w.Must(err)
		stranger, clerk := w.Admin, w.Admin
		stranger.Org, clerk.Permissions = other.OrgID, []idem.Permission{idem.PersonsWrite, idem.SessionsRead, idem.ReviewsWork}
		begun, pictures := len(instance(w, 0)), stored(w)
		for name, r := range map[string]struct {
			who    idem.Principal
			id     idem.SessionID
			reason string
			want   string
		}{
			"new":             {w.Admin, fresh.ID, "T-1", "SESSION_STATE"},
			"running":         {w.Admin, runs.ID, "T-1", "SESSION_STATE"},
			"queued":          {w.Admin, queued.ID, "T-1", "SESSION_STATE"},
			"of a person":     {w.Admin, made.ID, "T-1", "SESSION_LINKED"},
			"named a person":  {w.Admin, lookedUp.ID, "T-1", "SESSION_LINKED"},
			"unknown":         {w.Admin, "none", "T-1", "SESSION_NOT_FOUND"},
			"of others":       {stranger, off.ID, "T-1", "SESSION_NOT_FOUND"},
			"not permitted":   {clerk, off.ID, "T-1", "ROLE_FORBIDDEN"},
			"without reason":  {w.Admin, off.ID, "", "VALIDATION_FAILED"},
			"reason too long": {w.Admin, off.ID, strings.Repeat("x", 65), "VALIDATION_FAILED"},
		} {
			if _, err := w.Flows.Erase(w.Context(), r.who, r.id, r.reason); idem.CodeOf(err) != r.want {
				w.Errorf("%s: %v, want %s", name, err, r.want)
			}
		}
		if n := stored(w); n != pictures || len(instance(w, begun)) != 0 {
			w.Errorf("%d of %d pictures, entries %+v", n, pictures, instance(w, begun))
		}
		if s := state(w, off.ID); s.Steps[0].Result == nil || !s.ErasedAt.IsZero() {
			w.Errorf("the session is %+v", s)
		}
		_, err = w.Registry.Erase(w.Context(), w.Admin, c.Person, "T-1")
		w.Must(err)
		_, err = w.Flows.Erase(w.Context(), w.Admin, made.ID, "T-1")
		wants(w, err, idem.ErrSessionErased)
		_, err = w.Flows.Result(w.Context(), w.Client(f), made.ID)
		wants(w, err, idem.ErrErased)
	})
}

// stuck is a key store that does not answer.
type stuck struct{ flow.Vault }

func (stuck) DestroyKey(context.Context, idem.OrgID, idem.DataKeyID) error {
	return idem.ErrDatabaseUnavailable
}

// jammed is a place for pictures that deletes nothing.
type jammed struct{ flow.Blobs }

func (jammed) Delete(context.Context, idem.OrgID, idem.BlobRef) error { return idem.ErrStorageFull }

// TestErasureOfASessionIsCompleted stops behind the commit, and between key and
// pictures: nothing is read, collected or sent, and the job does the rest.
func TestErasureOfASessionIsCompleted(t *testing.T) {
	for name, stop := range map[string]func(*flow.Deps){
		"before the key":      func(d *flow.Deps) { d.Vault = stuck{d.Vault} },
		"before the pictures": func(d *flow.Deps) { d.Blobs = jammed{d.Blobs} },
	} {
		t.Run(name, func(t *testing.T) {
			flowtest.Each(t, func(w *world) {
				meet(w, "ann")
				r, before := &receiver{}, stored(w)
				server := httptest.NewServer(r)
				defer server.Close()
				hooks := telling(w)
				f := w.Flow(func(c *idem.PersonConfig) { c.Collect = false }, ed, ld)
				_, err := hooks.Create(w.Context(), w.Admin, f.ID, webhook.NewWebhook{URL: server.URL})
				w.Must(err)
				s := w.Finish(w.Open(f, secretive).ID)
				deps := w.Flows.Deps
				stop(&deps)
				e, err := flow.New(deps).Erase(w.Context(), w.Admin, s.ID, "T-1")
				if err != nil || e.Complete || stored(w) != before+len(s.Pictures()) {
					w.Fatalf("the receipt is %+v, %v, %d pictures", e, err, stored(w))
				}
				_, err = w.Flows.Result(w.Context(), w.Client(f), s.ID)
				wants(w, err, idem.ErrErased)
				end := work(w, hooks.Worker(), w.Flows.Eraser())
				defer end()
				w.Clock.Advance(time.Minute)
				await(w, "the rest of the erasure", func() bool { return stored(w) == before && done(w, "webhook") == 6 && done(w, "flow.erase") == 1 })
				checkErased(w, s)
				if got := r.got(); len(got) != 0 {
					w.Errorf("sent %+v", got)
				}
			})
		})
	}
}

// done counts the jobs of a kind that are done.
func done(w *world, kind string) (n int) {
	w.Helper()
	w.Must(w.Store.View(w.Context(), w.Org, func(tx store.Tx) error {
		list, _, err := tx.Jobs().List(w.Context(), store.JobDone, kind, store.Page{Limit: 100})
		n = len(list)
		return err
	}))
	return n
}

// meanwhile has something happen behind the first picture that is read.
type meanwhile struct {
	flow.Blobs
	do func()
}

func (m *meanwhile) Get(ctx context.Context, org idem.OrgID, owner string, ref idem.BlobRef) ([]byte, error) {
	data, err := m.Blobs.Get(ctx, org, owner, ref)
	if do := m.do; do != nil {
		m.do = nil
		do()
	}
	return data, err
}

// TestErasedWhileItsConflictIsResolved: a decision that has read everything
// already makes no person of an erased session.
func TestErasedWhileItsConflictIsResolved(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		newPerson(w, "pia", idem.PhotoOther, iin(flowtest.IIN))
		newPerson(w, "quinn", idem.PhotoOther, phone(flowtest.Phone))
		s, c := w.Onboard(w.Flow(nil, ed), secretive)
		if c.State != idem.CollectionConflict {
			w.Fatalf("collected %+v", c)
		}
		before := stored(w) - len(s.Pictures())
		deps := w.Flows.Deps
		deps.Blobs = &meanwhile{deps.Blobs, func() {
			_, err := w.Flows.Erase(w.Context(), w.Admin, s.ID, "T-1")
			w.Must(err)
		}}
		c, err := flow.New(deps).Resolve(w.Context(), w.Admin, s.ID, "")
		if err != nil || c.State != idem.CollectionSkipped || c.Reason != idem.CollectionDiscarded || w.Count() != 2 {
			w.Errorf("resolved %+v, %v, %d persons", c, err, w.Count())
		}
		if n := stored(w); n != before {
			w.Errorf("%d pictures, want %d", n, before)
		}
		checkErased(w, s)
	})
}
