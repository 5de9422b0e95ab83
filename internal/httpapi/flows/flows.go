package flows

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/flow/report"
	"github.com/idem-id/idem/internal/httpapi/idempotent"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument/provider"
)

type createBody struct {
	APIKey   string          `json:"api_key"`
	Metadata json.RawMessage `json:"metadata"`
	Locale   string          `json:"locale"`
}

type created struct {
	Session      string   `json:"session_id"`
	Technologies []string `json:"technologies"`
}

func (a *api) create(w http.ResponseWriter, r *http.Request) (any, error) {
	data, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	var body createBody
	if err := unmarshal(data, &body); err != nil {
		return nil, err
	}
	p, err := a.client(r, idem.CredentialFlow, "api_key", body.APIKey)
	if err != nil {
		return nil, err
	}
	if err := a.Limiter.take(LimitOpening, string(p.Actor.Credential)); err != nil {
		return nil, err
	}
	o := flow.Opening{Metadata: body.Metadata, Locale: body.Locale}
	if string(o.Metadata) == "null" {
		o.Metadata = nil
	}
	key, err := idempotent.FromHTTP(r, data)
	if err != nil {
		return nil, err
	}
	done, err := idempotent.Do(r.Context(), a.Flows.Store, p, key, func(ctx context.Context, c *idempotent.Claim) (idempotent.Answer, error) {
		return a.open(ctx, p, o, c)
	})
	if done.Replayed {
		w.Header().Set(idempotent.Replayed, "true")
	}
	return json.RawMessage(done.Body), err
}

// open opens a session and remembers its answer with it.
func (a *api) open(ctx context.Context, p idem.Principal, o flow.Opening, c *idempotent.Claim) (out idempotent.Answer, err error) {
	_, err = a.Flows.Open(ctx, p, o, func(ctx context.Context, tx store.Tx, s idem.Session) error {
		body, err := json.Marshal(created{string(s.ID), report.StartedOf(&s).Technologies})
		if err != nil {
			return fmt.Errorf("encode answer: %w", err)
		}
		out = idempotent.Answer{Status: http.StatusOK, Body: body}
		return c.Finish(ctx, tx, out.Status, out.Body)
	})
	return out, err
}

// client tells whose key of a kind is shown, under a name in the body or the
// query, or in the header.
func (a *api) client(r *http.Request, kind idem.CredentialKind, name, secret string) (idem.Principal, error) {
	switch header := r.Header.Get("X-API-Key"); {
	case secret == "":
		secret = header
	case header != "" && header != secret:
		return idem.Principal{}, idem.Errorf(idem.Invalid, "AMBIGUOUS_CREDENTIALS", "%s and X-API-Key differ", name)
	}
	p, err := a.Authenticate(r.Context(), kind, secret)
	owner := map[idem.CredentialKind]string{idem.CredentialFlow: "the key of a flow", idem.CredentialPersons: "the organisation's Persons key"}[kind]
	return p, idem.Hint(err, idem.Unauthenticated, fmt.Sprintf("%s is expected, as %s or in the header X-API-Key", owner, name))
}

func (a *api) result(_ http.ResponseWriter, r *http.Request) (any, error) {
	if r.Header.Get("Origin") != "" {
		return nil, errOrigin
	}
	query := r.URL.Query()
	p, err := a.client(r, idem.CredentialFlow, "flow_api_key", query.Get("flow_api_key"))
	if err != nil {
		return nil, err
	}
	if query.Get("session_id") == "" {
		return nil, idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", "the parameter is required").At("session_id")
	}
	id, err := sessionID(query.Get("session_id"))
	if err != nil {
		return nil, err
	}
	s, err := a.Flows.Result(r.Context(), p, id)
	if errors.Is(err, idem.ErrFlowNotFound) {
		err = idem.ErrSessionNotFound
	}
	if err != nil {
		return nil, err
	}
	return report.Of(&s, func(ref idem.BlobRef) (string, error) {
		data, err := a.Flows.Picture(r.Context(), p.Org, &s, ref)
		if errors.Is(err, idem.ErrErased) {
			return "", nil
		}
		return base64.StdEncoding.EncodeToString(data), err
	})
}

