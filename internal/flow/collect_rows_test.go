package flow_test

import (
	"fmt"
	"image"
	"slices"
	"sync"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/flow/flowtest"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
)

// aliases writes a person's aliases without SYSTEM_ID.
func aliases(v registry.View) (out []string) {
	for _, a := range v.Aliases {
		if a.Type != idem.AliasSystemID {
			out = append(out, string(a.Type)+"="+a.Norm)
		}
	}
	slices.Sort(out)
	return out
}

// photos writes a person's photos, the default with a star.
func photos(v registry.View) (out []string) {
	for _, p := range v.Photos {
		line := string(p.Type)
		if p.Default {
			line += "*"
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func same(w *world, what string, got any, want ...string) {
	w.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.Errorf("%s are %v, want %v", what, got, want)
	}
}

// newPerson makes a person by the API.
func newPerson(w *world, identity string, kind idem.PhotoType, given ...registry.AliasInput) registry.View {
	w.Helper()
	v, _, err := w.Registry.Create(w.Context(), w.Admin, registry.NewPerson{Aliases: given,
		Photo: &registry.Upload{Image: facetest.JPEG(facetest.Picture(identity, 7)), Type: kind}})
	w.Must(err)
	return v
}

func iin(value string) registry.AliasInput {
	return registry.AliasInput{Type: idem.AliasPersonalNumber, Value: value}
}

func phone(value string) registry.AliasInput {
	return registry.AliasInput{Type: idem.AliasPhone, Value: value}
}

func custom(value string) registry.AliasInput {
	return registry.AliasInput{Type: idem.AliasCustom, Value: value}
}

// sources lists the sources of a person's actions, each once.
func sources(list []idem.Action) (out []string) {
	for _, a := range list {
		if s := string(a.Actor.Source); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func TestPersons_34_FlowActionsNameTheirSession(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		s, c := w.Onboard(w.Flow(nil, ed, ld), "")
		list := w.Actions(c.Person)
		for _, a := range list {
			if a.Actor != (idem.Actor{Source: idem.SourceFlow, Session: s.ID}) {
				w.Errorf("%s was done by %+v", a.Type, a.Actor)
			}
		}
		if len(list) != 6 || list[0].Type != idem.ActionPersonCreated {
			w.Errorf("the actions are %+v", list)
		}
	})
}

func TestPersons_35_ActionsBySource(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		_, c := w.Onboard(w.Flow(nil, ed, ld), "")
		api := w.Admin
		api.Actor = idem.Actor{Source: idem.SourceAPI}
		_, _, err := w.Registry.AddAlias(w.Context(), api, c.Person, custom("a"))
		w.Must(err)
		_, _, err = w.Registry.AddAlias(w.Context(), w.Admin, c.Person, custom("b"))
		w.Must(err)
		total := 0
		for source, want := range map[idem.Source]int{idem.SourceFlow: 6, idem.SourceAPI: 1, idem.SourceCabinet: 1} {
			list, _, _, err := w.Registry.Actions(w.Context(), w.Admin, c.Person, registry.ActionQuery{Source: source}, store.Page{Limit: 100})
			w.Must(err)
			newest := slices.IsSortedFunc(list, func(a, b idem.Action) int { return int(b.Seq - a.Seq) })
			if len(list) != want || !newest || !slices.Equal(sources(list), []string{string(source)}) {
				w.Errorf("%s has %+v", source, list)
			}
			total += len(list)
		}
		if all := w.Actions(c.Person); len(all) != total {
			w.Errorf("%d actions in all, %d by source", len(all), total)
		}
	})
}

func TestPersons_38_KnownPersonsNeedNoUnit(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f, known := w.Flow(nil, ed, ld), newPerson(w, "ann", idem.PhotoOther, iin(flowtest.IIN))
		w.Limit(idem.TechPersons, 0)
		s, c := w.Onboard(f, "")
		if !s.Passed() || c.State != idem.CollectionDone || c.Person != known.Person.ID {
			w.Errorf("collected %+v of %s", c, s.State)
		}
		same(w, "photos", photos(w.Person(c.Person)), "DIGITAL*", "LIVE", "OTHER")
	})
}

