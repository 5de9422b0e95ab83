package flow_test

import (
	"context"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/flow/flowtest"
	"github.com/idem-id/idem/internal/flow/report"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/webhook"
)

// telling makes the flows tell the webhooks of their events.
func telling(w *world) *webhook.Webhooks {
	guard, err := webhook.NewGuard([]string{"127.0.0.1/32"}, nil)
	w.Must(err)
	hooks := webhook.New(webhook.Deps{Store: w.Store, Guard: guard, IDs: idem.UUIDv7{}, Now: w.Clock.Now})
	deps := w.Flows.Deps
	deps.Emit = func(ctx context.Context, tx store.Tx, e flow.Event) error {
		success, data := report.Told(e.Name, e.Session, e.Step, e.Collection)
		return hooks.Emit(ctx, tx, webhook.Event{Session: *e.Session, Name: e.Name, Success: success, Data: data})
	}
	w.Flows = flow.New(deps)
	return hooks
}

// TestErasureLetsSessionsExpire erases a person while a session of theirs
// waits: neither it nor the sessions behind it stay open.
func TestErasureLetsSessionsExpire(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		hooks := telling(w)
		_, c := w.Onboard(w.Flow(nil, ed, ld), known)
		f := w.Flow(skipping, ed, ld)
		_, err := hooks.Create(w.Context(), w.Admin, f.ID, webhook.NewWebhook{URL: "https://example.org/"})
		w.Must(err)
		theirs := start(w, w.Open(f, known).ID)
		other := start(w, w.Open(f, "").ID)
		_, err = w.Registry.Erase(w.Context(), w.Admin, c.Person, "T-1")
		w.Must(err)
		w.Clock.Advance(time.Hour)
		if n, err := w.Flows.Expire(w.Context(), w.Clock.Now()); n != 2 || err != nil {
			w.Errorf("%d sessions expired: %v", n, err)
		}
		for _, id := range []idem.SessionID{theirs.ID, other.ID} {
			if s, err := w.Flows.State(w.Context(), id); err != nil || s.State != idem.SessionExpired {
				w.Errorf("a session is %s, %v", s.State, err)
			}
		}
	})
}

// TestFaceOfOnePersonProvesNoOther has a person whom the metadata names show
// the document of another one.
func TestFaceOfOnePersonProvesNoOther(t *testing.T) {
	photographed := func(c *idem.PersonConfig) { c.PersonPhoto = true }
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		newPerson(w, "ann", idem.PhotoDigital, phone("+77005550000"))
		bob := newPerson(w, "bob", idem.PhotoDigital, iin("850505400012"))
		f := w.Flow(photographed, ld, dr, f2f)
		for _, number := range []string{"850505400012", ""} {
			w.Document.Finds(flowtest.Card("bob", number, "D9"))
			s, c := w.Onboard(f, `{"phone":"+77005550000"}`)
			if m := s.Steps[2].Result.Match; !s.Passed() || m.Source != idem.ReferencePerson {
				w.Fatalf("compared %+v", m)
			}
			if c.State != idem.CollectionConflict || c.Reason != idem.CollectionLookupDiffers {
				w.Errorf("collected %+v", c)
			}
			if v := w.Person(bob.Person.ID); v.Person.Verified || len(v.Photos) != 1 || w.Count() != 2 {
				w.Errorf("bob is %+v with %v of %d persons", v.Person, photos(v), w.Count())
			}
			_, err := w.Flows.Resolve(w.Context(), w.Admin, s.ID, bob.Person.ID)
			w.Must(err)
			if w.Person(bob.Person.ID).Person.Verified {
				w.Error("an operator's decision verified bob by the face of another person")
			}
			w.Must(w.Registry.Delete(w.Context(), w.Admin, bob.Person.ID))
			bob = newPerson(w, "bob", idem.PhotoDigital, iin("850505400012"))
		}
	})
}

// between is a store that has something happen at each of its changes.
type between struct {
	store.Store
	change func(made func() error) error
}

func (b *between) Update(ctx context.Context, org idem.OrgID, f func(store.Tx) error) error {
	return b.change(func() error { return b.Store.Update(ctx, org, f) })
}

// interposed returns the flows of the world on such a store.
func interposed(w *world, change func(made func() error) error) *flow.Flows {
	deps := w.Flows.Deps
	deps.Store = &between{w.Store, change}
	return flow.New(deps)
}

// TestPersonIsErasedWhileASessionStarts erases the person after the results
// were copied and before the session has them.
func TestPersonIsErasedWhileASessionStarts(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		_, c := w.Onboard(w.Flow(nil, ed, ld), known)
		id := w.Open(w.Flow(skipping, ed, ld), known).ID
		s, err := interposed(w, func(made func() error) error {
			_, err := w.Registry.Erase(w.Context(), w.Admin, c.Person, "T-1")
			w.Must(err)
			return made()
		}).Start(w.Context(), id)
		if err != nil || s.Steps[0].State != idem.StepPending || s.Steps[0].Result != nil || s.Person != "" {
			w.Errorf("the session is %+v, %v", s, err)
		}
	})
}

