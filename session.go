package idem

import (
	"slices"
	"time"
)

// SessionState is where a run of a flow stands.
type SessionState string

// NEW -> PROGRESS -> FINISHED or FAILED; NEW and PROGRESS also -> EXPIRED, and
// FAILED when the user gives up. The last three are final.
const (
	SessionNew      SessionState = "NEW"
	SessionProgress SessionState = "PROGRESS"
	SessionFinished SessionState = "FINISHED"
	SessionFailed   SessionState = "FAILED"
	SessionExpired  SessionState = "EXPIRED"
)

// StepState is where one technology of a session stands.
type StepState string

// PENDING -> ACTIVE -> PASSED or FAILED; PENDING -> SKIPPED by a copied result.
const (
	StepPending StepState = "PENDING"
	StepActive  StepState = "ACTIVE"
	StepPassed  StepState = "PASSED"
	StepFailed  StepState = "FAILED"
	StepSkipped StepState = "SKIPPED"
)

// Session is one run of a flow. Its identifier is a capability: whoever knows
// it may run the steps, but not read what they found.
type Session struct {
	ID       SessionID
	Flow     FlowID
	FlowName string // when it was opened
	State    SessionState
	Demo     bool
	Locale   string // BCP 47, empty for the client's own
	Steps    []Step
	Attempts int // of each step
	Config   PersonConfig
	Metadata []byte    // the JSON object as it was given; personal data
	Visits   []Visit   // from where it was run; personal data
	Person   PersonID  // whom the metadata names, when results were looked up
	DataKey  DataKeyID // seals everything personal of this session
	Failure  Failure   // why it did not finish; zero otherwise

	CreatedAt time.Time
	ExpiresAt time.Time
	StartedAt time.Time // zero while NEW
	EndedAt   time.Time // zero while NEW or PROGRESS
	ErasedAt  time.Time // zero unless the personal data were erased
}

// Step is one technology of a session.
type Step struct {
	Technology TechCode
	State      StepState
	Attempts   int // answers taken so far
	// Running are those of the answers that have no result yet.
	Running []Attempt
	// Memo is what the server must remember until the answer comes, until
	// MemoUntil; personal data. It is gone when the step ends.
	Memo      []byte
	MemoUntil time.Time
	Result    *StepResult // nil until the step ends
	Failure   Failure     // of a failed step
	Copied    SessionID   // the session that the result was copied from, "" for its own
	StartedAt time.Time
	EndedAt   time.Time
}

// Attempt is an answer to a step that has no result yet.
type Attempt struct {
	ID    AttemptID
	Until time.Time // when it is given up, and with it the process that ran it
}

// AttemptTime is how long an answer may take to have its result.
const AttemptTime = time.Minute

// Failure says why a step or a session did not pass; zero for nothing.
type Failure struct {
	Type   FailureType
	Detail string // English, no personal data
}

// FailureType is whose fault it was.
type FailureType string

// The types in use: what the user did or lacked, what the technology found,
// what did not work here, what took too long.
const (
	FailureClient  FailureType = "CLIENT"
	FailureResult  FailureType = "CALC_RESULT"
	FailureService FailureType = "SERVICE_ERROR"
	FailureTimeout FailureType = "TIMEOUT"
)

// The failures that the engine of flows itself finds.
var (
	FailureAborted        = Failure{FailureClient, "Operation aborted by user"}
	FailureNoSubscription = Failure{FailureClient, "No active or future subscription for technology"}
	FailureNoReference    = Failure{FailureClient, "reference photo missing"}
	FailureNoProbe        = Failure{FailureClient, "live photo missing"}
	FailureExpired        = Failure{FailureTimeout, "the session was not finished in time"}
)

// The refusals of sessions.
var (
	ErrSessionNotFound = Errorf(NotFound, "SESSION_NOT_FOUND", "no such session")
	ErrSessionState    = Errorf(Conflict, "SESSION_STATE", "the session does not allow this now")
	ErrSessionExpired  = Errorf(Conflict, "SESSION_EXPIRED", "the session was not finished in time")
	ErrStepNotFound    = Errorf(NotFound, "STEP_NOT_FOUND", "the session has no such step")
	ErrResultExists    = Errorf(Conflict, "RESULT_EXISTS", "the step has its result")
	ErrSessionLinked   = Errorf(Conflict, "SESSION_LINKED", "the session belongs to a person: erase the person instead")
	ErrSessionErased   = Errorf(Conflict, "SESSION_ERASED", "the data of the session were erased for good")
	ErrMetadata        = Errorf(Unprocessable, "VALIDATION_FAILED", "metadata is a JSON object of at most 16 KiB and five levels").At("metadata")
)

