package registry_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/audit"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
	"github.com/idem-id/idem/internal/vault"
	"github.com/idem-id/idem/internal/vault/vaulttest"
)

func TestLostAnswerOfACommitIsNoFailure(t *testing.T) {
	each(t, func(w *world) {
		for i, u := range []idem.FaceUniqueness{idem.UniquenessOff, idem.UniquenessReject} {
			w.uniqueness(u)
			before := w.totals()
			w.store.skip.Store(int32(i)) // the reservation is an update of its own
			w.store.after.Store(true)
			v, _, err := w.Create(w.Context(), w.me, portrait(string(u), 1))
			if err != nil {
				t.Fatalf("under %s: %v", u, err)
			}
			if got, err := w.Get(w.Context(), w.me, v.Person.ID); err != nil || len(got.Photos) != 1 {
				t.Errorf("under %s the person reads %+v, %v", u, got, err)
			}
			if data, _, err := w.PhotoImage(w.Context(), w.me, v.Person.ID, v.Photos[0].ID); err != nil || len(data) == 0 {
				t.Errorf("under %s the picture: %v", u, err)
			}
			if after := w.totals(); after.Persons != before.Persons+1 || after.Objects != before.Objects+1 {
				t.Errorf("under %s: %+v, before %+v", u, after, before)
			}
		}
	})
}

func TestFailedTransactionLeavesNothing(t *testing.T) {
	each(t, func(w *world) {
		w.create("anna", 1)
		person := w.create("bert", 1).Person.ID
		for i, u := range []idem.FaceUniqueness{idem.UniquenessOff, idem.UniquenessReject} {
			w.uniqueness(u)
			before := w.totals()
			destroyed := w.vault.destroyed.Load()
			boom := errors.New("boom")
			w.store.skip.Store(0)
			_, _, err := w.Create(w.Context(), w.me, portrait(fmt.Sprint("new", i), 1),
				func(context.Context, store.Tx, registry.Created) error { return boom })
			if !errors.Is(err, boom) {
				t.Fatalf("Create: %v", err)
			}
			_, _, err = w.AddPhoto(w.Context(), w.me, person, registry.Upload{Image: picture1("bert", 2), Type: idem.PhotoScan},
				func(context.Context, store.Tx, registry.PhotoAdded) error { return boom })
			if !errors.Is(err, boom) {
				t.Fatalf("AddPhoto: %v", err)
			}
			if after := w.totals(); after != before {
				t.Errorf("under %s: %+v, before %+v", u, after, before)
			}
			if n := w.vault.destroyed.Load() - destroyed; n != 1 {
				t.Errorf("%d keys destroyed, want that of the new person alone", n)
			}
			if _, _, err := w.Create(w.Context(), w.me, portrait(fmt.Sprint("new", i), 2)); err != nil {
				t.Errorf("the withdrawn face still counts: %v", err)
			}
		}
	})
}

func TestFullDiskLeavesNothing(t *testing.T) {
	each(t, func(w *world) {
		before := w.totals()
		w.blobs.full.Store(true)
		if _, _, err := w.Create(w.Context(), w.me, portrait("anna", 1)); !errors.Is(err, idem.ErrStorageFull) {
			t.Fatalf("Create: %v", err)
		}
		if after := w.totals(); after != before {
			t.Errorf("%+v, before %+v", after, before)
		}
	})
}

func TestUnknownOutcomeKeepsThePicture(t *testing.T) {
	each(t, func(w *world) {
		w.uniqueness(idem.UniquenessOff)
		before := w.totals()
		w.store.before.Store(true)
		if _, _, err := w.Create(w.Context(), w.me, portrait("anna", 1)); !errors.Is(err, errLost) {
			t.Fatalf("Create: %v", err)
		}
		after := w.totals()
		if after.Persons != before.Persons || after.Left != before.Left || after.Objects > before.Objects+1 {
			t.Errorf("%+v, before %+v", after, before)
		}
	})
}

