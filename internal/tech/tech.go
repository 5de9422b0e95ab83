package tech

import (
	"context"
	"image"
	"time"

	"github.com/idem-id/idem"
)

// Technology is one check. Implementations are safe for concurrent use.
type Technology interface {
	// Code names the technology that organisations subscribe to.
	Code() idem.TechCode
	// Run judges the evidence. It uses the parts that the technology is about,
	// refuses with kind Unprocessable when one is missing or cannot be read,
	// with kind Unavailable when its engine is not ready, and answers the
	// context's error when that ends.
	Run(ctx context.Context, in Evidence) (Outcome, error)
	// Ready returns nil, or why the technology cannot work now.
	Ready() error
}

// Evidence is what a check takes in. Pictures are decoded and upright.
type Evidence struct {
	Frames    []Frame           // camera pictures in the order in which they were taken
	Pages     []image.Image     // pictures of a document: front, then back, or several pages
	Files     map[string][]byte // chip files by name (EF.SOD, EF.DG1 ...) and signed answers
	Country   string            // ISO 3166-1 alpha-3 of the document, when the client says it
	Challenge []byte            // the memo of the challenge that the evidence answers
	Probe     image.Image       // the face to be compared
	Reference Reference         // the face that it should be
	FMR       float64           // the false match rate at which faces match; 0 is 1e-4
	Now       time.Time         // when the evidence was taken in
}

// Frame is one picture of a camera.
type Frame struct {
	Image image.Image
	At    time.Duration // since the first frame, as the client's clock says; 0 when unknown
	JPEG  []byte        // the file without metadata when it shows these pixels; else nil
}

// Reference is a face with the place that it comes from.
type Reference struct {
	Image  image.Image
	Source Source
}

// Source says where a reference face was taken from.
type Source string

// The sources of reference faces, the most trusted first.
const (
	FromChip     Source = "EDOCUMENT"
	FromDocument Source = "DOCUMENT"
	FromPerson   Source = "PERSON_PHOTO"
	FromRequest  Source = "REQUEST"
)

// Outcome is the normalised result of a check.
type Outcome struct {
	Technology idem.TechCode
	Passed     bool
	// Reasons say why the check did not pass, the gravest first; none when it
	// passed.
	Reasons []Reason
	// Warnings are doubts that alone do not fail the check.
	Warnings []Reason
	// Face is the best frame or the portrait of the document; nil without one.
	Face image.Image
	// JPEG is the file that Face came in; nil when it came in no such file or
	// is a part of it.
	JPEG []byte
	// Details is the technology's own result: *liveness.Result,
	// *document.Result, *edocument.Result or *facematch.Result.
	Details any
}

// Reason is a stable code in lower case with underscores, such as
// dg_hash_mismatch. Each technology lists its own beside its result.
type Reason string

// Challenger is a technology that asks for something before it judges, so that
// evidence which was recorded earlier does not answer.
type Challenger interface {
	// Challenge draws what the evidence must answer.
	Challenge(ctx context.Context) (Challenge, error)
}

// Challenge is what a technology asks for.
type Challenge struct {
	// Shown is what the client is told, a value that encodes as JSON.
	Shown any
	// Memo comes back to the technology as Evidence.Challenge, unchanged.
	Memo []byte
	// Valid is how long the answer is waited for.
	Valid time.Duration
}

// ErrEvidenceMissing is the refusal of evidence without a part that the
// technology is about; its field names the part.
var ErrEvidenceMissing = idem.Errorf(idem.Unprocessable, "EVIDENCE_MISSING", "a part of the evidence is missing")
