package flow_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/flow/flowtest"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument/provider"
)

const (
	ld  = idem.TechLivenessHead
	lds = idem.TechLivenessShort
	dr  = idem.TechDocumentRecognition
	ed  = idem.TechEDocument
	f2f = idem.TechFace2Face
)

type world = flowtest.World

func wants(w *world, err, target error) {
	w.Helper()
	if !errors.Is(err, target) {
		w.Errorf("got %v, want %v", err, target)
	}
}

// meet makes the technologies find one person.
func meet(w *world, identity string) {
	w.Head.Finds(flowtest.Seen(identity, 0.9))
	w.Document.Finds(flowtest.Card(identity, flowtest.IIN, "D1"))
	w.Holder.Holds(identity, "E1")
}

func state(w *world, id idem.SessionID) idem.Session {
	w.Helper()
	s, err := w.Flows.State(w.Context(), id)
	w.Must(err)
	return s
}

func start(w *world, id idem.SessionID) idem.Session {
	w.Helper()
	s, err := w.Flows.Start(w.Context(), id)
	w.Must(err)
	return s
}

func TestPersons_42_OnlySubscribedTechnologies(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		for _, c := range idem.FlowTechnologies() {
			if c != ld && c != dr {
				w.Limit(c, 0)
			}
		}
		offered, err := w.Flows.Offered(w.Context(), w.Admin)
		w.Must(err)
		if !slices.Equal(offered, []idem.TechCode{ld, dr}) {
			w.Errorf("offered are %v", offered)
		}
		_, err = w.Flows.Define(w.Context(), w.Admin, flow.NewFlow{Name: "x", Technologies: []idem.TechCode{ld, ed}})
		wants(w, err, idem.ErrSubscriptionRequired)
		if err == nil || !strings.Contains(err.Error(), "ED") || strings.Contains(err.Error(), "LDHP") {
			w.Errorf("the refusal does not name what lacks: %v", err)
		}
	})
}

func TestPersons_43_RunsInOrder(t *testing.T) {
	flowtest.Each(t, func(w *world) { runsInOrder(w, ld, dr, f2f) })
}

func TestPersons_44_RunsInTheOtherOrder(t *testing.T) {
	flowtest.Each(t, func(w *world) { runsInOrder(w, dr, ld, f2f) })
}

func runsInOrder(w *world, codes ...idem.TechCode) {
	meet(w, "ann")
	s := w.Open(w.Flow(nil, codes...), "")
	if !slices.Equal(s.Technologies(), codes) {
		w.Errorf("the session has %v", s.Technologies())
	}
	start(w, s.ID)
	for i := range codes {
		if i+1 < len(codes) {
			_, _, err := w.Flows.Submit(w.Context(), s.ID, i+1, flowtest.Evidence("ann", 1))
			wants(w, err, idem.ErrSessionState)
		}
		s = w.Step(s.ID, i)
		if s.Steps[i].State != idem.StepPassed {
			w.Fatalf("step %d: %+v", i, s.Steps[i])
		}
		_, _, err := w.Flows.Submit(w.Context(), s.ID, i, flowtest.Evidence("ann", 1))
		wants(w, err, idem.ErrResultExists)
	}
	if !s.Passed() {
		w.Errorf("the session is %s", s.State)
	}
}

func TestPersons_45_OneTechnology(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		s := w.Finish(w.Open(w.Flow(nil, lds), "").ID)
		if !s.Passed() || s.Steps[0].Result.Liveness == nil {
			w.Errorf("the session is %+v", s)
		}
		stranger := w.Client(idem.Flow{Key: "none"})
		_, err := w.Flows.Open(w.Context(), stranger, flow.Opening{})
		wants(w, err, idem.ErrFlowNotFound)
	})
}

