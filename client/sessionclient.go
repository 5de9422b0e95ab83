package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// SessionClient runs the steps of one session, as the pages and apps of end
// users do. It needs no key and reads nothing of what the steps found.
type SessionClient struct {
	c    *Client
	path string
}

// ForSession makes a client of one session at the server at base.
func ForSession(base, session string, options ...Option) (*SessionClient, error) {
	c, err := newClient(base, http.Header{}, options)
	return &SessionClient{c, sessionBase + "/" + url.PathEscape(session)}, err
}

// SessionState is how far a session is.
type SessionState struct {
	ID        string      `json:"session_id"`
	Status    string      `json:"status"`
	Demo      bool        `json:"is_demo"`
	Locale    string      `json:"locale"`
	ExpiresAt time.Time   `json:"expires_at"`
	Current   *int        `json:"current_step"` // nil unless a step is to be done
	Steps     []StepState `json:"steps"`
	Failure   *Failure    `json:"failure_reason"`
	Outcome   *Outcome    `json:"outcome"` // of the attempt that was just made
}

// StepState is how far a step is.
type StepState struct {
	Index        int    `json:"index"`
	Code         string `json:"code"`
	Name         string `json:"name"`
	State        string `json:"state"` // PENDING, ACTIVE, PASSED, FAILED, SKIPPED
	AttemptsLeft int    `json:"attempts_left"`
}

// Outcome tells the user of an attempt what to do better.
type Outcome struct {
	Passed   bool     `json:"passed"`
	Reasons  []string `json:"reasons"`
	Warnings []string `json:"warnings"`
}

// StepChallenge is what the evidence of a step must answer, once: moves for a
// person, or a nonce for a chip.
type StepChallenge struct {
	SessionState
	Challenge *struct {
		Moves   []string `json:"moves"` // LEFT, RIGHT, UP, DOWN, CLOSER, AWAY
		Seconds int      `json:"seconds"`
		Nonce   []byte   `json:"nonce"`
	} `json:"challenge"` // nil when the session ended for lack of a subscription
}

// Evidence is what a step takes: Frames for liveness, Pages for Document
// Recognition, Files for E-Document, nothing for Face2Face.
type Evidence struct {
	Frames  []Frame
	Pages   [][]byte          // front, then back
	Country string            // the issuer that is expected, ISO 3166-1 alpha-3, or empty
	Files   map[string][]byte // by their names: EF.SOD, EF.DG1 ...
}

// State reads how far the session is.
func (s *SessionClient) State(ctx context.Context) (SessionState, error) {
	return answerOf[SessionState](ctx, s.c, get(s.path+"/state", nil), nil)
}

// Start leaves NEW.
func (s *SessionClient) Start(ctx context.Context) (SessionState, error) {
	return answerOf[SessionState](ctx, s.c, s.post("/start"), nil)
}

// Abort ends the session at the user's wish.
func (s *SessionClient) Abort(ctx context.Context) (SessionState, error) {
	return answerOf[SessionState](ctx, s.c, s.post("/abort"), nil)
}

// Challenge draws what the evidence of a step must answer.
func (s *SessionClient) Challenge(ctx context.Context, step int) (StepChallenge, error) {
	return answerOf[StepChallenge](ctx, s.c, s.step(step, "/challenge"), nil)
}

// Guidance is what one picture of the camera lacks for a step. Places are shares
// of the picture, 0..1.
type Guidance struct {
	Good  bool     `json:"good"`
	Hints []string `json:"hints"`
	Face  *struct {
		Box
		Yaw   int `json:"yaw"` // degrees
		Pitch int `json:"pitch"`
	} `json:"face"` // nil without one
	Document *struct {
		Quad [4][2]float64 `json:"quad"`
	} `json:"document"` // nil without one
}

// Guide tells what one picture lacks. It costs no attempt; the server limits how
// often it is asked.
func (s *SessionClient) Guide(ctx context.Context, step int, image []byte) (Guidance, error) {
	k, err := withForm(s.step(step, "/guidance"), map[string]any{"image": image})
	return answerOf[Guidance](ctx, s.c, k, err)
}

// Submit gives a step its evidence. A result that does not pass is no error:
// Outcome says why, and the step may be tried again while it has attempts.
func (s *SessionClient) Submit(ctx context.Context, step int, e Evidence) (SessionState, error) {
	k, err := e.form(s.step(step, ""))
	return answerOf[SessionState](ctx, s.c, k, err)
}

func (e Evidence) form(k call) (call, error) {
	members := map[string]any{"country": e.Country}
	if len(e.Frames) > 0 {
		members["frames"], members["times_ms"] = frameParts(e.Frames)
	}
	if len(e.Pages) > 0 {
		members["pages"] = e.Pages
	}
	if len(e.Files) > 0 {
		members["files"] = e.Files
	}
	if len(members) == 1 {
		return k, nil
	}
	return withForm(k, members)
}

// frameParts gives frames the form that servers take: pictures, and when each
// was taken.
func frameParts(frames []Frame) (images [][]byte, millis []int64) {
	for _, f := range frames {
		images, millis = append(images, f.Image), append(millis, f.At.Milliseconds())
	}
	return images, millis
}

// Request lets a provider send the holder of an electronic document a code,
// three times at most in a step.
func (s *SessionClient) Request(ctx context.Context, step int, h Holder) (SessionState, error) {
	k, err := s.step(step, "/request").withJSON(map[string]any{"iin": h.PersonalNumber, "phone": h.Phone, "provider": h.Provider})
	return answerOf[SessionState](ctx, s.c, k, err)
}

// Approve gives the holder's code. A wrong one is CODE_WRONG and uses an
// attempt.
func (s *SessionClient) Approve(ctx context.Context, step int, code string) (SessionState, error) {
	k, err := s.step(step, "/approve").withJSON(map[string]any{"code": code})
	return answerOf[SessionState](ctx, s.c, k, err)
}

func (s *SessionClient) post(path string) call {
	return call{method: http.MethodPost, path: s.path + path}
}

func (s *SessionClient) step(step int, path string) call {
	return s.post("/steps/" + strconv.Itoa(step) + path)
}