func TestPersons_39_NoUnitNoPerson(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f := w.Flow(nil, ed, ld)
		w.Limit(idem.TechPersons, 1)
		newPerson(w, "bob", idem.PhotoOther)
		s, c := w.Onboard(f, "")
		if !s.Passed() || c.State != idem.CollectionSkipped || c.Reason != idem.CollectionLimitReached || w.Count() != 1 {
			w.Errorf("used up: %+v of %s", c, s.State)
		}
		w.Limit(idem.TechPersons, 0)
		if _, c = w.Onboard(f, ""); c.Reason != idem.CollectionLimitReached && c.Reason != idem.CollectionNoSubscription || w.Count() != 1 {
			w.Errorf("taken away: %+v", c)
		}
	})
}

func TestPersons_58_FirstSessionMakesAPerson(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f := w.Flow(nil, ed, ld)
		w.Limit(idem.TechPersons, 5)
		s, c := w.Onboard(f, "")
		v := w.Person(c.Person)
		same(w, "aliases", aliases(v), "DOCUMENT_NUMBER=E1", "PERSONAL_NUMBER="+flowtest.IIN, "PHONE="+flowtest.Phone)
		same(w, "photos", photos(v), "DIGITAL*", "LIVE")
		if v.Person.Verified || v.Person.CreatedSource != idem.SourceFlow || v.SessionCount != 1 || w.Left(idem.TechPersons) != 4 {
			w.Errorf("the person is %+v, %d sessions, %d units left", v.Person, v.SessionCount, w.Left(idem.TechPersons))
		}
		links, err := w.Registry.Sessions(w.Context(), w.Admin, c.Person)
		if err != nil || len(links) != 1 || links[0].Session != s.ID || links[0].Role != idem.LinkCreated {
			w.Errorf("linked %+v, %v", links, err)
		}
	})
}

func TestPersons_59_MatchVerifiesTheSamePerson(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		_, first := w.Onboard(w.Flow(nil, ed, ld), "")
		_, second := w.Onboard(w.Flow(nil, ed, ld, f2f), "")
		v := w.Person(first.Person)
		if first.Person != second.Person || !v.Person.Verified || w.Count() != 1 || len(v.Aliases) != 4 {
			w.Errorf("collected %+v and %+v: %+v", first, second, v)
		}
		same(w, "photos", photos(v), "DIGITAL*", "LIVE")
	})
}

func TestPersons_60_OneLivePhotoIsEnough(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f := w.Flow(nil, ed, ld)
		_, c := w.Onboard(f, "")
		before := w.Person(c.Person)
		_, again := w.Onboard(f, "")
		v := w.Person(c.Person)
		if again.Person != c.Person || len(v.Photos) != len(before.Photos) || v.Person.Version != before.Person.Version || len(w.Actions(c.Person)) != 6 {
			w.Errorf("before %+v, after %+v", before, v)
		}
		links, err := w.Registry.Sessions(w.Context(), w.Admin, c.Person)
		if err != nil || len(links) != 2 || links[0].Role != idem.LinkMatched {
			w.Errorf("linked %+v, %v", links, err)
		}
	})
}

func TestPersons_61_ScannedDocument(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		_, c := w.Onboard(w.Flow(nil, dr), "")
		v := w.Person(c.Person)
		same(w, "aliases", aliases(v), "DOCUMENT_NUMBER=D1", "PERSONAL_NUMBER="+flowtest.IIN)
		same(w, "photos", photos(v), "SCAN*")
	})
}

func TestPersons_62_CustomAliasOfTheMetadata(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		_, c := w.Onboard(w.Flow(nil, dr), `{"custom_id":"C-7","phone":"+77009998877"}`)
		found, err := w.Registry.Search(w.Context(), w.Admin, []registry.AliasInput{custom("C-7")})
		if err != nil || !slices.Equal(found, []idem.PersonID{c.Person}) {
			w.Errorf("found %v, %v", found, err)
		}
		same(w, "aliases", aliases(w.Person(c.Person)), "CUSTOM=C-7", "DOCUMENT_NUMBER=D1", "PERSONAL_NUMBER="+flowtest.IIN)
	})
}

func TestPersons_63_NoCustomAliasWithoutMetadata(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		_, c := w.Onboard(w.Flow(nil, dr), `{"other":"C-7"}`)
		same(w, "aliases", aliases(w.Person(c.Person)), "DOCUMENT_NUMBER=D1", "PERSONAL_NUMBER="+flowtest.IIN)
	})
}