func TestLostLeaseStartsAnew(t *testing.T) {
	v := vaulttest.New(t)
	storetest.Each(t, func(t *testing.T, s store.Store) {
		w := newWorld(t, s, v, gallery.Options{Lease: 200 * time.Millisecond})
		w.uniqueness(idem.UniquenessReject)
		slow := true
		v, _, err := w.Create(w.Context(), w.me, portrait("anna", 1), func(ctx context.Context, tx store.Tx, _ registry.Created) error {
			if slow {
				slow = false
				return gallery.ErrLeaseLost
			}
			return nil
		})
		w.must(err)
		if f := v.Photos[0]; f.EntrySeq <= 1 {
			t.Errorf("the entry is number %d: the first reservation was not given up", f.EntrySeq)
		}
		if _, _, err := w.Create(w.Context(), w.me, portrait("anna", 2)); !errors.Is(err, idem.ErrFaceKnown) {
			t.Errorf("the same face again: %v", err)
		}
	}, storetest.WithSealer(v))
}

func TestAbandonedReservationDoesNotBlock(t *testing.T) {
	v := vaulttest.New(t)
	storetest.Each(t, func(t *testing.T, s store.Store) {
		w := newWorld(t, s, v, gallery.Options{Lease: 100 * time.Millisecond})
		w.uniqueness(idem.UniquenessReject)
		ctx, cancel := context.WithCancel(w.Context())
		w.blobs.stuck.Store(true)
		_, _, err := w.Create(ctx, w.me, portrait("anna", 1), func(context.Context, store.Tx, registry.Created) error {
			cancel() // the client is gone
			return context.Canceled
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("Create: %v", err)
		}
		w.blobs.stuck.Store(false)
		if _, _, err := w.Create(w.Context(), w.me, portrait("anna", 2)); err != nil {
			t.Errorf("the face of an abandoned enrolment: %v", err)
		}
	}, storetest.WithSealer(v))
}

func TestInterruptedErasureIsCompleted(t *testing.T) {
	each(t, func(w *world) {
		for _, resume := range []bool{true, false} {
			id := w.create(newID(), 1).Person.ID
			w.vault.stuck.Store(true)
			if _, err := w.Erase(w.Context(), w.me, id, "ticket 1"); err == nil {
				t.Fatal("erased although the key could not be destroyed")
			}
			w.vault.stuck.Store(false)
			w.blobs.stuck.Store(true)
			if _, err := w.Erase(w.Context(), w.me, id, "ticket 1"); err == nil {
				t.Fatal("erased although the picture could not be deleted")
			}
			w.blobs.stuck.Store(false)
			if resume {
				if n, err := w.ResumeErasures(w.Context(), w.me.Org); n != 1 || err != nil {
					t.Fatalf("resumed %d: %v", n, err)
				}
			} else if r, err := w.Erase(w.Context(), w.me, id, "ticket 1"); err != nil || r.Seq == 0 || r.Photos != 1 {
				t.Fatalf("receipt %+v: %v", r, err)
			}
			if n, err := w.ResumeErasures(w.Context(), w.me.Org); n != 0 || err != nil {
				t.Errorf("resumed %d once more: %v", n, err)
			}
			if _, err := w.Erase(w.Context(), w.me, id, "ticket 1"); !errors.Is(err, idem.ErrPersonErased) {
				t.Errorf("erasing a third time: %v", err)
			}
		}
		if got := w.totals(); got.Objects != 0 {
			t.Errorf("%d objects are left", got.Objects)
		}
		if _, err := audit.Verify(w.Context(), w.store, w.me.Org); err != nil {
			t.Error(err)
		}
		if _, err := w.gallery.Verify(w.Context(), w.me.Org); err != nil {
			t.Error(err)
		}
	})
}

func TestIdentify(t *testing.T) {
	each(t, func(w *world) {
		anna, bert := w.create("anna", 1), w.create("bert", 1)
		_, _, err := w.AddPhoto(w.Context(), w.me, anna.Person.ID, registry.Upload{Image: picture1("anna", 2), Type: idem.PhotoScan})
		w.must(err)
		gone := w.create("anna", 3)
		w.must(w.Delete(w.Context(), w.me, gone.Person.ID))

		got, err := w.Identify(w.Context(), w.me, picture1("anna", 9), registry.IdentifyQuery{})
		w.must(err)
		if len(got.Candidates) != 1 || got.Candidates[0].Person != anna.Person.ID || got.Candidates[0].Score < 0.8 || got.Candidates[0].FMR != 1e-6 {
			t.Fatalf("candidates %+v", got.Candidates)
		}
		if got.Compared != 3 || got.Threshold != 0.56 || got.FMR != 1e-6 || math.Abs(got.ExpectedFalse-3e-6) > 1e-12 || got.Position == 0 {
			t.Errorf("identification %+v", got)
		}
		if got.Face.Code != "OK" || got.Face.Faces != 1 || got.Face.Quality != 80 {
			t.Errorf("face %+v", got.Face)
		}
		floor := -1.0
		all, err := w.Identify(w.Context(), w.me, picture1("anna", 9), registry.IdentifyQuery{MinScore: &floor})
		w.must(err)
		if len(all.Candidates) != 2 || all.Candidates[1].Person != bert.Person.ID || all.Candidates[1].Score > 0.3 {
			t.Errorf("candidates at any score %+v", all.Candidates)
		}
		w.filtered(anna.Person.ID, bert.Person.ID, floor)
		if _, _, err := w.Create(w.Context(), w.me, portrait("anna", 4)); err != nil {
			t.Error(err)
		}
		if one, err := w.Identify(w.Context(), w.me, picture1("anna", 9), registry.IdentifyQuery{K: 1}); err != nil || len(one.Candidates) != 1 {
			t.Errorf("the best one: %+v, %v", one.Candidates, err)
		}
	})
}

func (w *world) filtered(anna, bert idem.PersonID, floor float64) {
	w.Helper()
	_, err := w.SetVerified(w.Context(), w.me, bert, true, nil)
	w.must(err)
	yes := true
	for name, f := range map[string]registry.IdentifyFilters{
		"verified": {Verified: &yes}, "ids": {IDs: []idem.PersonID{bert}}, "nobody": {IDs: []idem.PersonID{}},
	} {
		got, err := w.Identify(w.Context(), w.me, picture1("anna", 9), registry.IdentifyQuery{K: 1, MinScore: &floor, Filters: f})
		w.must(err)
		if want := map[bool]int{true: 0, false: 1}[name == "nobody"]; len(got.Candidates) != want || want == 1 && got.Candidates[0].Person != bert {
			w.Errorf("filter %s: %+v", name, got.Candidates)
		}
	}
}

// TestIdentifyPastTheFiltered puts many that a filter turns away before the one
// that it admits.
func TestIdentifyPastTheFiltered(t *testing.T) {
	each(t, func(w *world) {
		for i := range 10 {
			v := w.create("anna", uint8(i))
			if i < 5 {
				w.must(w.Delete(w.Context(), w.me, v.Person.ID))
			}
		}
		bert, floor, yes := w.create("bert", 1), -1.0, true
		_, err := w.SetVerified(w.Context(), w.me, bert.Person.ID, true, nil)
		w.must(err)
		got, err := w.Identify(w.Context(), w.me, picture1("anna", 20),
			registry.IdentifyQuery{K: 1, MinScore: &floor, Filters: registry.IdentifyFilters{Verified: &yes}})
		w.must(err)
		if len(got.Candidates) != 1 || got.Candidates[0].Person != bert.Person.ID {
			t.Errorf("the only verified person is not found behind others: %+v", got.Candidates)
		}
		live, err := w.Identify(w.Context(), w.me, picture1("anna", 20), registry.IdentifyQuery{K: 6, MinScore: &floor})
		w.must(err)
		if len(live.Candidates) != 6 {
			t.Errorf("%d candidates of 6 live persons: deleted ones took places", len(live.Candidates))
		}
	})
}

func TestIdentifyRefusals(t *testing.T) {
	each(t, func(w *world) {
		w.create("anna", 1)
		low, high, rate := -2.0, 0.5, 1e-7
		for code, q := range map[string]registry.IdentifyQuery{
			"VALIDATION_FAILED":  {K: 101},
			"FMR_NOT_CALIBRATED": {FMR: &rate},
		} {
			if _, err := w.Identify(w.Context(), w.me, picture1("anna", 2), q); idem.CodeOf(err) != code {
				t.Errorf("%s: %v", code, err)
			}
		}
		for _, q := range []registry.IdentifyQuery{{MinScore: &low}, {MinScore: &high, FMR: &high}, {K: -1}} {
			if _, err := w.Identify(w.Context(), w.me, picture1("anna", 2), q); idem.CodeOf(err) != "VALIDATION_FAILED" {
				t.Errorf("query %+v: %v", q, err)
			}
		}
		got, err := w.Identify(w.Context(), w.me, facetest.JPEG(facetest.Plain()), registry.IdentifyQuery{})
		if err != nil || got.Face.Code != "FACE_NOT_FOUND" || got.Compared != 0 || len(got.Candidates) != 0 {
			t.Errorf("without a face: %+v, %v", got, err)
		}
		if _, err := w.Identify(w.Context(), w.me, []byte("no picture"), registry.IdentifyQuery{}); idem.CodeOf(err) != "IMAGE_TYPE_UNSUPPORTED" {
			t.Errorf("without a picture: %v", err)
		}
		w.engine.off.Store(true)
		if _, err := w.Identify(w.Context(), w.me, picture1("anna", 2), registry.IdentifyQuery{}); idem.KindOf(err) != idem.Unavailable {
			t.Errorf("without an engine: %v", err)
		}
		nobody := idem.Principal{Org: w.me.Org}
		if _, err := w.Identify(w.Context(), nobody, picture1("anna", 2), registry.IdentifyQuery{}); !errors.Is(err, idem.ErrRoleForbidden) {
			t.Errorf("without permission: %v", err)
		}
	})
}

func TestVerify(t *testing.T) {
	each(t, func(w *world) {
		anna := w.create("anna", 1)
		second, _, err := w.AddPhoto(w.Context(), w.me, anna.Person.ID, registry.Upload{Image: picture1("anna", 2), Type: idem.PhotoScan})
		w.must(err)
		got, err := w.Verify(w.Context(), w.me, picture1("anna", 2), registry.Reference{Person: anna.Person.ID})
		w.must(err)
		if !got.Match || !got.Compared || got.Score < 0.999 || got.Photo != second.ID || got.Threshold != 0.42 || got.ThresholdFMR != 1e-4 || got.Reference != nil {
			t.Errorf("against the person: %+v", got)
		}
		rate := 1e-6
		got, err = w.Verify(w.Context(), w.me, picture1("bert", 1), registry.Reference{Person: anna.Person.ID, FMR: &rate})
		w.must(err)
		if got.Match || !got.Compared || got.Threshold != 0.56 || got.FMR < 1e-3 {
			t.Errorf("a stranger: %+v", got)
		}
		got, err = w.Verify(w.Context(), w.me, picture1("anna", 1), registry.Reference{Image: picture1("anna", 5)})
		w.must(err)
		if !got.Match || got.Photo != "" || got.Reference == nil || got.Reference.Code != "OK" {
			t.Errorf("against a picture: %+v", got)
		}
		got, err = w.Verify(w.Context(), w.me, picture1("anna", 1), registry.Reference{Image: facetest.JPEG(facetest.Plain())})
		w.must(err)
		if got.Match || got.Compared || got.Reference.Code != "FACE_NOT_FOUND" || got.Probe.Code != "OK" {
			t.Errorf("against nobody: %+v", got)
		}
		for code, ref := range map[string]registry.Reference{
			"VALIDATION_FAILED": {}, "PERSON_NOT_FOUND": {Person: idem.PersonID(newID())},
		} {
			if _, err := w.Verify(w.Context(), w.me, picture1("anna", 1), ref); idem.CodeOf(err) != code {
				t.Errorf("%s: %v", code, err)
			}
		}
		w.must(w.Delete(w.Context(), w.me, anna.Person.ID))
		if _, err := w.Verify(w.Context(), w.me, picture1("anna", 1), registry.Reference{Person: anna.Person.ID}); !errors.Is(err, idem.ErrPersonDeleted) {
			t.Errorf("against a deleted person: %v", err)
		}
	})
}

func TestBatchKeepsOrder(t *testing.T) {
	each(t, func(w *world) {
		w.uniqueness(idem.UniquenessReject)
		const n = 20
		var mu sync.Mutex
		asked := map[int]int{}
		made := w.CreateBatch(w.Context(), w.me, n, func(i int) (registry.NewPerson, error) {
			mu.Lock()
			defer mu.Unlock()
			asked[i]++
			if i == 7 {
				return registry.NewPerson{}, idem.ErrAliasType
			}
			return portrait(fmt.Sprint(i%10), uint8(i)), nil
		}, nil)
		for i, m := range made {
			want := map[bool]string{true: "INTERNAL", false: "FACE_ALREADY_KNOWN"}[i < 10 || i == 17]
			if i == 7 {
				want = "ALIAS_TYPE_NOT_ALLOWED"
			}
			if ok := m.Err == nil; ok != (want == "INTERNAL") || !ok && idem.CodeOf(m.Err) != want {
				t.Errorf("item %d: %v, want %s", i, m.Err, want)
			}
			if asked[i] != 1 {
				t.Errorf("item %d was read %d times", i, asked[i])
			}
		}
		var ids []string
		for _, m := range made {
			if m.Err == nil {
				ids = append(ids, string(m.Created.Person.ID))
			}
		}
		if len(ids) != 10 || !slices.IsSorted(ids) {
			t.Errorf("created %v", ids)
		}
	})
}

// TestOneErasureDoesNotHinderOthers resumes three erasures, of which the middle
// one cannot be completed.
func TestOneErasureDoesNotHinderOthers(t *testing.T) {
	each(t, func(w *world) {
		var persons [3]idem.Person
		w.vault.stuck.Store(true)
		for i := range persons {
			persons[i] = w.create(newID(), byte(i+1)).Person
			if _, err := w.Erase(w.Context(), w.me, persons[i].ID, "ticket 1"); err == nil {
				w.Fatal("erased although the key could not be destroyed")
			}
		}
		w.vault.stuck.Store(false)
		w.vault.lost.Store(&persons[1].DataKey)
		if n, err := w.ResumeErasures(w.Context(), w.me.Org); n != 2 || !errors.Is(err, vault.ErrKeyMissing) {
			w.Errorf("resumed %d: %v", n, err)
		}
		w.vault.lost.Store(nil)
		if n, err := w.ResumeErasures(w.Context(), w.me.Org); n != 1 || err != nil {
			w.Errorf("resumed %d of the rest: %v", n, err)
		}
	})
}

func TestFlowCreatesWithoutPhoto(t *testing.T) {
	each(t, func(w *world) {
		if _, _, err := w.Create(w.Context(), w.me, registry.NewPerson{}); idem.CodeOf(err) != "VALIDATION_FAILED" {
			t.Errorf("an operator without a photo: %v", err)
		}
		flow := w.me
		flow.Actor = idem.Actor{Source: idem.SourceFlow, Session: idem.SessionID(newID())}
		v, _, err := w.Create(w.Context(), flow, registry.NewPerson{Verified: true})
		w.must(err)
		if len(v.Photos) != 0 || v.DefaultPhoto() != nil || v.Person.CreatedSource != idem.SourceFlow {
			t.Errorf("created %+v", v)
		}
		items, _, total, err := w.Actions(w.Context(), w.me, v.Person.ID, registry.ActionQuery{Source: idem.SourceFlow}, store.Page{Limit: 10})
		w.must(err)
		if total != 1 || items[0].Actor != flow.Actor {
			t.Errorf("actions %+v", items)
		}
		w.vault.stuck.Store(true)
		if _, err := w.Erase(w.Context(), w.me, v.Person.ID, "x"); err == nil {
			t.Error("erased although the key could not be destroyed")
		}
		w.vault.stuck.Store(false)
		if n, err := w.ResumeErasures(w.Context(), w.me.Org); n != 1 || err != nil || w.vault.destroyed.Load() == 0 {
			t.Errorf("resumed %d: %v", n, err)
		}
	})
}

func TestActionsAreCountedOverPages(t *testing.T) {
	each(t, func(w *world) {
		v := w.create("anna", 1)
		for i := range 5 {
			_, err := w.SetVerified(w.Context(), w.me, v.Person.ID, i%2 == 0, nil)
			w.must(err)
		}
		page := store.Page{Limit: 3}
		var seqs []int64
		for {
			items, next, total, err := w.Actions(w.Context(), w.me, v.Person.ID, registry.ActionQuery{}, page)
			w.must(err)
			if total != 7 {
				t.Errorf("total %d", total)
			}
			for _, a := range items {
				seqs = append(seqs, a.Seq)
			}
			if next == "" {
				break
			}
			page.After = next
		}
		if len(seqs) != 7 || !slices.IsSortedFunc(seqs, func(a, b int64) int { return int(b - a) }) {
			t.Errorf("positions %v", seqs)
		}
	})
}
