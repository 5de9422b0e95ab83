package flow_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/flow/flowtest"
	"github.com/idem-id/idem/internal/registry"
)

func skipping(c *idem.PersonConfig) { c.SkipKnown = true }

const known = `{"custom_id":"C-7"}`

func TestPersons_75_KnownPersonsSkipTheDocument(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		source, first := w.Onboard(w.Flow(nil, ed, ld), known)
		f := w.Flow(skipping, ed, ld, f2f)
		w.Limit(ed, 5)
		w.Events.Take()
		s := start(w, w.Open(f, known).ID)
		if s.Steps[0].State != idem.StepSkipped || s.Steps[0].Copied != source.ID || s.Current() != 1 {
			w.Fatalf("the session is %+v", s)
		}
		if told := w.Events.Take(); len(told) != 2 || told[1] != "technology.end ED SKIPPED" {
			w.Errorf("told %v", told)
		}
		a, err := w.Flows.Picture(w.Context(), w.Org, &source, source.Steps[0].Result.Face)
		w.Must(err)
		b, err := w.Flows.Picture(w.Context(), w.Org, &s, s.Steps[0].Result.Face)
		if err != nil || !bytes.Equal(a, b) || source.Steps[0].Result.Face == s.Steps[0].Result.Face {
			w.Errorf("the copied portrait: %v", err)
		}
		w.Step(s.ID, 1)
		s = w.Step(s.ID, 2)
		c := w.Collect(s.ID)
		if !s.Passed() || w.Left(ed) != 5 || c.Person != first.Person || !w.Person(c.Person).Person.Verified {
			w.Errorf("%s left %d units, collected %+v", s.State, w.Left(ed), c)
		}
		third := start(w, w.Open(f, known).ID)
		if third.Steps[0].Copied != source.ID {
			w.Errorf("a copy was copied: %+v", third.Steps[0])
		}
	})
}

func TestPersons_76_UnknownPersonsRunEverything(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f := w.Flow(skipping, ed, ld)
		runs := func(what, metadata string) {
			w.Helper()
			if s := start(w, w.Open(f, metadata).ID); s.Steps[0].State != idem.StepPending || s.State != idem.SessionProgress {
				w.Errorf("%s: %+v", what, s.Steps[0])
			}
		}
		runs("unknown", known)
		w.Onboard(w.Flow(nil, ed, ld), known)
		runs("no metadata", "")
		newPerson(w, "bob", idem.PhotoOther, phone("+77005550000"))
		runs("ambiguous", `{"custom_id":"C-7","phone":"+77005550000"}`)
		newPerson(w, "cid", idem.PhotoOther, custom("C-8"))
		runs("no earlier document", `{"custom_id":"C-8"}`)
		old := w.Flow(func(c *idem.PersonConfig) { c.SkipKnown, c.SkipMaxAge = true, time.Hour }, ed, ld)
		w.Clock.Advance(2 * time.Hour)
		if s := start(w, w.Open(old, known).ID); s.Steps[0].State != idem.StepPending {
			w.Errorf("too old: %+v", s.Steps[0])
		}
		if s := start(w, w.Open(f, known).ID); s.Steps[0].State != idem.StepSkipped {
			w.Errorf("of any age: %+v", s.Steps[0])
		}
		w.Holder.Expires(idem.DateOf(w.Clock.Now()))
		w.Onboard(w.Flow(nil, ed, ld), known)
		w.Clock.Advance(48 * time.Hour)
		if s := start(w, w.Open(f, known).ID); s.Steps[0].Result == nil || s.Steps[0].Result.Document.Expiry.Year != 2090 {
			w.Errorf("the expired one was taken: %+v", s.Steps[0])
		}
	})
}

func TestPersons_77_PresenceIsNeverSkipped(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		w.Onboard(w.Flow(nil, ed, ld, f2f), known)
		s := start(w, w.Open(w.Flow(skipping, ld, ed, f2f), known).ID)
		if s.Steps[0].State != idem.StepPending || s.Steps[1].State != idem.StepSkipped || s.Steps[2].State != idem.StepPending {
			w.Errorf("the steps are %+v", s.Steps)
		}
	})
}

func TestAllStepsSkippedVerifyNobody(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		_, c := w.Onboard(w.Flow(nil, ed), known)
		s := start(w, w.Open(w.Flow(skipping, ed), known).ID)
		again := w.Collect(s.ID)
		if !s.Passed() || again.Person != c.Person || w.Person(c.Person).Person.Verified {
			w.Errorf("%s, collected %+v", s.State, again)
		}
	})
}