func sessionID(text string) (idem.SessionID, error) {
	id, ok := idem.ParseID(text)
	if !ok {
		return "", idem.ErrSessionNotFound
	}
	return idem.SessionID(id), nil
}

// stateObject is how far a session is.
type stateObject struct {
	Session   string       `json:"session_id"`
	Status    string       `json:"status"`
	Demo      bool         `json:"is_demo"`
	Locale    string       `json:"locale"`
	ExpiresAt string       `json:"expires_at"`
	Current   *int         `json:"current_step"`
	Steps     []stepObject `json:"steps"`
	Failure   any          `json:"failure_reason"`
	Outcome   *outcome     `json:"outcome,omitempty"`
	Challenge any          `json:"challenge,omitempty"`
}

type stepObject struct {
	Index        int    `json:"index"`
	Code         string `json:"code"`
	Name         string `json:"name"`
	State        string `json:"state"`
	AttemptsLeft int    `json:"attempts_left"`
	// Offer is of electronic documents alone.
	Offer *offerObject `json:"offer,omitempty"`
}

// offerObject is what a step can be answered with besides files.
type offerObject struct {
	Providers []string `json:"providers"`
	CodesLeft int      `json:"codes_left"`
	CodeUntil *string  `json:"code_until"` // nil when no code is waited for
}

func offerOf(o *flow.Offer) *offerObject {
	if o == nil {
		return nil
	}
	out := &offerObject{Providers: o.Providers, CodesLeft: o.CodesLeft}
	if !o.CodeUntil.IsZero() {
		until := o.CodeUntil.UTC().Format(report.TimeFormat)
		out.CodeUntil = &until
	}
	return out
}

// outcome tells the user of an attempt what to do better.
type outcome struct {
	Passed   bool          `json:"passed"`
	Reasons  []tech.Reason `json:"reasons"`
	Warnings []tech.Reason `json:"warnings"`
}

func (a *api) stateOf(s *idem.Session) stateObject {
	out := stateObject{Session: string(s.ID), Status: string(s.State), Demo: s.Demo, Locale: s.Locale,
		ExpiresAt: s.ExpiresAt.UTC().Format(report.TimeFormat), Steps: make([]stepObject, len(s.Steps))}
	if f := report.FailureOf(s.Failure); f != nil {
		out.Failure = f
	}
	if at := s.Current(); at >= 0 {
		out.Current = &at
	}
	for i := range s.Steps {
		t := report.TechnologyOf(s.Steps[i].Technology)
		out.Steps[i] = stepObject{i, t.Code, t.Name, string(s.Steps[i].State), s.AttemptsLeft(i), offerOf(a.Flows.Offer(s, i))}
	}
	return out
}

// after is the state behind an attempt.
func (a *api) after(s *idem.Session, out tech.Outcome) stateObject {
	state := a.stateOf(s)
	state.Outcome = &outcome{out.Passed, append([]tech.Reason{}, out.Reasons...), append([]tech.Reason{}, out.Warnings...)}
	return state
}

func (a *api) state(_ http.ResponseWriter, r *http.Request) (any, error) {
	id, err := sessionID(r.PathValue("session_id"))
	if err != nil {
		return nil, err
	}
	s, err := a.Flows.State(r.Context(), id)
	return a.stateOf(&s), err
}

func (a *api) start(_ http.ResponseWriter, r *http.Request) (any, error) {
	id, err := sessionID(r.PathValue("session_id"))
	if err != nil {
		return nil, err
	}
	s, err := a.Flows.Start(r.Context(), id)
	return a.stateOf(&s), err
}

func (a *api) abort(_ http.ResponseWriter, r *http.Request) (any, error) {
	id, err := sessionID(r.PathValue("session_id"))
	if err != nil {
		return nil, err
	}
	s, err := a.Flows.Abort(r.Context(), id)
	return a.stateOf(&s), err
}