func TestPersons_64_CustomAliasLeadsToThePerson(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		known := newPerson(w, "ann", idem.PhotoOther, custom("C-7"))
		_, c := w.Onboard(w.Flow(nil, dr), `{"custom_id":"C-7"}`)
		if c.Person != known.Person.ID || w.Count() != 1 {
			w.Errorf("collected %+v", c)
		}
		same(w, "aliases", aliases(w.Person(c.Person)), "CUSTOM=C-7", "DOCUMENT_NUMBER=D1", "PERSONAL_NUMBER="+flowtest.IIN)
	})
}

func TestPersons_65_CollectionSwitchedOff(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		off := w.Flow(func(c *idem.PersonConfig) { c.Collect = false }, dr)
		s, c := w.Onboard(off, "")
		if !s.Passed() || c.State != idem.CollectionSkipped || c.Reason != idem.CollectionDisabled || w.Count() != 0 {
			w.Errorf("collected %+v", c)
		}
		if newPerson(w, "ann", idem.PhotoOther); w.Count() != 1 {
			w.Error("the API made no person")
		}
	})
}

func TestPersons_67_CollectedOnce(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		s, c := w.Onboard(w.Flow(nil, ed, ld), "")
		before := len(w.Actions(c.Person))
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() { _, _ = w.Flows.Collect(w.Context(), w.Org, s.ID) })
		}
		wait.Wait()
		if again := w.Collect(s.ID); again.Person != c.Person || w.Count() != 1 || len(w.Actions(c.Person)) != before {
			w.Errorf("collected again: %+v", again)
		}
		w.Document.Finds(flowtest.Card("cid", "X9", "D9"))
		fresh := w.Finish(w.Open(w.Flow(nil, dr), "").ID)
		for range 4 {
			wait.Go(func() { _, _ = w.Flows.Collect(w.Context(), w.Org, fresh.ID) })
		}
		wait.Wait()
		if c := w.Collect(fresh.ID); c.State != idem.CollectionDone || w.Count() != 2 || len(w.Actions(c.Person)) != 4 {
			w.Errorf("collected at once by four: %+v, %d persons, %d actions", c, w.Count(), len(w.Actions(c.Person)))
		}
	})
}

func TestPersons_68_TwoSessionsOnePerson(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f := w.Flow(nil, ed, ld)
		a, b := w.Finish(w.Open(f, "").ID), w.Finish(w.Open(f, "").ID)
		var wait sync.WaitGroup
		for _, id := range []idem.SessionID{a.ID, b.ID} {
			wait.Go(func() {
				if _, err := w.Flows.Collect(w.Context(), w.Org, id); err != nil {
					w.Errorf("collect: %v", err)
				}
			})
		}
		wait.Wait()
		one, two := w.Collect(a.ID), w.Collect(b.ID)
		if one.Person == "" || one.Person != two.Person || w.Count() != 1 || w.Person(one.Person).SessionCount != 2 {
			w.Errorf("collected %+v and %+v, %d persons", one, two, w.Count())
		}
	})
}

func TestPersons_69_ForceVerifiesNewPersons(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		force(w, "bob", true)
	})
}

// force collects a session whose faces differ.
func force(w *world, live string, verified bool) registry.View {
	w.Helper()
	meet(w, "ann")
	w.Head.Finds(flowtest.Seen(live, 0.9))
	s, c := w.Onboard(w.Flow(func(c *idem.PersonConfig) { c.ForceVerification = verified }, ed, ld, f2f), "")
	v := w.Person(c.Person)
	if s.State != idem.SessionFailed || v.Person.Verified != verified {
		w.Errorf("%s made %+v", s.State, v.Person)
	}
	return v
}

func TestPersons_70_ForceLeavesKnownPersons(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		known := newPerson(w, "ann", idem.PhotoOther, iin(flowtest.IIN))
		_, c := w.Onboard(w.Flow(func(c *idem.PersonConfig) { c.ForceVerification = true }, ed, ld), "")
		if v := w.Person(known.Person.ID); c.Person != known.Person.ID || v.Person.Verified {
			w.Errorf("collected %+v: %+v", c, v.Person)
		}
	})
}

func TestPersons_71_FailedMatchLeavesTheLivePhotoOut(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		same(w, "photos", photos(force(w, "bob", false)), "DIGITAL*")
	})
}

