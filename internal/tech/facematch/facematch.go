// Package facematch compares two faces: the one in front of the camera with the
// one of a document, a chip or a photo (Face2Face).
package facematch

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/match"
)

// DefaultFMR is the false match rate of the threshold when none is asked for.
const DefaultFMR = 1e-4

// The reasons of this technology.
const (
	ProbeUnusable     tech.Reason = "probe_face_unusable"     // no face that can be compared
	ReferenceUnusable tech.Reason = "reference_face_unusable" // as the probe
	FacesDiffer       tech.Reason = "faces_differ"
	SeveralFaces      tech.Reason = "several_faces"  // warning: the largest and most central was taken
	PoorReference     tech.Reason = "reference_poor" // warning: a difference may be the picture's
)

// Result is the outcome in figures. Scores are cosines, -1..1; without two
// usable faces Score is 0 and FMR 1.
type Result struct {
	Score        float64
	FMR          float64 // the false match rate of a threshold at Score, 0..1
	Threshold    float64
	ThresholdFMR float64
	Source       tech.Source // where the reference was taken from
	Probe        face.Analysis
	Reference    face.Analysis

	rarest float64 // the score of the rarest calibrated false match
}

// Compared reports whether there were two faces to compare.
func (r *Result) Compared() bool { return len(r.unusable()) == 0 }

// Similarity is the score on a scale for people, 0..1, on which the threshold
// is 0.5 and the rarest calibrated false match 1. It orders as the score does
// and is no probability.
func (r *Result) Similarity() float64 {
	if r.Score < r.Threshold {
		return max(0, r.Score) / max(r.Threshold, math.SmallestNonzeroFloat64) / 2
	}
	if r.Threshold >= r.rarest {
		return 1
	}
	return min(1, 0.5+(r.Score-r.Threshold)/(r.rarest-r.Threshold)/2)
}

// Technology implements tech.Technology over a face engine.
type Technology struct{ engine face.Engine }

// New returns the technology.
func New(engine face.Engine) *Technology { return &Technology{engine} }

// Code returns F2F.
func (t *Technology) Code() idem.TechCode { return idem.TechFace2Face }

// Ready returns nil, or why the face engine cannot work.
func (t *Technology) Ready() error { return t.engine.Ready() }

// Run compares Evidence.Probe with Evidence.Reference at Evidence.FMR. It
// refuses with EVIDENCE_MISSING without one of the pictures and with
// FMR_NOT_CALIBRATED for a rate outside 1e-6..1e-2. The details are a *Result.
func (t *Technology) Run(ctx context.Context, in tech.Evidence) (tech.Outcome, error) {
	r := &Result{ThresholdFMR: in.FMR, FMR: 1, Source: in.Reference.Source}
	if r.ThresholdFMR == 0 {
		r.ThresholdFMR = DefaultFMR
	}
	anchors := t.engine.Model().Calibration.Anchors
	var err error
	if r.Threshold, err = t.engine.Model().Calibration.Threshold(r.ThresholdFMR); err != nil {
		return tech.Outcome{}, ofRate(err)
	}
	r.rarest = anchors[len(anchors)-1].Score
	if r.Probe, err = t.analyse(ctx, "probe", in.Probe); err != nil {
		return tech.Outcome{}, err
	}
	if r.Reference, err = t.analyse(ctx, "reference", in.Reference.Image); err != nil {
		return tech.Outcome{}, err
	}
	out := tech.Outcome{Technology: t.Code(), Details: r}
	if out.Reasons = r.unusable(); len(out.Reasons) > 0 {
		return out, nil
	}
	if r.Score, err = match.Score(*r.Probe.Primary.Template, *r.Reference.Primary.Template); err != nil {
		return tech.Outcome{}, fmt.Errorf("compare templates: %w", err)
	}
	r.FMR = t.engine.Model().Calibration.FMR(r.Score)
	out.Warnings = r.doubts()
	if out.Passed = r.Score >= r.Threshold; !out.Passed {
		out.Reasons = []tech.Reason{FacesDiffer}
	}
	return out, nil
}

// ofRate names the part of the evidence that the refusal is about.
func ofRate(err error) error {
	if e := (*idem.Error)(nil); errors.As(err, &e) {
		return e.At("fmr")
	}
	return err
}

func (t *Technology) analyse(ctx context.Context, which string, img image.Image) (face.Analysis, error) {
	if img == nil {
		return face.Analysis{}, tech.ErrEvidenceMissing.At(which)
	}
	a, err := t.engine.Analyse(ctx, img, face.WantTemplate)
	if err != nil {
		return a, fmt.Errorf("analyse %s: %w", which, err)
	}
	return a, nil
}

// unusable demands a good probe, which can be taken again: poor faces resemble
// one another. Of a reference it takes what there is, because the portrait of a
// document is often poor.
func (r *Result) unusable() (reasons []tech.Reason) {
	if !r.Probe.Usable() {
		reasons = append(reasons, ProbeUnusable)
	}
	if r.Reference.Primary == nil || r.Reference.Primary.Template == nil {
		reasons = append(reasons, ReferenceUnusable)
	}
	return reasons
}

func (r *Result) doubts() (warnings []tech.Reason) {
	if r.Probe.Faces > 1 {
		warnings = append(warnings, SeveralFaces)
	}
	if r.Reference.Code == face.LowQuality {
		warnings = append(warnings, PoorReference)
	}
	return warnings
}