// addPhoto gives a person one more photo.
func addPhoto(w *world, who idem.PersonID, kind idem.PhotoType, data []byte) {
	w.Helper()
	_, _, err := w.Registry.AddPhoto(w.Context(), w.Admin, who, registry.Upload{Image: data, Type: kind})
	w.Must(err)
}

// compared runs a session that compares with the person's photos.
func compared(w *world, codes ...idem.TechCode) *idem.MatchResult {
	w.Helper()
	s := w.Finish(w.Open(w.Flow(func(c *idem.PersonConfig) { c.PersonPhoto = true }, codes...), known).ID)
	last := s.Steps[len(s.Steps)-1].Result
	if !s.Passed() || last == nil || last.Match == nil {
		w.Fatalf("the session is %+v", s)
	}
	return last.Match
}

func TestPersons_78_BestPhotoOfThePerson(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		v := newPerson(w, "ann", idem.PhotoLive, custom("C-7"))
		addPhoto(w, v.Person.ID, idem.PhotoDigital, facetest.JPEG(facetest.Picture("ann", 8)))
		m, now := compared(w, ld, dr, f2f), w.Person(v.Person.ID)
		if m.Source != idem.ReferencePerson || m.PhotoType != idem.PhotoDigital || m.Photo != now.DefaultPhoto().ID {
			w.Errorf("compared with %+v", m)
		}
	})
}

func TestPersons_79_NextPhotoOfThePerson(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		v := newPerson(w, "ann", idem.PhotoScan, custom("C-7"))
		addPhoto(w, v.Person.ID, idem.PhotoDigital, facetest.JPEG(facetest.Tiny("ann")))
		if m := compared(w, ld, f2f); m.Source != idem.ReferencePerson || m.PhotoType != idem.PhotoScan {
			w.Errorf("compared with %+v", m)
		}
	})
}

func TestPersons_80_DocumentWithoutPhotos(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		w.Document.Finds(flowtest.Card("ann", "", "D1"))
		if m := compared(w, ld, dr, f2f); m.Source != idem.ReferenceDocument || m.Photo != "" {
			w.Errorf("compared with %+v", m)
		}
		s := w.Finish(w.Open(w.Flow(func(c *idem.PersonConfig) { c.PersonPhoto = true }, ld, f2f), "").ID)
		if s.State != idem.SessionFailed || s.Failure != idem.FailureNoReference {
			w.Errorf("without any reference the session is %+v", s)
		}
	})
}

func TestPersonIsFoundByEarlierSteps(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		newPerson(w, "ann", idem.PhotoDigital, iin(flowtest.IIN))
		s := w.Finish(w.Open(w.Flow(func(c *idem.PersonConfig) { c.PersonPhoto = true }, ld, dr, f2f), "").ID)
		if m := s.Steps[2].Result.Match; m.Source != idem.ReferencePerson {
			w.Errorf("compared with %+v", m)
		}
	})
}

// TestClaimedSessionsLendNothing has a stranger name a person, show a document
// of their own and leave: the person's next session does not take it over.
func TestClaimedSessionsLendNothing(t *testing.T) {
	both := func(c *idem.PersonConfig) { c.SkipKnown, c.SkipTechnologies = true, []idem.TechCode{ed, dr} }
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		source, _ := w.Onboard(w.Flow(nil, ed, dr, ld), known)
		w.Clock.Advance(time.Minute)
		stranger := start(w, w.Open(w.Flow(skipping, ed, dr, ld), known).ID)
		w.Document.Finds(flowtest.Card("bob", "850505400012", "D9"))
		w.Step(stranger.ID, 1)
		s := start(w, w.Open(w.Flow(both, ed, dr, ld), known).ID)
		if s.Steps[1].Copied != source.ID || s.Steps[1].Result.Document.Number != "D1" {
			w.Errorf("the document is that of session %s: %+v", s.Steps[1].Copied, s.Steps[1].Result.Document)
		}
	})
}

func TestLookupOfAnotherPersonIsAConflict(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		w.Onboard(w.Flow(nil, ed, ld), known)
		w.Holder.Holds("bob", "E2")
		s := w.Open(w.Flow(func(c *idem.PersonConfig) { c.SkipKnown, c.SkipTechnologies = true, []idem.TechCode{dr} }, dr, ed), `{"iin":"`+flowtest.IIN+`"}`)
		w.Document.Finds(flowtest.Card("bob", "", "D9"))
		newPerson(w, "bob", idem.PhotoOther, iin("850505400012"))
		ended := w.FinishAs(s.ID, "850505400012", "+77001112233")
		if c := w.Collect(s.ID); !ended.Passed() || c.Reason != idem.CollectionLookupDiffers {
			w.Errorf("collected %+v", c)
		}
	})
}
