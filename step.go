package idem

import (
	"slices"
	"time"
)

// StepResult is what a technology found in a step, in the form that later
// steps, the person and the caller need. Pictures are objects of the session.
type StepResult struct {
	Passed   bool
	Reasons  []string // why it did not pass, the technology's codes
	Warnings []string
	Face     BlobRef // best frame or portrait; "" without one
	Liveness *LivenessResult
	Document *DocumentResult // of ED and DR
	Match    *MatchResult
}

// LivenessResult is what a liveness step saw.
type LivenessResult struct {
	Prediction float64 // 0..1 that a living person is seen
	Centred    bool
	Direction  string // forward, left, right, up, down
	EyesClosed *bool  // nil: not judged
}

// DocumentResult is what a document said; personal data. Dates may be unknown
// in part.
type DocumentResult struct {
	Kind           string // CHIP, MOBILE or PROVIDER of ED; the sort of document of DR
	Type           string // P, ID ...
	Issuer         string
	Number         string
	PersonalNumber string
	Phone          string // E.164, that a provider confirmed
	Surname        string
	Given          string
	Patronymic     string
	FullName       string
	Nationality    string
	Sex            Sex
	Birth          Date
	Issued         Date
	Expiry         Date
	Authority      string
	Provider       string
	Files          DocumentFiles
	Recognition    *Recognition // of DR; nil of ED, and of results kept before it was
}

// Recognition is how a document was read from its pictures; personal data.
type Recognition struct {
	Fields     map[string]string  // all that was read, by name
	Confidence map[string]float64 // 0..1, of the fields
	Differing  []string           // fields on which zone, codes and visual zone disagree
	Zone       []string           // lines of the machine readable zone; nil without one
	ZoneValid  bool
	Expired    bool
	Pages      []PageQuality
}

// PageQuality is how well a picture shows its document.
type PageQuality struct {
	Width      float64 // of the document in pixels, 0 without one
	Blur       float64 // sigma of its edges in pixels
	Brightness float64 // 0..255
	Glare      float64 // share of the document, 0..1
	Cut        bool    // it reaches over the border
}

// DocumentFiles are the sheets drawn of an electronic document; "" without.
type DocumentFiles struct{ PDF, PNG BlobRef }

// MatchResult is what a Face2Face step compared. Scores are cosines, -1..1.
type MatchResult struct {
	Score        float64
	FMR          float64 // of a threshold at Score
	Threshold    float64
	ThresholdFMR float64
	Similarity   float64 // 0..1 on which the threshold is 0.5
	Source       ReferenceSource
	Photo        PhotoID   // of a PERSON_PHOTO
	PhotoType    PhotoType // of a PERSON_PHOTO
}

// ReferenceSource says where the face to be compared with was taken from.
type ReferenceSource string

// The sources of references.
const (
	ReferencePerson    ReferenceSource = "PERSON_PHOTO"
	ReferenceEDocument ReferenceSource = "EDOCUMENT"
	ReferenceDocument  ReferenceSource = "DOCUMENT"
)

// Contributes reports whether the step passed, itself or by a copy.
func (p *Step) Contributes() bool {
	return p.Result != nil && p.Result.Passed && (p.State == StepPassed || p.State == StepSkipped)
}

// Reusable reports whether a result may be copied into a session that starts
// now: it passed, is no copy itself, is not older than maxAge (0: any age) and
// its document has not expired.
func (p *Step) Reusable(now time.Time, maxAge time.Duration) bool {
	switch {
	case !p.Contributes() || p.State == StepSkipped:
		return false
	case maxAge > 0 && now.Sub(p.EndedAt) > maxAge:
		return false
	}
	d := p.Result.Document
	return d == nil || !d.Expiry.Complete() || !DateOf(now.UTC()).After(d.Expiry)
}

// Lent is the step of an earlier session whose result a step of a session that
// starts now may take; nil when the flow does not skip the technology, or the
// result is not Reusable.
func (s *Session) Lent(i int, earlier *Session, now time.Time) *Step {
	code := s.Steps[i].Technology
	p := earlier.Contribution(code)
	if p == nil || !slices.Contains(s.Config.SkipTechnologies, code) || !p.Reusable(now, s.Config.SkipMaxAge) {
		return nil
	}
	return p
}

// Frame returns the picture of the person in front of the camera: of several
// liveness steps that passed, the one of the highest prediction.
func (s *Session) Frame() BlobRef {
	best, frame := -1.0, BlobRef("")
	for i := range s.Steps {
		p := &s.Steps[i]
		if p.Contributes() && p.Result.Liveness != nil && p.Result.Face != "" && p.Result.Liveness.Prediction > best {
			best, frame = p.Result.Liveness.Prediction, p.Result.Face
		}
	}
	return frame
}

// Portrait returns the face of the session's document, of ED before DR, and
// where it comes from; "" without one.
func (s *Session) Portrait() (BlobRef, ReferenceSource) {
	for _, from := range []struct {
		code   TechCode
		source ReferenceSource
	}{{TechEDocument, ReferenceEDocument}, {TechDocumentRecognition, ReferenceDocument}} {
		if p := s.Contribution(from.code); p != nil && p.Result.Face != "" {
			return p.Result.Face, from.source
		}
	}
	return "", ""
}

// Contribution returns the step of the technology if it contributes.
func (s *Session) Contribution(c TechCode) *Step {
	for i := range s.Steps {
		if p := &s.Steps[i]; p.Technology == c && p.Contributes() {
			return p
		}
	}
	return nil
}

// Pictures lists the objects that the results name.
func (s *Session) Pictures() (refs []BlobRef) {
	for i := range s.Steps {
		refs = append(refs, s.Steps[i].Result.Pictures()...)
	}
	return refs
}

// Pictures lists the objects that the result names; none for nil.
func (r *StepResult) Pictures() []BlobRef {
	if r == nil {
		return nil
	}
	refs := []BlobRef{r.Face}
	if r.Document != nil {
		refs = append(refs, r.Document.Files.PDF, r.Document.Files.PNG)
	}
	return slices.DeleteFunc(refs, func(ref BlobRef) bool { return ref == "" })
}
