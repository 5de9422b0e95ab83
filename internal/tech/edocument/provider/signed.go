package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
)

// Signed configures a provider that speaks signed JSON: POST URL/start and
// URL/approve take JSON and answer a compact JWS of JSON.
type Signed struct {
	Name  string
	URL   string              // https://...
	Keys  *jose.JSONWebKeySet // the keys that its answers are signed with
	Token string              // sent as bearer token; empty for none
	// Client defaults to one of Timeout that follows no redirect.
	Client *http.Client
}

// The bounds of one conversation.
const (
	Timeout    = 10 * time.Second
	maxAnswer  = 4 << 20
	maxAge     = 5 * time.Minute // of an answer, and of clocks apart
	attempts   = 3
	firstPause = 200 * time.Millisecond
	maxValid   = 15 * time.Minute
)

// algorithms that answers may be signed with; none of them is symmetric.
var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.ES512, jose.PS256, jose.PS384, jose.PS512, jose.EdDSA}

type signedProvider struct{ Signed }

// NewSigned returns the provider, or why the configuration is none.
func NewSigned(s Signed) (Provider, error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("provider %q: the URL must be https://", s.Name)
	}
	if s.Keys == nil || len(s.Keys.Keys) == 0 {
		return nil, fmt.Errorf("provider %q: no keys", s.Name)
	}
	for _, k := range s.Keys.Keys {
		if !k.Valid() || !k.IsPublic() {
			return nil, fmt.Errorf("provider %q: key %q is no public key", s.Name, k.KeyID)
		}
	}
	if s.Client == nil {
		s.Client = &http.Client{Timeout: Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	s.URL = strings.TrimRight(s.URL, "/")
	return &signedProvider{s}, nil
}

func (p *signedProvider) Name() string { return p.Signed.Name }

// envelope is what every answer carries beside its own members: when it was
// given, and to which request, so that none can be played again.
type envelope struct {
	IssuedAt int64  `json:"iat"`
	Request  string `json:"request_id"`
}

func (p *signedProvider) Start(ctx context.Context, r Request) (Session, error) {
	var answer struct {
		Session   string `json:"session"`
		ExpiresIn int    `json:"expires_in"` // seconds
	}
	if err := p.call(ctx, "start", map[string]any{"personal_number": r.PersonalNumber, "phone": r.Phone}, &answer); err != nil {
		return Session{}, err
	}
	valid := time.Duration(answer.ExpiresIn) * time.Second
	if answer.Session == "" || valid <= 0 || valid > maxValid {
		return Session{}, ErrUnavailable.Because(errors.New("answer without a session"))
	}
	return Session{ID: answer.Session, Valid: valid}, nil
}

func (p *signedProvider) Approve(ctx context.Context, session, code string) (Record, error) {
	var record Record
	err := p.call(ctx, "approve", map[string]any{"session": session, "code": code}, &record)
	return record, err
}

// call sends one request, again after an outage, and opens the answer. The
// request id lets the service take a repetition for what it is.
func (p *signedProvider) call(ctx context.Context, path string, body map[string]any, into any) error {
	id := uuid.NewString()
	body["request_id"] = id
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	pause, sent := firstPause, false
	for attempt := 1; ; attempt++ {
		status, answer, err := p.post(ctx, path, data)
		sent = sent || !errors.Is(err, ErrUnsent) && !didNothing(status)
		settled := err == nil && status < 500
		if settled && !didNothing(status) {
			return p.open(status, answer, id, into)
		}
		if settled || attempt == attempts || ctx.Err() != nil {
			return outage(sent, errors.Join(err, fmt.Errorf("status %d", status)))
		}
		select {
		case <-time.After(pause):
			pause *= 2
		case <-ctx.Done():
		}
	}
}

// didNothing reports whether a status says that the service did not take the
// request up. Other outages leave open how far it came: a gateway's own, or one
// of a proxy before it, may be told of behind the sending.
func didNothing(status int) bool {
	if _, ok := refusals[status]; ok {
		return false
	}
	return status == http.StatusServiceUnavailable || status >= 400 && status < 500 && status != http.StatusRequestTimeout
}

func outage(sent bool, cause error) error {
	if !sent {
		cause = errors.Join(ErrUnsent, cause)
	}
	return ErrUnavailable.Because(cause)
}

// post fails with ErrUnsent when no connection came about.
func (p *signedProvider) post(ctx context.Context, path string, data []byte) (int, []byte, error) {
	connected := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/"+path, bytes.NewReader(data))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if p.Token != "" {
		req.Header.Set("Authorization", "Bearer "+p.Token)
	}
	res, err := p.Client.Do(req)
	if err != nil && !connected {
		err = errors.Join(ErrUnsent, err)
	}
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if len(answer) > maxAnswer {
		err = errors.New("answer too large")
	}
	return res.StatusCode, answer, err
}

// refusals are the service's answers that are its holder's affair.
var refusals = map[int]error{http.StatusNotFound: ErrHolder, http.StatusUnprocessableEntity: ErrCode, http.StatusGone: ErrSession}

func (p *signedProvider) open(status int, answer []byte, id string, into any) error {
	if refusal, ok := refusals[status]; ok {
		return refusal
	}
	if status != http.StatusOK {
		return ErrUnavailable.Because(fmt.Errorf("status %d", status))
	}
	if err := p.verify(answer, id, into); err != nil {
		return ErrUnavailable.Because(err)
	}
	return nil
}

func (p *signedProvider) verify(answer []byte, id string, into any) error {
	signed, err := jose.ParseSignedCompact(strings.TrimSpace(string(answer)), algorithms)
	if err != nil {
		return fmt.Errorf("read signed answer: %w", err)
	}
	payload, err := signed.Verify(p.Keys)
	if err != nil {
		return fmt.Errorf("verify signed answer: %w", err)
	}
	var e envelope
	if err := json.Unmarshal(payload, &e); err != nil {
		return errors.New("signed answer is no JSON object") // the cause would quote it
	}
	if age := time.Since(time.Unix(e.IssuedAt, 0)).Abs(); age > maxAge || e.Request != id {
		return errors.New("signed answer is old, or to another request")
	}
	if err := json.Unmarshal(payload, into); err != nil {
		return errors.New("signed answer has members of other types")
	}
	return nil
}
