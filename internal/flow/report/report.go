package report

import (
	"cmp"
	"fmt"
	"time"

	"github.com/idem-id/idem"
)

// Technology names a step.
type Technology struct {
	Code        string `json:"code"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// TechnologyOf describes a technology.
func TechnologyOf(code idem.TechCode) Technology {
	names := map[idem.TechCode][2]string{
		idem.TechLivenessHead:        {"Liveness Head Position", "Turns of the head in an order that is drawn"},
		idem.TechLivenessDistance:    {"Liveness Distance", "Coming closer to the camera and going away again"},
		idem.TechLivenessShort:       {"Liveness Short", "One picture of the camera"},
		idem.TechLivenessPro:         {"Liveness PRO", "Turns of the head and distance"},
		idem.TechDocumentRecognition: {"Document Recognition", "Pictures of an identity document"},
		idem.TechEDocument:           {"E-Document", "The chip of a document, or a provider's answer"},
		idem.TechFace2Face:           {"Face2Face", "The face of the camera against that of the document"},
	}
	n := names[code]
	return Technology{string(code), n[0], n[1]}
}

// Technologies describes the steps of a session in their order.
func Technologies(s *idem.Session) []Technology {
	out := make([]Technology, len(s.Steps))
	for i := range s.Steps {
		out[i] = TechnologyOf(s.Steps[i].Technology)
	}
	return out
}

// Failure says why something did not pass.
type Failure struct {
	Type   string  `json:"type"`
	Detail *string `json:"detail"`
}

// FailureOf is nil for nothing.
func FailureOf(f idem.Failure) *Failure {
	if f == (idem.Failure{}) {
		return nil
	}
	return &Failure{string(f.Type), optional(f.Detail)}
}

// explained is FailureOf in the guide's words where it has some.
func explained(f idem.Failure) *Failure {
	if f.Type == idem.FailureResult {
		f.Detail = DetailOf(f.Detail)
	}
	return FailureOf(f)
}

// guideTexts are the texts that the guide has for reasons of technologies.
var guideTexts = map[string]string{"low_prediction": "Low prediction"}

// DetailOf is the guide's text for the reason, or the reason itself.
func DetailOf(reason string) string { return cmp.Or(guideTexts[reason], reason) }

// Pictures reads an object of the session as base64; nil leaves pictures out.
type Pictures func(idem.BlobRef) (string, error)

// Result is a session with what its steps found. The member of a technology
// that the flow does not have is absent; that of one without a result is an
// empty object.
type Result struct {
	ID           string       `json:"id"`
	Status       string       `json:"status"`
	Passed       *bool        `json:"flow_session_result"` // null until the session ends
	Failures     []Failure    `json:"flow_session_failure_reasons"`
	ValidatedAt  *string      `json:"validated_at"`
	FinishedAt   *string      `json:"finished_at"`
	Demo         bool         `json:"is_demo"`
	Metadata     any          `json:"metadata"`
	Technologies []Technology `json:"technologies"`
	Liveness     any          `json:"liveness_result,omitempty"`
	EDocument    any          `json:"edocument_result,omitempty"`
	Document     any          `json:"document_recognition_result,omitempty"`
	Face2Face    any          `json:"face2face_result,omitempty"`
	IPChecks     []IPCheck    `json:"ip_check_results"`
	Requests     []Request    `json:"request_sessions"`
}

// Of writes a session.
func Of(s *idem.Session, pictures Pictures) (Result, error) {
	out := Result{ID: string(s.ID), Status: string(s.State), Failures: []Failure{}, FinishedAt: moment(s.EndedAt), Demo: s.Demo,
		Metadata: raw(s.Metadata), Technologies: Technologies(s)}
	out.IPChecks, out.Requests = visits(s)
	if s.Ended() {
		passed := s.Passed()
		out.Passed = &passed
	}
	if f := explained(s.Failure); f != nil {
		out.Failures = append(out.Failures, *f)
	}
	for i := range s.Steps {
		p := &s.Steps[i]
		member := out.member(p.Technology)
		told, err := StepOf(p, pictures)
		if err != nil {
			return out, err
		}
		if *member == nil || p.Result != nil || p.State == idem.StepFailed { // of several, the last one that ended
			*member = told
		}
	}
	return out, nil
}

func (r *Result) member(code idem.TechCode) *any {
	switch code {
	case idem.TechEDocument:
		return &r.EDocument
	case idem.TechDocumentRecognition:
		return &r.Document
	case idem.TechFace2Face:
		return &r.Face2Face
	}
	return &r.Liveness
}

// MemberOf names the member of a technology's result.
func MemberOf(code idem.TechCode) string {
	switch code {
	case idem.TechEDocument:
		return "edocument_result"
	case idem.TechDocumentRecognition:
		return "document_recognition_result"
	case idem.TechFace2Face:
		return "face2face_result"
	}
	return "liveness_result"
}

// StepOf writes what a step found, an empty object for nothing yet.
func StepOf(p *idem.Step, pictures Pictures) (any, error) {
	if p.Result == nil && p.State != idem.StepFailed {
		return struct{}{}, nil
	}
	head := Head{Failure: explained(p.Failure), Reasons: []string{}, Warnings: []string{}, Skipped: p.State == idem.StepSkipped, CopiedFrom: optional(string(p.Copied))}
	r := p.Result
	if r == nil {
		return head, nil
	}
	head.Passed = r.Passed
	head.Reasons, head.Warnings = append(head.Reasons, r.Reasons...), append(head.Warnings, r.Warnings...)
	face, err := picture(pictures, r.Face)
	switch {
	case err != nil:
		return nil, err
	case r.Liveness != nil:
		return livenessOf(head, r.Liveness, face), nil
	case p.Technology == idem.TechEDocument && r.Document != nil:
		return electronicOf(head, r.Document, face, pictures)
	case r.Document != nil:
		return recognisedOf(head, r.Document, face), nil
	case r.Match != nil:
		return comparedOf(head, r.Match), nil
	}
	return head, nil
}

func picture(pictures Pictures, ref idem.BlobRef) (*string, error) {
	if pictures == nil || ref == "" {
		return nil, nil
	}
	text, err := pictures(ref)
	return &text, err
}

// Head is what the result of every step begins with.
type Head struct {
	Passed     bool     `json:"result"`
	Failure    *Failure `json:"failure_reason"`
	Reasons    []string `json:"reasons"`
	Warnings   []string `json:"warnings"`
	Skipped    bool     `json:"skipped,omitempty"`
	CopiedFrom *string  `json:"copied_from_session_id,omitempty"`
}

// score is a decimal string with four places.
func score(v float64) string { return fmt.Sprintf("%.4f", v) }

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// TimeFormat is how the Flow API writes times, which are UTC.
const TimeFormat = "2006-01-02T15:04:05.000000Z"

func moment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return optional(t.UTC().Format(TimeFormat))
}
