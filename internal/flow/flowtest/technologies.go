package flowtest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/document"
	"github.com/idem-id/idem/internal/tech/edocument/provider"
	"github.com/idem-id/idem/internal/tech/liveness"
)

// Scripted is a technology that finds what it is told.
type Scripted struct {
	code idem.TechCode

	mu   sync.Mutex
	next []tech.Outcome // the last one stays
	err  error
	seen []tech.Evidence
	asks int
}

// NewScripted makes a technology that passes and finds nothing.
func NewScripted(code idem.TechCode) *Scripted {
	return &Scripted{code: code, next: []tech.Outcome{{Technology: code, Passed: true}}}
}

// Finds makes the next runs find the outcomes, the last one for ever.
func (s *Scripted) Finds(list ...tech.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next, s.err = list, nil
}

// Refuses makes the runs fail.
func (s *Scripted) Refuses(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Runs is how often the technology ran.
func (s *Scripted) Runs() []tech.Evidence {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

// Code implements tech.Technology.
func (s *Scripted) Code() idem.TechCode { return s.code }

// Ready implements tech.Technology.
func (s *Scripted) Ready() error { return nil }

// Run implements tech.Technology.
func (s *Scripted) Run(_ context.Context, in tech.Evidence) (tech.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, in)
	if s.err != nil {
		return tech.Outcome{}, s.err
	}
	out := s.next[0]
	if len(s.next) > 1 {
		s.next = s.next[1:]
	}
	out.Technology = s.code
	return out, nil
}

// Challenge implements tech.Challenger. What is remembered is numbered: LEFT 1,
// LEFT 2.
func (s *Scripted) Challenge(context.Context) (tech.Challenge, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asks++
	return tech.Challenge{Shown: map[string]any{"moves": []string{"LEFT"}}, Memo: []byte(s.asked()), Valid: time.Minute}, nil
}

// Asked is the challenge that was drawn last.
func (s *Scripted) Asked() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked()
}

func (s *Scripted) asked() string { return fmt.Sprintf("LEFT %d", s.asks) }

// Seen is the outcome of a liveness check that passed.
func Seen(identity string, prediction float64) tech.Outcome {
	return tech.Outcome{Passed: true, Face: facetest.Picture(identity, 1),
		Details: &liveness.Result{Prediction: prediction, Centred: true, Direction: liveness.Forward}}
}

// Spoof is the outcome of a liveness check that did not.
func Spoof(identity string) tech.Outcome {
	out := Seen(identity, 0.1)
	out.Passed, out.Reasons = false, []tech.Reason{liveness.LowPrediction}
	return out
}

// Card is the outcome of a document with these numbers.
func Card(identity, personal, number string) tech.Outcome {
	r := &document.Result{Kind: document.Card, Country: "UTO"}
	for name, value := range map[document.Name]string{document.PersonalNumber: personal, document.DocumentNumber: number, document.Surname: "SPECIMEN"} {
		if value != "" {
			r.Fields = append(r.Fields, document.Field{Name: name, Reading: document.Reading{Value: value, Source: document.FromZone, Confidence: 1}})
		}
	}
	return tech.Outcome{Passed: true, Face: facetest.Picture(identity, 2), Details: r}
}

// Holder is a provider of electronic documents; the code is 123456.
type Holder struct {
	mu       sync.Mutex
	identity string
	number   string
	expiry   idem.Date
	sent     int
	err      error
	first    func()
}

// Holds makes the provider answer with a document of this face and number.
func (h *Holder) Holds(identity, number string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.identity, h.number, h.expiry = identity, number, idem.Date{Year: 2090, Month: 1, Day: 1}
}

// Expires sets the expiry of the document.
func (h *Holder) Expires(on idem.Date) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.expiry = on
}

// Meanwhile is run once, while the provider is asked about the next code.
func (h *Holder) Meanwhile(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.first = f
}

// Fails makes the provider send nothing and fail; nil ends that.
func (h *Holder) Fails(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
}

// Sent is how many codes were sent.
func (h *Holder) Sent() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sent
}

// Name implements provider.Provider.
func (h *Holder) Name() string { return "holder" }

// Start implements provider.Provider.
func (h *Holder) Start(_ context.Context, r provider.Request) (provider.Session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		return provider.Session{}, h.err
	}
	h.sent++
	return provider.Session{ID: r.PersonalNumber + " " + r.Phone, Valid: time.Minute}, nil
}

// Approve implements provider.Provider.
func (h *Holder) Approve(_ context.Context, session, code string) (provider.Record, error) {
	h.mu.Lock()
	first := h.first
	h.first = nil
	h.mu.Unlock()
	if first != nil {
		first()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if code != "123456" {
		return provider.Record{}, provider.ErrCode
	}
	personal, phone, _ := strings.Cut(session, " ")
	return provider.Record{PersonalNumber: personal, Phone: phone, DocumentType: "ID", DocumentNumber: h.number, Surname: "SPECIMEN", Given: "ANNA",
		Issuer: "UTO", Nationality: "UTO", Expiry: h.expiry, Portrait: facetest.JPEG(facetest.Picture(h.identity, 3))}, nil
}