func TestPersons_72_VerifiedStaysVerified(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f := w.Flow(nil, ed, ld, f2f)
		_, c := w.Onboard(f, "")
		w.Head.Finds(flowtest.Seen("bob", 0.9))
		s, again := w.Onboard(f, "")
		if v := w.Person(c.Person); s.State != idem.SessionFailed || again.Person != c.Person || !v.Person.Verified {
			w.Errorf("%s left %+v", s.State, v.Person)
		}
	})
}

func TestPersons_73_AliasesOfTwoPersons(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		p, q := newPerson(w, "pia", idem.PhotoOther, iin(flowtest.IIN)), newPerson(w, "quinn", idem.PhotoOther, phone(flowtest.Phone))
		s, c := w.Onboard(w.Flow(nil, ed, ld), "")
		if c.State != idem.CollectionConflict || c.Reason != idem.CollectionSeveralPersons || len(c.Hits) != 2 || w.Count() != 2 {
			w.Fatalf("collected %+v", c)
		}
		for _, known := range []registry.View{p, q} {
			if v := w.Person(known.Person.ID); v.Person.Version != 1 || v.SessionCount != 0 {
				w.Errorf("a conflict changed %+v", v)
			}
		}
		list, _, err := w.Flows.Collections(w.Context(), w.Admin, idem.CollectionConflict, store.Page{Limit: 10})
		if err != nil || len(list) != 1 || list[0].Session != s.ID {
			w.Errorf("conflicts are %+v, %v", list, err)
		}
		c, err = w.Flows.Resolve(w.Context(), w.Admin, s.ID, p.Person.ID)
		if err != nil || c.State != idem.CollectionDone || c.Person != p.Person.ID {
			w.Errorf("resolved %+v, %v", c, err)
		}
		same(w, "aliases of P", aliases(w.Person(p.Person.ID)), "DOCUMENT_NUMBER=E1", "PERSONAL_NUMBER="+flowtest.IIN)
		same(w, "aliases of Q", aliases(w.Person(q.Person.ID)), "PHONE="+flowtest.Phone)
		_, err = w.Flows.Resolve(w.Context(), w.Admin, s.ID, q.Person.ID)
		wants(w, err, idem.ErrSessionState)
	})
}

func TestConflictsAreResolvedByANewPersonOrNone(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		newPerson(w, "pia", idem.PhotoOther, iin(flowtest.IIN))
		newPerson(w, "quinn", idem.PhotoOther, phone(flowtest.Phone))
		f := w.Flow(nil, ed, ld)
		one, _ := w.Onboard(f, "")
		two, _ := w.Onboard(f, "")
		c, err := w.Flows.Resolve(w.Context(), w.Admin, one.ID, "")
		w.Must(err)
		v := w.Person(c.Person)
		same(w, "aliases", aliases(v), "DOCUMENT_NUMBER=E1")
		if v.Person.CreatedSource != idem.SourceCabinet || w.Actions(c.Person)[0].Actor != w.Admin.Actor {
			w.Errorf("made by %+v", w.Actions(c.Person)[0].Actor)
		}
		c, err = w.Flows.Discard(w.Context(), w.Admin, two.ID)
		if err != nil || c.State != idem.CollectionSkipped || c.Reason != idem.CollectionDiscarded || w.Count() != 3 {
			w.Errorf("discarded %+v, %v", c, err)
		}
	})
}

// TestDecisionsSayThatNoUnitIsLeft: whoever decides for a new person that cannot
// be paid for is told so, and can decide again.
func TestDecisionsSayThatNoUnitIsLeft(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f := w.Flow(nil, ed, ld)
		w.Limit(idem.TechPersons, 2)
		newPerson(w, "pia", idem.PhotoOther, iin(flowtest.IIN))
		quinn := newPerson(w, "quinn", idem.PhotoOther, phone(flowtest.Phone))
		s, _ := w.Onboard(f, "")
		_, err := w.Flows.Resolve(w.Context(), w.Admin, s.ID, "")
		wants(w, err, idem.ErrSubscriptionLimit)
		c, err := w.Flows.Resolve(w.Context(), w.Admin, s.ID, quinn.Person.ID)
		if err != nil || c.State != idem.CollectionDone || w.Count() != 2 {
			w.Errorf("decided again: %+v, %v", c, err)
		}
	})
}

