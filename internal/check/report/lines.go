package report

import (
	"fmt"

	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/document"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/facematch"
	"github.com/idem-id/idem/internal/tech/liveness"
)

// Report is a whole report without what a server adds.
type Report struct {
	Head
	Details any `json:"details"`
}

// Of reports an outcome of any technology.
func Of(o tech.Outcome) Report {
	out := Report{Head: HeadOf(o)}
	switch r := o.Details.(type) {
	case *facematch.Result:
		out.Details = Compared(r)
	case *liveness.Result:
		out.Details = LivenessOf(r)
	case *document.Result:
		out.Details = DocumentOf(r)
	case *edocument.Result:
		out.Details = EDocumentOf(r)
	}
	return out
}

// Line is one finding in words for people.
type Line struct{ Name, Value string }

// Lines tells the findings of an outcome of any technology.
func Lines(o tech.Outcome) []Line {
	switch r := o.Details.(type) {
	case *facematch.Result:
		return Compared(r).lines()
	case *liveness.Result:
		return LivenessOf(r).lines()
	case *document.Result:
		return DocumentOf(r).lines()
	case *edocument.Result:
		return EDocumentOf(r).lines()
	}
	return nil
}

func (c FaceComparison) lines() []Line {
	lines := []Line{{"probe", c.Probe.line()}, {"reference", c.Reference.line()}}
	if c.Score != nil {
		lines = append(lines,
			Line{"score", fmt.Sprintf("%.4f, false match rate %.1e (threshold %.3f at %.0e)", *c.Score, *c.FMR, c.Threshold, c.ThresholdFMR)},
			Line{"similarity", fmt.Sprintf("%.2f (threshold 0.50)", *c.Similarity)})
	}
	return lines
}

func (f Face) line() string {
	if f.Box == nil {
		return f.Code
	}
	return fmt.Sprintf("%s, quality %.0f, face of %.0f x %.0f pixels at %.0f, %.0f", f.Code, f.Quality, f.Box.Width, f.Box.Height, f.Box.X, f.Box.Y)
}