// Ended reports whether the state is final.
func (s *Session) Ended() bool { return s.State != SessionNew && s.State != SessionProgress }

// Passed is the result of the whole.
func (s *Session) Passed() bool { return s.State == SessionFinished }

// Technologies lists the codes in the order in which they run.
func (s *Session) Technologies() []TechCode {
	out := make([]TechCode, len(s.Steps))
	for i := range s.Steps {
		out[i] = s.Steps[i].Technology
	}
	return out
}

// Usable refuses every use of a session that ended, by result or by time.
func (s *Session) Usable(now time.Time) error {
	switch {
	case s.State == SessionExpired, !s.Ended() && !now.Before(s.ExpiresAt):
		return ErrSessionExpired
	case s.Ended():
		return s.refused("the session has ended as %s and serves once: open another one", s.State)
	}
	return nil
}

// refused is ErrSessionState that says what stands against a use.
func (s *Session) refused(format string, args ...any) *Error {
	return ErrSessionState.Saying(format, args...).With("status", string(s.State))
}

// Start leaves NEW.
func (s *Session) Start(now time.Time) error {
	if err := s.Usable(now); err != nil {
		return err
	}
	if s.State != SessionNew {
		return s.refused("the session is started already")
	}
	s.State, s.StartedAt = SessionProgress, now
	return nil
}

// Current returns the index of the step whose turn it is, -1 outside PROGRESS.
func (s *Session) Current() int {
	if s.State != SessionProgress {
		return -1
	}
	return slices.IndexFunc(s.Steps, func(p Step) bool { return p.State == StepPending || p.State == StepActive })
}

// Turn refuses a step whose turn it is not: ErrStepNotFound for none of the
// session's, ErrResultExists for one that has its result, ErrSessionState for a
// later one.
func (s *Session) Turn(i int, now time.Time) error {
	switch {
	case i < 0 || i >= len(s.Steps):
		return ErrStepNotFound
	case s.Steps[i].Result != nil || s.Steps[i].State == StepFailed:
		return ErrResultExists
	}
	if err := s.Usable(now); err != nil {
		return err
	}
	switch at := s.Current(); {
	case at < 0:
		return s.refused("the session has to be started first")
	case i != at:
		return s.refused("it is the turn of step %d", at).With("current_step", at)
	}
	return nil
}

// Skip gives a step whose turn has not come the result of an earlier session.
func (s *Session) Skip(i int, r StepResult, from SessionID, now time.Time) error {
	if s.State != SessionProgress || s.Steps[i].State != StepPending {
		return ErrSessionState
	}
	p := &s.Steps[i]
	p.State, p.Result, p.Copied, p.EndedAt = StepSkipped, &r, from, now
	s.finish(now)
	return nil
}

// Begin makes the step whose turn it is active and reports whether it was not
// before: then its unit is due.
func (s *Session) Begin(i int, now time.Time) (first bool, err error) {
	if err := s.Turn(i, now); err != nil {
		return false, err
	}
	p := &s.Steps[i]
	if p.State == StepActive {
		return false, nil
	}
	p.State, p.StartedAt = StepActive, now
	return true, nil
}

// Ask keeps what the answer to an active step will be held against.
func (s *Session) Ask(i int, memo []byte, until time.Time) {
	s.Steps[i].Memo, s.Steps[i].MemoUntil = memo, until
}

// Take counts one answer to an active step, under a name of its own, and
// returns the memo, nil when it is too old. ErrSessionState when all attempts
// are used or under way; those that got lost are not. Face2Face takes its one
// attempt again as often as other steps: it asks nothing of the user, and a run
// that ended with its process must not leave the session without one.
func (s *Session) Take(i int, id AttemptID, now time.Time) (memo []byte, err error) {
	if err := s.Turn(i, now); err != nil {
		return nil, err
	}
	p := &s.Steps[i]
	p.giveUpLost(now)
	if p.State != StepActive || p.Attempts >= s.Attempts {
		return nil, s.refused("all attempts of the step are used or under way").With("current_step", i)
	}
	p.Attempts++
	p.Running = append(p.Running, Attempt{id, now.Add(AttemptTime)})
	if now.Before(p.MemoUntil) {
		memo = p.Memo
	}
	return memo, nil
}