func TestPersons_48_Demonstration(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f := w.Flow(nil, ld, ed)
		for _, c := range []idem.TechCode{ld, ed, idem.TechPersons} {
			w.Limit(c, 5)
		}
		s, err := w.Flows.Demo(w.Context(), w.Admin, f.ID)
		w.Must(err)
		s = w.Finish(s.ID)
		if !s.Passed() || !s.Demo || w.Left(ld)+w.Left(ed)+w.Left(idem.TechPersons) != 15 {
			w.Errorf("the demonstration %+v left %d, %d, %d units", s, w.Left(ld), w.Left(ed), w.Left(idem.TechPersons))
		}
		if _, err := w.Flows.Collect(w.Context(), w.Org, s.ID); err == nil || w.Count() != 0 {
			w.Errorf("a demonstration was collected: %v, %d persons", err, w.Count())
		}
		if told := w.Events.Take(); len(told) != 0 {
			w.Errorf("a demonstration told of %v", told)
		}
	})
}

func TestPersons_49_DeletedFlow(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		f := w.Flow(nil, lds)
		before := w.Finish(w.Open(f, "").ID)
		running := w.Open(f, "")
		w.Must(w.Flows.Delete(w.Context(), w.Admin, f.ID))
		_, err := w.Flows.Open(w.Context(), w.Client(f), flow.Opening{})
		wants(w, err, idem.ErrFlowDeleted)
		if s := w.Finish(running.ID); !s.Passed() {
			w.Errorf("the session that was open is %s", s.State)
		}
		s, err := w.Flows.Result(w.Context(), w.Client(f), before.ID)
		if err != nil || s.Steps[0].Result == nil {
			w.Errorf("the earlier result: %+v, %v", s, err)
		}
		_, err = w.Flows.Define(w.Context(), w.Admin, flow.NewFlow{Name: f.Name, Technologies: []idem.TechCode{lds}})
		w.Must(err) // the name is free
	})
}

func TestPersons_51_ResultWhileRunning(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f, other := w.Flow(nil, ld, dr), w.Flow(nil, ld)
		s := w.Open(f, "")
		start(w, s.ID)
		w.Step(s.ID, 0)
		got, err := w.Flows.Result(w.Context(), w.Client(f), s.ID)
		if err != nil || got.State != idem.SessionProgress || got.Steps[0].Result == nil || got.Steps[1].Result != nil {
			w.Errorf("the result is %+v, %v", got, err)
		}
		_, err = w.Flows.Result(w.Context(), w.Client(other), s.ID)
		wants(w, err, idem.ErrSessionNotFound)
	})
}

func TestPersons_52_FaceOfEarlierSteps(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		s := w.Finish(w.Open(w.Flow(nil, ld, dr, f2f), "").ID)
		m := s.Steps[2].Result.Match
		if !s.Passed() || m == nil || m.Source != idem.ReferenceDocument || m.Score < m.Threshold || m.ThresholdFMR != 1e-4 {
			w.Errorf("compared %+v in %+v", m, s)
		}
		w.Document.Finds(flowtest.Card("bob", flowtest.IIN, "D1"))
		s = w.Finish(w.Open(w.Flow(nil, ld, dr, f2f), "").ID)
		if s.State != idem.SessionFailed || s.Failure.Detail != "faces_differ" {
			w.Errorf("with another's document the session is %+v", s)
		}
	})
}

func TestPersons_53_FailedStepStopsTheFlow(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		w.Head.Finds(flowtest.Spoof("ann"))
		s := w.Finish(w.Open(w.Flow(nil, ld, dr), "").ID)
		if s.State != idem.SessionFailed || s.Passed() || s.Failure != (idem.Failure{Type: idem.FailureResult, Detail: "low_prediction"}) {
			w.Errorf("the session is %+v", s)
		}
		if s.Steps[0].Attempts != 3 || s.Steps[1].State != idem.StepPending || len(w.Document.Runs()) != 0 {
			w.Errorf("the steps are %+v", s.Steps)
		}
		if left := s.Steps[0].Result; left == nil || left.Passed || left.Face == "" {
			w.Errorf("the failed result is %+v", left)
		}
	})
}

