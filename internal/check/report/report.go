package report

import (
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/facematch"
)

// Head is what the report of every technology begins with.
type Head struct {
	Technology string   `json:"technology" enum:"LDS,LDHP,LDD,LDP,DR,ED,F2F" doc:"The technology that was used, and paid for."`
	Passed     bool     `json:"passed"`
	Reasons    []string `json:"reasons" nullable:"false" doc:"Why it did not pass, the gravest first: stable codes."`
	Warnings   []string `json:"warnings" nullable:"false" doc:"Doubts that alone do not fail a check."`
}

// HeadOf returns the head of an outcome.
func HeadOf(o tech.Outcome) Head {
	return Head{Technology: string(o.Technology), Passed: o.Passed, Reasons: texts(o.Reasons), Warnings: texts(o.Warnings)}
}

// texts is never nil: an empty list encodes as one.
func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// Face tells what was found in a picture.
type Face struct {
	Code    string   `json:"code" enum:"OK,FACE_MULTIPLE,FACE_LOW_QUALITY,FACE_TOO_SMALL,FACE_NOT_FOUND" doc:"Only OK and FACE_MULTIPLE are compared."`
	Faces   int      `json:"faces" doc:"All faces in the picture; the largest and most central one is used."`
	Box     *Box     `json:"box" doc:"null without a face."`
	Score   float64  `json:"detection_score" doc:"0 to 1."`
	Quality float64  `json:"quality" doc:"0 to 100."`
	Issues  []string `json:"issues" nullable:"false" doc:"Weaknesses: SMALL, BLURRED, TURNED, CUT_BY_BORDER, UNRELIABLE_TEMPLATE."`
}

// Box is a rectangle in pixels of the upright picture; it may reach over the
// border.
type Box struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

// BoxOf returns a face's box.
func BoxOf(b face.Box) Box { return Box{X: b.X0, Y: b.Y0, Width: b.Width(), Height: b.Height()} }

func faceOf(a face.Analysis) Face {
	out := Face{Code: string(a.Code), Faces: a.Faces, Issues: []string{}}
	if p := a.Primary; p != nil {
		box := BoxOf(p.Box)
		out.Box, out.Score, out.Quality, out.Issues = &box, p.DetectionScore, p.Quality.Score, texts(p.Quality.Issues)
	}
	return out
}

// FaceComparison tells how two faces compared.
type FaceComparison struct {
	Score        *float64 `json:"score" doc:"Cosine, -1 to 1; null when a side shows no usable face."`
	FMR          *float64 `json:"fmr" doc:"The false match rate of a threshold at this score."`
	Similarity   *float64 `json:"similarity" doc:"The score on a scale for people, 0 to 1, with the threshold at 0.5; no probability."`
	Threshold    float64  `json:"threshold"`
	ThresholdFMR float64  `json:"threshold_fmr"`
	Probe        Face     `json:"probe"`
	Reference    Face     `json:"reference"`
}

// Compared reports a comparison of faces.
func Compared(r *facematch.Result) FaceComparison {
	out := FaceComparison{Threshold: r.Threshold, ThresholdFMR: r.ThresholdFMR, Probe: faceOf(r.Probe), Reference: faceOf(r.Reference)}
	if r.Compared() {
		similarity := r.Similarity()
		out.Score, out.FMR, out.Similarity = &r.Score, &r.FMR, &similarity
	}
	return out
}