// giveUpLost returns the attempts that had no result in their time.
func (p *Step) giveUpLost(now time.Time) {
	under := len(p.Running)
	p.Running = slices.DeleteFunc(p.Running, func(a Attempt) bool { return !now.Before(a.Until) })
	p.Attempts -= under - len(p.Running)
}

// ends takes an attempt from those under way, false when it is none of them.
func (p *Step) ends(id AttemptID) bool {
	at := slices.IndexFunc(p.Running, func(a Attempt) bool { return a.ID == id })
	if at < 0 {
		return false
	}
	p.Running = slices.Delete(p.Running, at, at+1)
	return true
}

// attempts is one for what would find the same in the same pictures again.
func (s *Session) attempts(i int) int {
	if s.Steps[i].Technology == TechFace2Face {
		return 1
	}
	return s.Attempts
}

// AttemptsLeft is how many more results of a step may not pass.
func (s *Session) AttemptsLeft(i int) int { return max(0, s.attempts(i)-s.Steps[i].Attempts) }

// mayPass reports whether a step may pass behind a result that did not: by an
// attempt that is left, or by another one under way. One that compares the same
// pictures finds the same.
func (s *Session) mayPass(i int) bool {
	return s.AttemptsLeft(i) > 0 || len(s.Steps[i].Running) > 0 && s.attempts(i) > 1
}

// GiveBack returns an attempt that had no result, through no fault of the
// answer; false when it was given up before.
func (s *Session) GiveBack(i int, id AttemptID) bool {
	p := &s.Steps[i]
	if p.State != StepActive || !p.ends(id) {
		return false
	}
	p.Attempts--
	return true
}

// Settle gives an active step what an attempt found. A result that did not
// pass fails the step, and with it the session, when no attempts are left and
// none is under way. ErrSessionState for an attempt that was given up.
func (s *Session) Settle(i int, id AttemptID, r StepResult, f Failure, now time.Time) error {
	if err := s.Turn(i, now); err != nil {
		return err
	}
	p := &s.Steps[i]
	if p.State != StepActive || !p.ends(id) {
		return s.refused("the attempt took too long and was given up").With("current_step", i)
	}
	p.giveUpLost(now)
	if !r.Passed && s.mayPass(i) {
		return nil
	}
	p.Result, p.EndedAt = &r, now
	p.forget()
	if r.Passed {
		p.State = StepPassed
		s.finish(now)
		return nil
	}
	return s.Fail(i, f, now)
}

// Fail ends a step and the session, without a result of the step unless it has
// one.
func (s *Session) Fail(i int, f Failure, now time.Time) error {
	if s.Ended() {
		return s.refused("the session has ended as %s", s.State)
	}
	p := &s.Steps[i]
	p.State, p.Failure, p.EndedAt = StepFailed, f, now
	s.end(SessionFailed, f, now)
	return nil
}

// finish ends a session whose steps all passed.
func (s *Session) finish(now time.Time) {
	if s.Current() < 0 && s.State == SessionProgress {
		s.end(SessionFinished, Failure{}, now)
	}
}

// Abort ends the session at the user's wish.
func (s *Session) Abort(now time.Time) error {
	if err := s.Usable(now); err != nil {
		return err
	}
	s.end(SessionFailed, FailureAborted, now)
	return nil
}

// Expire ends a session whose time is over; ErrSessionState before.
func (s *Session) Expire(now time.Time) error {
	if s.Ended() || now.Before(s.ExpiresAt) {
		return ErrSessionState.With("status", string(s.State))
	}
	s.end(SessionExpired, FailureExpired, now)
	return nil
}

// Erase forgets everything personal of a session that has ended. ErrSessionState
// before, ErrSessionErased a second time.
func (s *Session) Erase(now time.Time) error {
	switch {
	case !s.Ended():
		return s.refused("only a session that has ended can be erased")
	case !s.ErasedAt.IsZero():
		return ErrSessionErased
	}
	s.ErasedAt, s.Metadata, s.Visits, s.Person = now, nil, nil, ""
	for i := range s.Steps {
		s.Steps[i].Result = nil
	}
	return nil
}

func (s *Session) end(state SessionState, f Failure, now time.Time) {
	s.State, s.Failure, s.EndedAt = state, f, now
	for i := range s.Steps {
		s.Steps[i].forget()
	}
}

// forget drops what only the answers to a step need.
func (p *Step) forget() { p.Memo, p.MemoUntil, p.Running = nil, time.Time{}, nil }