func TestPersons_54_Expiry(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		s := w.Open(w.Flow(nil, ld), `{"custom_id":"x"}`)
		start(w, s.ID)
		w.Clock.Advance(31 * time.Minute)
		_, _, err := w.Flows.Submit(w.Context(), s.ID, 0, flowtest.Evidence("ann", 1))
		wants(w, err, idem.ErrSessionExpired)
		n, err := w.Flows.Expire(w.Context(), w.Clock.Now())
		if n != 1 || err != nil {
			w.Errorf("%d sessions expired, %v", n, err)
		}
		if s = state(w, s.ID); s.State != idem.SessionExpired || s.Failure.Type != idem.FailureTimeout {
			w.Errorf("the session is %+v", s)
		}
		_, _, err = w.Flows.Submit(w.Context(), s.ID, 0, flowtest.Evidence("ann", 1))
		wants(w, err, idem.ErrSessionExpired)
		if _, err := w.Flows.Collect(w.Context(), w.Org, s.ID); err == nil || w.Count() != 0 {
			w.Errorf("an expired session was collected: %v", err)
		}
		if told := w.Events.Take(); told[len(told)-1] != "flow.end EXPIRED" {
			w.Errorf("told %v", told)
		}
	})
}

func TestEventsInOrder(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		w.Finish(w.Open(w.Flow(nil, ld, dr), "").ID)
		want := []string{"flow.start", "technology.start LDHP ACTIVE", "technology.end LDHP PASSED",
			"technology.start DR ACTIVE", "technology.end DR PASSED", "flow.end FINISHED"}
		if told := w.Events.Take(); !slices.Equal(told, want) {
			w.Errorf("told %q", told)
		}
	})
}

func TestUnitsAreSpentWhenAStepBegins(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		f := w.Flow(nil, ld, dr)
		w.Limit(ld, 5)
		w.Limit(dr, 5)
		s := w.Open(f, "")
		start(w, s.ID)
		w.Head.Finds(flowtest.Spoof("ann"), flowtest.Seen("ann", 0.9))
		w.Step(s.ID, 0)
		w.Step(s.ID, 0)
		if w.Left(ld) != 4 || w.Left(dr) != 5 {
			w.Errorf("two attempts left %d and %d", w.Left(ld), w.Left(dr))
		}
		w.Limit(dr, 0)
		s = w.Step(s.ID, 1)
		if s.State != idem.SessionFailed || s.Failure != idem.FailureNoSubscription || len(w.Document.Runs()) != 0 {
			w.Errorf("without a unit the session is %+v", s)
		}
		_, err := w.Flows.Open(w.Context(), w.Client(f), flow.Opening{})
		wants(w, err, idem.ErrSubscriptionRequired)
	})
}

func TestRefusedEvidenceCostsNoAttempt(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		s := w.Open(w.Flow(nil, ld), "")
		start(w, s.ID)
		w.Head.Refuses(tech.ErrEvidenceMissing)
		for range 5 {
			_, _, err := w.Flows.Submit(w.Context(), s.ID, 0, flowtest.Evidence("ann", 1))
			wants(w, err, tech.ErrEvidenceMissing)
		}
		_, _, err := w.Flows.Submit(w.Context(), s.ID, 0, nil)
		wants(w, err, tech.ErrEvidenceMissing)
		if s = state(w, s.ID); s.Steps[0].Attempts != 0 {
			w.Errorf("refusals cost %d attempts", s.Steps[0].Attempts)
		}
	})
}

func TestChallengeServesOnce(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		w.Head.Finds(flowtest.Spoof("ann"))
		s := w.Open(w.Flow(nil, ld, dr), "")
		start(w, s.ID)
		_, shown, err := w.Flows.Challenge(w.Context(), s.ID, 0)
		if err != nil || shown == nil {
			w.Fatalf("shown %v, %v", shown, err)
		}
		w.Step(s.ID, 0)
		w.Step(s.ID, 0)
		runs := w.Head.Runs()
		if string(runs[0].Challenge) != "LEFT 1" || runs[1].Challenge != nil {
			w.Errorf("the challenges were %q and %q", runs[0].Challenge, runs[1].Challenge)
		}
		_, _, err = w.Flows.Challenge(w.Context(), s.ID, 1)
		wants(w, err, idem.ErrSessionState)
		for range 25 {
			_, _, err = w.Flows.Challenge(w.Context(), s.ID, 0)
		}
		wants(w, err, flow.ErrAskedTooOften)
	})
}

