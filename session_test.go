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
	if _, err := s.Take(i, "a", opened); err != nil {
		return err
	}
	return settle(s, i, "a", ok, opened)
}

func settle(s *idem.Session, i int, id idem.AttemptID, ok bool, now time.Time) error {
	return s.Settle(i, id, idem.StepResult{Passed: ok}, idem.Failure{Type: idem.FailureResult, Detail: "spoof"}, now)
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
		"name":                               func(f *idem.Flow) { f.Name = " " },
		"session_seconds":                    func(f *idem.Flow) { f.SessionTime = time.Second },
		"attempts":                           func(f *idem.Flow) { f.Attempts = 0 },
		"person_config.skip_technologies":    func(f *idem.Flow) { f.Config.SkipTechnologies = []idem.TechCode{idem.TechFace2Face} },
		"person_config.skip_max_age_hours":   func(f *idem.Flow) { f.Config.SkipMaxAge = -1 },
		"person_config.lookup_keys":          func(f *idem.Flow) { f.Config.LookupKeys = []string{"name"} },
		"person_config.failed_f2f_policy":    func(f *idem.Flow) { f.Config.FailedMatch = "" },
		"person_config.conflict_policy":      func(f *idem.Flow) { f.Config.Conflict = "MERGE" },
		"person_config.deleted_match_policy": func(f *idem.Flow) { f.Config.Deleted = "ERASE" },
		"frame_ancestors":                    func(f *idem.Flow) { f.FrameAncestors = []string{"*"} },
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
	for _, id := range []idem.AttemptID{"a", "b", "c"} {
		memo, err := s.Take(0, id, opened)
		if string(memo) != "code" || err != nil {
			t.Errorf("memo %q, %v", memo, err)
		}
	}
	_, err = s.Take(0, "d", opened)
	wants(t, err, idem.ErrSessionState)
	if !s.GiveBack(0, "b") || s.GiveBack(0, "b") {
		t.Error("an attempt is given back once")
	}
	memo, err := s.Take(0, "d", opened.Add(time.Minute))
	if memo != nil || err != nil {
		t.Errorf("a memo out of its time: %q, %v", memo, err)
	}
}

// running is a session whose one step has its three attempts under way, "a" to
// "c", each a second behind the one before.
func running(t *testing.T) *idem.Session {
	t.Helper()
	s := sessionOf(t, idem.TechLivenessHead)
	wants(t, s.Start(opened), nil)
	_, err := s.Begin(0, opened)
	wants(t, err, nil)
	for i, id := range []idem.AttemptID{"a", "b", "c"} {
		_, err := s.Take(0, id, opened.Add(time.Duration(i)*time.Second))
		wants(t, err, nil)
	}
	return s
}

// TestAttemptsUnderWayMayPass: the last one that ends decides, and one that has
// no result leaves an attempt.
func TestAttemptsUnderWayMayPass(t *testing.T) {
	for name, c := range map[string]struct {
		ends []string // of a, b and c
		want idem.SessionState
		left int
	}{
		"all fail":       {[]string{"fails", "fails", "fails"}, idem.SessionFailed, 0},
		"the last":       {[]string{"fails", "fails", "passes"}, idem.SessionFinished, 0},
		"the first":      {[]string{"passes", "late", "late"}, idem.SessionFinished, 0},
		"no result":      {[]string{"fails", "fails", "none"}, idem.SessionProgress, 1},
		"no result once": {[]string{"none", "fails", "fails"}, idem.SessionProgress, 1},
		"one runs":       {[]string{"fails", "fails", "runs"}, idem.SessionProgress, 0},
	} {
		s := running(t)
		for i, end := range c.ends {
			id := idem.AttemptID('a' + rune(i))
			switch end {
			case "fails", "passes":
				wants(t, settle(s, 0, id, end == "passes", opened), nil)
			case "late":
				wants(t, settle(s, 0, id, true, opened), idem.ErrResultExists)
			case "none":
				s.GiveBack(0, id)
			}
		}
		if s.State != c.want || s.AttemptsLeft(0) != c.left {
			t.Errorf("%s: %s with %d attempts left", name, s.State, s.AttemptsLeft(0))
		}
	}
}

// TestLostAttemptsComeBack: those of a process that ended hold nobody, and one
// that was given up has no result any more.
func TestLostAttemptsComeBack(t *testing.T) {
	s := running(t)
	wants(t, settle(s, 0, "b", false, opened), nil)
	soon, late := opened.Add(idem.AttemptTime), opened.Add(idem.AttemptTime+time.Minute)
	_, err := s.Take(0, "d", soon.Add(-time.Microsecond))
	wants(t, err, idem.ErrSessionState)
	_, err = s.Take(0, "d", soon) // for a
	wants(t, err, nil)
	_, err = s.Take(0, "e", soon)
	wants(t, err, idem.ErrSessionState)
	wants(t, settle(s, 0, "a", true, soon), idem.ErrSessionState)
	if s.GiveBack(0, "a") {
		t.Error("an attempt that was given up is given back")
	}
	wants(t, settle(s, 0, "d", false, late), nil) // gives c up
	if s.State != idem.SessionProgress || s.AttemptsLeft(0) != 1 {
		t.Errorf("%s with %d attempts left", s.State, s.AttemptsLeft(0))
	}
	s = running(t)
	wants(t, settle(s, 0, "a", true, late), nil) // late, but nobody gave it up
	if !s.Passed() || s.Steps[0].Running != nil {
		t.Errorf("a late result: %+v", s)
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
	_, err = s.Take(2, "lost", opened) // whose process ends
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
