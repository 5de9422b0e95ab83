package httpapi

import (
	"context"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/check/report"
)

// Check is the answer to a check of a technology alone. D is the technology's
// own report.
type Check[D any] struct {
	ID string    `json:"check_id" format:"uuid"`
	At time.Time `json:"at"`
	report.Head
	Details D `json:"details"`
}

type checkOut[D any] struct{ Body Check[D] }

type noInput struct{}

// checked answers with a check that was done. tell writes the report of the
// technology's own result.
func checked[R, D any](done check.Done, err error, tell func(R) D) (*checkOut[D], error) {
	if err != nil {
		return nil, err
	}
	return &checkOut[D]{Check[D]{ID: string(done.ID), At: done.At, Head: report.HeadOf(done.Outcome), Details: tell(done.Outcome.Details.(R))}}, nil
}

const checkText = `Runs one technology outside any flow and spends one unit of its subscription when there is a result. A bad
result is no error: passed is false and reasons tells why. Pictures and results are not kept; that the check took place and how it ended is, for
a day.`

const checkFaceText = checkText + `

Compares the face of the probe, taken now, with the face of the reference, which may be the portrait of a document.`

type checkFaceBody struct {
	Probe     Image    `json:"probe"`
	Reference Image    `json:"reference"`
	FMR       *float64 `json:"fmr,omitempty" minimum:"1e-6" maximum:"1e-2" doc:"The false match rate to decide at; the organisation's match_fmr by default."`
}

func (s *server) checkFace(ctx context.Context, p idem.Principal, _ *noInput) (*checkOut[report.FaceComparison], error) {
	var body checkFaceBody
	if err := readPicture(ctx, &body); err != nil {
		return nil, err
	}
	in := check.Files{Probe: body.Probe, Reference: body.Reference}
	if assign(&in.FMR, body.FMR); body.FMR != nil && in.FMR == 0 {
		return nil, idem.Errorf(idem.Unprocessable, "FMR_NOT_CALIBRATED", "a rate of 0 cannot be promised").At("fmr")
	}
	done, err := s.checks.RunFiles(ctx, p, idem.TechFace2Face, in)
	return checked(done, err, report.Compared)
}