func TestCodesOfProviders(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		s := w.Open(w.Flow(nil, ed), "")
		start(w, s.ID)
		_, _, err := w.Flows.Approve(w.Context(), s.ID, 0, "123456")
		wants(w, err, provider.ErrSession)
		ask := func() error {
			_, err := w.Flows.AskProvider(w.Context(), s.ID, 0, "", request(), "")
			return err
		}
		w.Must(ask())
		for i := range 3 {
			s, _, err = w.Flows.Approve(w.Context(), s.ID, 0, "999999")
			if i < 2 && idem.CodeOf(err) != "CODE_WRONG" || i == 2 && err != nil {
				w.Errorf("wrong code %d: %v", i, err)
			}
		}
		if s.State != idem.SessionFailed || s.Failure.Detail != "code_wrong" {
			w.Errorf("after wrong codes the session is %+v", s)
		}
		w.Clock.Advance(11 * time.Minute)
		s = w.Open(w.Flow(nil, ed), "")
		start(w, s.ID)
		for range 3 {
			w.Must(ask())
		}
		if wants(w, ask(), flow.ErrAskedTooOften); w.Holder.Sent() != 4 {
			w.Errorf("%d codes were sent", w.Holder.Sent())
		}
	})
}

// TestChallengesUseUpNoCodes: whoever tried a chip in vain can still ask a
// provider, and the other way round.
func TestChallengesUseUpNoCodes(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		s := w.Open(w.Flow(nil, ed), "")
		start(w, s.ID)
		for range 3 {
			draw(w, s.ID)
		}
		for left := range 3 {
			s, err := w.Flows.AskProvider(w.Context(), s.ID, 0, "", request(), "")
			if w.Must(err); w.Flows.Offer(&s, 0).CodesLeft != 2-left {
				w.Errorf("behind code %d of 3 %d are left", left+1, w.Flows.Offer(&s, 0).CodesLeft)
			}
		}
		draw(w, s.ID)
		_, err := w.Flows.AskProvider(w.Context(), s.ID, 0, "", request(), "")
		wants(w, err, flow.ErrAskedTooOften)
	})
}

// TestCodesOfOneReceiver: sessions are free, codes to one phone are not. The
// step of a refused code stays as it was.
func TestCodesOfOneReceiver(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		f := w.Flow(nil, ed)
		w.Limit(ed, 4)
		var s idem.Session
		for range 3 {
			s = w.Open(f, "")
			start(w, s.ID)
			_, err := w.Flows.AskProvider(w.Context(), s.ID, 0, "", request(), "")
			w.Must(err)
		}
		s = w.Open(f, "")
		start(w, s.ID)
		_, err := w.Flows.AskProvider(w.Context(), s.ID, 0, "", request(), "")
		if e := (*idem.Error)(nil); !errors.As(err, &e) || e.Code != "RATE_LIMITED" || e.Details["limit"] != "receiver" {
			w.Errorf("a fourth code: %v", err)
		}
		if step := state(w, s.ID).Steps[0]; step.State != idem.StepPending || step.Memo != nil || w.Left(ed) != 1 {
			w.Errorf("the refused code left %+v and %d units", step, w.Left(ed))
		}
		other := request()
		other.Phone, other.PersonalNumber = "+77019999999", "850102400123"
		_, err = w.Flows.AskProvider(w.Context(), s.ID, 0, "", other, "")
		if w.Must(err); w.Holder.Sent() != 4 {
			w.Errorf("%d codes were sent", w.Holder.Sent())
		}
	})
}

// TestUnsentCodesDoNotCount: an outage of the provider uses up neither what the
// receiver gets nor what the step may ask, unless a code may have gone out.
func TestUnsentCodesDoNotCount(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meet(w, "ann")
		s := w.Open(w.Flow(nil, ed), "")
		start(w, s.ID)
		ask := func() error {
			_, err := w.Flows.AskProvider(w.Context(), s.ID, 0, "", request(), "192.0.2.1")
			return err
		}
		w.Must(ask())
		w.Holder.Fails(provider.ErrUnavailable.Because(provider.ErrUnsent))
		for range 12 {
			wants(w, ask(), provider.ErrUnavailable)
		}
		w.Holder.Fails(provider.ErrUnavailable)
		wants(w, ask(), provider.ErrUnavailable)
		w.Holder.Fails(nil)
		w.Must(ask())
		if err := ask(); idem.CodeOf(err) != "ASKED_TOO_OFTEN" || w.Holder.Sent() != 2 {
			w.Errorf("behind two codes and one that may have gone out: %v, %d sent", err, w.Holder.Sent())
		}
		_, _, err := w.Flows.Approve(w.Context(), s.ID, 0, "123456")
		w.Must(err)
	})
}