// step reads the session and the step of a path.
func step(r *http.Request) (idem.SessionID, int, error) {
	id, err := sessionID(r.PathValue("session_id"))
	if err != nil {
		return "", 0, err
	}
	i, err := strconv.Atoi(r.PathValue("index"))
	if err != nil {
		return "", 0, idem.ErrStepNotFound
	}
	return id, i, nil
}

// expected is step for a body that may be large: it is refused unread when
// nobody waits for it, so that strangers fill no memory.
func (a *api) expected(w http.ResponseWriter, r *http.Request) (idem.SessionID, int, error) {
	id, i, err := step(r)
	if err == nil {
		err = a.Flows.Expects(r.Context(), id, i)
	}
	if err != nil {
		leaveUnread(w, r)
	}
	return id, i, err
}

// leaveUnread lets a refusal go out at once: on a connection that is kept the
// server would wait for the body first.
func leaveUnread(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		w.Header().Set("Connection", "close")
	}
}

func (a *api) submit(w http.ResponseWriter, r *http.Request) (any, error) {
	id, i, err := a.expected(w, r)
	if err != nil {
		return nil, err
	}
	bring, err := a.evidence(w, r)
	if err != nil {
		return nil, err
	}
	s, out, err := a.Flows.Submit(r.Context(), id, i, bring)
	return a.after(&s, out), err
}

func (a *api) challenge(_ http.ResponseWriter, r *http.Request) (any, error) {
	id, i, err := step(r)
	if err != nil {
		return nil, err
	}
	s, shown, err := a.Flows.Challenge(r.Context(), id, i)
	if err != nil {
		return nil, err
	}
	out := a.stateOf(&s)
	out.Challenge = shown
	if nonce, ok := shown.([]byte); ok {
		out.Challenge = map[string]any{"nonce": nonce}
	}
	return out, nil
}

type requestBody struct {
	Provider string `json:"provider"`
	IIN      string `json:"iin"`
	Phone    string `json:"phone"`
}

func (a *api) request(w http.ResponseWriter, r *http.Request) (any, error) {
	id, i, err := step(r)
	if err != nil {
		return nil, err
	}
	var body requestBody
	if err := readJSON(w, r, &body); err != nil {
		return nil, err
	}
	if phone, err := idem.DefaultSettings().Normalise(idem.AliasPhone, body.Phone); err == nil {
		body.Phone = phone // as people write it; what is no phone number the provider refuses
	}
	s, err := a.Flows.AskProvider(r.Context(), id, i, body.Provider, provider.Request{PersonalNumber: body.IIN, Phone: body.Phone},
		a.Limiter.from(r))
	return a.stateOf(&s), err
}

type approveBody struct {
	Code string `json:"code"`
}

func (a *api) approve(w http.ResponseWriter, r *http.Request) (any, error) {
	id, i, err := step(r)
	if err != nil {
		return nil, err
	}
	var body approveBody
	if err := readJSON(w, r, &body); err != nil {
		return nil, err
	}
	s, out, err := a.Flows.Approve(r.Context(), id, i, body.Code)
	return a.after(&s, out), err
}

type filesBody struct {
	APIKey  string `json:"api_key"`
	Session string `json:"session_id"`
}

// generateFiles draws the missing sheets of a session's electronic document,
// for the holder of the organisation's Persons key.
func (a *api) generateFiles(w http.ResponseWriter, r *http.Request) (any, error) {
	var body filesBody
	if err := readJSON(w, r, &body); err != nil {
		return nil, err
	}
	p, err := a.client(r, idem.CredentialPersons, "api_key", body.APIKey)
	if err != nil {
		return nil, err
	}
	id, err := sessionID(body.Session)
	if err != nil {
		return nil, err
	}
	return struct{}{}, a.Flows.DrawSheets(r.Context(), p, id)
}

// send writes an answer. A client that left is nobody's error.
func send(w http.ResponseWriter, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(data)
	return nil
}