func TestPersons_74_WeakAliasOfAnotherNumber(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		p := newPerson(w, "pia", idem.PhotoOther, iin("850505400012"), phone(flowtest.Phone))
		_, c := w.Onboard(w.Flow(nil, ed, ld), "")
		if v := w.Person(p.Person.ID); c.Reason != idem.CollectionIdentityDiffers || v.Person.Version != 1 || w.Count() != 1 {
			w.Errorf("collected %+v, the person is %+v", c, v.Person)
		}
	})
}

func TestDocumentsOfTwoPersonsAreAConflict(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		w.Document.Finds(flowtest.Card("ann", "850505400012", "D1"))
		s, c := w.Onboard(w.Flow(nil, ed, dr), "")
		if c.State != idem.CollectionConflict || c.Reason != idem.CollectionNumbersDiffer || w.Count() != 0 {
			w.Errorf("collected %+v", c)
		}
		c, err := w.Flows.Discard(w.Context(), w.Admin, s.ID)
		if err != nil || c.State != idem.CollectionSkipped {
			w.Errorf("discarded %+v, %v", c, err)
		}
	})
}

func TestPersons_81_LivenessAlone(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		_, c := w.Onboard(w.Flow(nil, lds), "")
		v := w.Person(c.Person)
		same(w, "photos", photos(v), "LIVE*")
		if len(v.Aliases) != 1 {
			w.Errorf("the aliases are %v", aliases(v))
		}
		if _, c = w.Onboard(w.Flow(func(c *idem.PersonConfig) { c.CollectWithoutAlias = false }, lds), ""); c.Reason != idem.CollectionNothing {
			w.Errorf("switched off: %+v", c)
		}
	})
}

func TestPersons_84_EachFlowItsOwnConfig(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		plain := w.Flow(nil, dr)
		keyed := w.Flow(func(c *idem.PersonConfig) { c.CustomAliasKey, c.ForceVerification = "ref", true }, dr)
		const metadata = `{"custom_id":"one","ref":"two"}`
		_, a := w.Onboard(plain, metadata)
		w.Document.Finds(flowtest.Card("bob", "850505400012", "D2"))
		_, b := w.Onboard(keyed, metadata)
		same(w, "aliases", aliases(w.Person(a.Person)), "CUSTOM=one", "DOCUMENT_NUMBER=D1", "PERSONAL_NUMBER="+flowtest.IIN)
		same(w, "aliases", aliases(w.Person(b.Person)), "CUSTOM=two", "DOCUMENT_NUMBER=D2", "PERSONAL_NUMBER=850505400012")
		if w.Person(a.Person).Person.Verified || !w.Person(b.Person).Person.Verified {
			w.Error("one flow's config went to the other")
		}
	})
}

func TestPersons_85_DeletedPersonsAreIgnored(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f := w.Flow(nil, ed, ld)
		_, first := w.Onboard(f, "")
		w.Must(w.Registry.Delete(w.Context(), w.Admin, first.Person))
		_, second := w.Onboard(f, "")
		old := w.Person(first.Person)
		if second.Person == "" || second.Person == first.Person || old.Person.Live() || old.SessionCount != 1 {
			w.Errorf("collected %+v, the old one is %+v", second, old.Person)
		}
	})
}

func TestErasingAPersonErasesItsSessions(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		s, c := w.Onboard(w.Flow(nil, ed, ld), `{"custom_id":"x"}`)
		_, err := w.Registry.Erase(w.Context(), w.Admin, c.Person, "T-1")
		w.Must(err)
		got, err := w.Flows.Session(w.Context(), w.Admin, s.ID)
		if err != nil || got.Metadata != nil || got.Steps[0].Result != nil || got.State != idem.SessionFinished {
			w.Errorf("the session still says %+v, %v", got, err)
		}
		if _, err := w.Flows.Picture(w.Context(), w.Org, &s, s.Steps[1].Result.Face); err == nil {
			w.Error("a picture of the session can be read")
		}
	})
}

func TestPicturesThatAreNoPhotosAreLeftOut(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		tiny := flowtest.Card("ann", flowtest.IIN, "D1")
		tiny.Face = image.NewGray(image.Rect(0, 0, 20, 20))
		w.Document.Finds(tiny)
		_, c := w.Onboard(w.Flow(nil, ld, dr), "")
		v := w.Person(c.Person)
		same(w, "photos", photos(v), "LIVE*")
		same(w, "aliases", aliases(v), "DOCUMENT_NUMBER=D1", "PERSONAL_NUMBER="+flowtest.IIN)
	})
}