// TestPicturesOfALostCommitStay loses the connection while a result is
// committed: the result stands, and so does its picture.
func TestPicturesOfALostCommitStay(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		id := start(w, w.Open(w.Flow(nil, ld), "").ID).ID
		changes := 0
		_, _, err := interposed(w, func(made func() error) error {
			if err := made(); err != nil {
				return err
			}
			if changes++; changes == 2 {
				return idem.ErrDatabaseUnavailable
			}
			return nil
		}).Submit(w.Context(), id, 0, flowtest.Evidence("ann", 1))
		if s := state(w, id); s.Passed() != true || changes != 2 {
			w.Fatalf("%d changes, %v: %+v", changes, err, s)
		}
		if c := w.Collect(id); c.State != idem.CollectionDone || len(w.Person(c.Person).Photos) != 1 {
			w.Errorf("collected %+v", c)
		}
	})
}

// TestFailedCollectionRunsAgain uses up the attempts of a collection whose
// pictures cannot be read, mends that and runs its job again.
func TestFailedCollectionRunsAgain(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		id := w.Finish(w.Open(w.Flow(nil, ed, ld), "").ID).ID
		deps := w.Flows.Deps
		deps.Blobs = full{deps.Blobs}
		collection := func() (c idem.Collection) {
			w.Must(w.Store.View(w.Context(), w.Org, func(tx store.Tx) (err error) {
				c, err = tx.Collections().Get(w.Context(), id)
				return err
			}))
			return c
		}
		stop := work(w, flow.New(deps).Worker())
		await(w, "the last attempt", func() bool { w.Clock.Advance(10 * time.Minute); return collection().State == idem.CollectionFailed })
		stop()
		w.Must(w.Store.Update(w.Context(), w.Org, func(tx store.Tx) error { return tx.Jobs().Rerun(w.Context(), "flow.collect", string(id)) }))
		stop = work(w, w.Flows.Worker())
		defer stop()
		await(w, "the person", func() bool { return collection().State == idem.CollectionDone && w.Count() == 1 })
	})
}

// full is a blob store that cannot be read.
type full struct{ flow.Blobs }

func (full) Get(context.Context, idem.OrgID, string, idem.BlobRef) ([]byte, error) {
	return nil, idem.ErrStorageFull
}

// filling is a blob store that takes some pictures more; it knows which of them
// are left.
type filling struct {
	flow.Blobs
	room int
	left map[idem.BlobRef]bool
}

func (b *filling) Put(ctx context.Context, org idem.OrgID, key idem.DataKeyID, owner string, ref idem.BlobRef, plain []byte) error {
	if len(b.left) == b.room {
		return idem.ErrStorageFull
	}
	b.left[ref] = true
	return b.Blobs.Put(ctx, org, key, owner, ref, plain)
}

func (b *filling) Delete(ctx context.Context, org idem.OrgID, ref idem.BlobRef) error {
	delete(b.left, ref)
	return b.Blobs.Delete(ctx, org, ref)
}

// TestFullDiskTakesNothingFromEarlierSessions fills the disk behind each of the
// pictures that a session copies: the copies are gone, the originals are not.
func TestFullDiskTakesNothingFromEarlierSessions(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		lender, _ := w.Onboard(w.Flow(nil, ed, dr, ld), known)
		f := w.Flow(func(c *idem.PersonConfig) { c.SkipKnown, c.SkipTechnologies = true, []idem.TechCode{ed, dr} }, ed, dr, ld)
		originals := lender.Pictures()
		if len(originals) != 5 { // two sheets, a face of each step
			w.Fatalf("the earlier session has %d pictures", len(originals))
		}
		for room := range 5 {
			deps, blobs := w.Flows.Deps, &filling{w.Flows.Blobs, room, map[idem.BlobRef]bool{}}
			deps.Blobs = blobs
			s, err := flow.New(deps).Start(w.Context(), w.Open(f, known).ID)
			if room == 4 {
				if w.Must(err); s.Steps[0].State != idem.StepSkipped || s.Steps[1].State != idem.StepSkipped {
					w.Errorf("with room for all the session is %+v", s)
				}
			} else if wants(w, err, idem.ErrStorageFull); len(blobs.left) != 0 {
				w.Errorf("%d of %d copies are left", len(blobs.left), room)
			}
			for _, ref := range originals {
				if _, err := w.Flows.Picture(w.Context(), w.Org, &lender, ref); err != nil {
					w.Fatalf("room for %d: an original is gone: %v", room, err)
				}
			}
		}
	})
}
