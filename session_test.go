package idem_test

import (
	"errors"
	"testing"
	"time"

	"github.com/idem-id/idem"
)

var opened = time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)

func flowOf(codes ...idem.TechCode) idem.Flow {
	return idem.Flow{ID: "f", Name: "Onboarding", Technologies: codes, Config: idem.DefaultPersonConfig(),
		SessionTime: idem.DefaultSessionTime, Attempts: idem.DefaultAttempts}
}

func sessionOf(t *testing.T, codes ...idem.TechCode) *idem.Session {
	t.Helper()
	f := flowOf(codes...)
	s, err := f.Open("s", "k", opened)
	if err != nil {
		t.Fatal(err)
	}
	return &s
}

func wants(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("got %v, want %v", err, target)
	}
}

// attempt takes one attempt at a step and settles it.
func attempt(t *testing.T, s *idem.Session, i int, ok bool) error {
	t.Helper()
	if _, err := s.Begin(i, opened); err != nil {
		return err
	}
	if _, err := s.Take(i, opened); err != nil {
		return err
	}
	return s.Settle(i, idem.StepResult{Passed: ok}, idem.Failure{Type: idem.FailureResult, Detail: "spoof"}, opened)
}

func TestFlowOrder(t *testing.T) {
	const ld, dr, ed, f2f = idem.TechLivenessHead, idem.TechDocumentRecognition, idem.TechEDocument, idem.TechFace2Face
	for name, c := range map[string]struct {
		codes []idem.TechCode
		photo bool
		want  string
	}{
		"one":                      {[]idem.TechCode{ld}, false, ""},
		"face behind both":         {[]idem.TechCode{ld, dr, f2f}, false, ""},
		"document first":           {[]idem.TechCode{ed, ld, f2f}, false, ""},
		"face before the document": {[]idem.TechCode{ld, f2f, dr}, false, "FLOW_ORDER_INVALID"},
		"face before liveness":     {[]idem.TechCode{dr, f2f, ld}, false, "FLOW_ORDER_INVALID"},
		"face against the person":  {[]idem.TechCode{ld, f2f}, true, ""},
		"face alone":               {[]idem.TechCode{f2f}, true, "FLOW_ORDER_INVALID"},
		"nothing":                  {nil, false, "FLOW_EMPTY"},
		"twice":                    {[]idem.TechCode{ld, ld}, false, "VALIDATION_FAILED"},
		"no step":                  {[]idem.TechCode{idem.TechPersons}, false, "TECHNOLOGY_UNKNOWN"},
	} {
		f := flowOf(c.codes...)
		f.Config.PersonPhoto = c.photo
		if err := f.Validate(); err == nil && c.want != "" || err != nil && idem.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestFlowSettings(t *testing.T) {
	for name, change := range map[string]func(*idem.Flow){
		"name":                 func(f *idem.Flow) { f.Name = " " },
		"session_seconds":      func(f *idem.Flow) { f.SessionTime = time.Second },
		"attempts":             func(f *idem.Flow) { f.Attempts = 0 },
		"skip_technologies":    func(f *idem.Flow) { f.Config.SkipTechnologies = []idem.TechCode{idem.TechFace2Face} },
		"skip_max_age_hours":   func(f *idem.Flow) { f.Config.SkipMaxAge = -1 },
		"lookup_keys":          func(f *idem.Flow) { f.Config.LookupKeys = []string{"name"} },
		"failed_f2f_policy":    func(f *idem.Flow) { f.Config.FailedMatch = "" },
		"conflict_policy":      func(f *idem.Flow) { f.Config.Conflict = "MERGE" },
		"deleted_match_policy": func(f *idem.Flow) { f.Config.Deleted = "ERASE" },
		"frame_ancestors":      func(f *idem.Flow) { f.FrameAncestors = []string{"*"} },
	} {
		f := flowOf(idem.TechLivenessHead)
		change(&f)
		var e *idem.Error
		if err := f.Validate(); !errors.As(err, &e) || e.Field != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSessionRunsInOrder(t *testing.T) {
	s := sessionOf(t, idem.TechLivenessHead, idem.TechDocumentRecognition)
	wants(t, attempt(t, s, 0, true), idem.ErrSessionState) // not started
	wants(t, s.Start(opened), nil)
	wants(t, s.Start(opened), idem.ErrSessionState)
	wants(t, attempt(t, s, 1, true), idem.ErrSessionState)
	wants(t, attempt(t, s, 0, true), nil)
	wants(t, attempt(t, s, 0, true), idem.ErrResultExists)
	if s.State != idem.SessionProgress || s.Current() != 1 {
		t.Fatalf("after one step: %s, %d", s.State, s.Current())
	}
	wants(t, attempt(t, s, 1, true), nil)
	if !s.Passed() || s.EndedAt.IsZero() || s.Failure != (idem.Failure{}) {
		t.Errorf("at the end: %+v", s)
	}
	wants(t, s.Abort(opened), idem.ErrSessionState)
	wants(t, s.Expire(opened.Add(time.Hour)), idem.ErrSessionState)
}

func TestFailedStepEndsTheSession(t *testing.T) {
	s := sessionOf(t, idem.TechLivenessHead, idem.TechDocumentRecognition)
	wants(t, s.Start(opened), nil)
	for range 3 {
		if s.Ended() {
			t.Fatal("the session ended before its attempts")
		}
		wants(t, attempt(t, s, 0, false), nil)
	}
	if s.State != idem.SessionFailed || s.Failure.Detail != "spoof" || s.Steps[0].State != idem.StepFailed || s.Steps[1].State != idem.StepPending {
		t.Errorf("after three attempts: %+v", s)
	}
	wants(t, attempt(t, s, 1, true), idem.ErrSessionState)
}

func TestAttempts(t *testing.T) {
	s := sessionOf(t, idem.TechEDocument)
	wants(t, s.Start(opened), nil)
	first, err := s.Begin(0, opened)
	again, _ := s.Begin(0, opened)
	if !first || again || err != nil {
		t.Errorf("begun %v, %v, %v", first, again, err)
	}
	s.Ask(0, []byte("code"), opened.Add(time.Minute))
	for range 3 {
		memo, err := s.Take(0, opened)
		if string(memo) != "code" || err != nil {
			t.Errorf("memo %q, %v", memo, err)
		}
	}
	_, err = s.Take(0, opened)
	wants(t, err, idem.ErrSessionState)
	s.GiveBack(0)
	memo, err := s.Take(0, opened.Add(time.Minute))
	if memo != nil || err != nil {
		t.Errorf("a memo out of its time: %q, %v", memo, err)
	}
}

func TestFaceIsComparedOnce(t *testing.T) {
	s := sessionOf(t, idem.TechLivenessHead, idem.TechDocumentRecognition, idem.TechFace2Face)
	wants(t, s.Start(opened), nil)
	wants(t, attempt(t, s, 0, true), nil)
	wants(t, attempt(t, s, 1, true), nil)
	wants(t, attempt(t, s, 2, false), nil)
	if s.State != idem.SessionFailed {
		t.Errorf("the session is %s", s.State)
	}
}

func TestComparisonThatGotLostIsTakenAgain(t *testing.T) {
	s := sessionOf(t, idem.TechLivenessHead, idem.TechDocumentRecognition, idem.TechFace2Face)
	wants(t, s.Start(opened), nil)
	wants(t, attempt(t, s, 0, true), nil)
	wants(t, attempt(t, s, 1, true), nil)
	_, err := s.Begin(2, opened)
	wants(t, err, nil)
	_, err = s.Take(2, opened) // whose process ends
	wants(t, err, nil)
	if s.AttemptsLeft(2) != 0 {
		t.Errorf("%d attempts left", s.AttemptsLeft(2))
	}
	wants(t, attempt(t, s, 2, false), nil)
	if s.State != idem.SessionFailed {
		t.Errorf("a comparison that did not pass leaves the session %s", s.State)
	}
}

func TestSkippedSteps(t *testing.T) {
	s := sessionOf(t, idem.TechEDocument, idem.TechLivenessHead)
	wants(t, s.Skip(0, idem.StepResult{Passed: true}, "x", opened), idem.ErrSessionState)
	wants(t, s.Start(opened), nil)
	wants(t, s.Skip(0, idem.StepResult{Passed: true}, "x", opened), nil)
	if s.Current() != 1 || s.Steps[0].Copied != "x" {
		t.Errorf("after a copy: %+v", s)
	}
	all := sessionOf(t, idem.TechEDocument)
	wants(t, all.Start(opened), nil)
	wants(t, all.Skip(0, idem.StepResult{Passed: true}, "x", opened), nil)
	if !all.Passed() {
		t.Error("a session of copies did not finish")
	}
}

func TestSessionExpires(t *testing.T) {
	s := sessionOf(t, idem.TechLivenessHead)
	late := opened.Add(idem.DefaultSessionTime)
	wants(t, s.Expire(late.Add(-1)), idem.ErrSessionState)
	wants(t, s.Start(late), idem.ErrSessionExpired)
	wants(t, s.Expire(late), nil)
	if s.State != idem.SessionExpired || s.Failure.Type != idem.FailureTimeout {
		t.Errorf("the session is %+v", s)
	}
	wants(t, s.Abort(late), idem.ErrSessionExpired)
}

func TestAbort(t *testing.T) {
	s := sessionOf(t, idem.TechLivenessHead)
	wants(t, s.Start(opened), nil)
	wants(t, s.Abort(opened), nil)
	if s.State != idem.SessionFailed || s.Failure != idem.FailureAborted {
		t.Errorf("the session is %+v", s)
	}
}

func TestDeletedFlowOpensNothing(t *testing.T) {
	f := flowOf(idem.TechLivenessHead)
	wants(t, f.Delete(opened), nil)
	wants(t, f.Delete(opened), idem.ErrFlowDeleted)
	_, err := f.Open("s", "k", opened)
	wants(t, err, idem.ErrFlowDeleted)
}