func TestMetadataIsBounded(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		f := w.Flow(nil, lds)
		for name, bad := range map[string]string{
			"no object": `[1]`, "not JSON": `{"a":`, "two values": `{} {}`, "null": `null`,
			"too deep": `{"a":{"b":{"c":{"d":{"e":{"f":1}}}}}}`, "too long": `{"a":"` + strings.Repeat("x", 16<<10) + `"}`,
		} {
			if _, err := w.Flows.Open(w.Context(), w.Client(f), flow.Opening{Metadata: []byte(bad)}); !errors.Is(err, idem.ErrMetadata) {
				w.Errorf("%s: %v", name, err)
			}
		}
		s := w.Open(f, `{"a":{"b":{"c":{"d":1}}}, "z": 1.50}`)
		if got := state(w, s.ID); string(got.Metadata) != `{"a":{"b":{"c":{"d":1}}}, "z": 1.50}` {
			w.Errorf("the metadata became %s", got.Metadata)
		}
	})
}

func TestAbort(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		s := w.Open(w.Flow(nil, lds), `{"custom_id":"x"}`)
		s, err := w.Flows.Abort(w.Context(), s.ID)
		if err != nil || s.State != idem.SessionFailed || s.Failure != idem.FailureAborted {
			w.Errorf("the session is %+v, %v", s, err)
		}
		if c := w.Collect(s.ID); c.Reason != idem.CollectionNothing || w.Count() != 0 {
			w.Errorf("metadata alone made a person: %+v", c)
		}
	})
}

// TestKeyOfAFlowGivesNoMore asks for keys without the permission that they
// give.
func TestKeyOfAFlowGivesNoMore(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		f := w.Flow(nil, ld)
		narrow := idem.Principal{Org: w.Org, Permissions: []idem.Permission{idem.FlowsManage, idem.FlowsRead}}
		if key, err := w.Flows.Key(w.Context(), narrow, f.ID); !errors.Is(err, idem.ErrRoleForbidden) {
			w.Errorf("the key %q, %v", key, err)
		}
		if key, err := w.Flows.RotateKey(w.Context(), narrow, f.ID); !errors.Is(err, idem.ErrRoleForbidden) {
			w.Errorf("the new key %q, %v", key, err)
		}
		if _, err := w.Flows.Define(w.Context(), narrow, flow.NewFlow{Name: "narrow", Technologies: []idem.TechCode{ld}}); !errors.Is(err, idem.ErrRoleForbidden) {
			w.Errorf("a flow with its key: %v", err)
		}
	})
}

// TestChangesOfAFlowLoseNothing deletes a flow, and draws a new key of another
// one, while a change of either is under way.
func TestChangesOfAFlowLoseNothing(t *testing.T) {
	flowtest.Each(t, func(w *world) {
		meanwhile := func(f idem.Flow, do func() error) {
			w.Helper()
			done := make(chan error, 1)
			_, err := w.Flows.Configure(w.Context(), w.Admin, f.ID, flow.Change{Config: func(c *idem.PersonConfig) {
				c.SkipKnown = true
				go func() { done <- do() }()
				time.Sleep(200 * time.Millisecond)
			}})
			w.Must(err)
			w.Must(<-done)
		}
		gone, renewed := w.Flow(nil, ld), w.Flow(nil, ld)
		meanwhile(gone, func() error { return w.Flows.Delete(w.Context(), w.Admin, gone.ID) })
		if f, err := w.Flows.Get(w.Context(), w.Admin, gone.ID); err != nil || f.DeletedAt.IsZero() || !f.Config.SkipKnown {
			w.Errorf("the deleted flow is %+v, %v", f, err)
		}
		var secret string
		meanwhile(renewed, func() (err error) {
			secret, err = w.Flows.RotateKey(w.Context(), w.Admin, renewed.ID)
			return err
		})
		if key, err := w.Flows.Key(w.Context(), w.Admin, renewed.ID); err != nil || key != secret || secret == "" {
			w.Errorf("the flow has the key %q, not %q: %v", key, secret, err)
		}
	})
}
