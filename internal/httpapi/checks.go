package httpapi

import (
	"context"
	"slices"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/check/report"
	"github.com/idem-id/idem/internal/tech/liveness"
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

// millis are the times of frames as clients give them.
type millis []int64

func (m millis) durations() []time.Duration {
	out := make([]time.Duration, len(m))
	for i, ms := range m {
		out[i] = time.Duration(min(max(ms, -maxMillis), maxMillis)) * time.Millisecond
	}
	return out
}

// maxMillis keeps times of strangers, and what lies between two of them, within
// what can be calculated with; the clocks of clients get there in 2109.
const maxMillis = 1 << 42

const (
	checkLivenessText = checkText + `

Judges whether a living person is in front of the camera, passively (LDS): from one frame or, better, from five and more of the same moment. The
other types ask first: see /v1/check/liveness/challenge.`
	challengeLivenessText = `Draws what the person must do: moves, in their order, within the given seconds. Directions are those of the
person, and frames are not mirrored. Film it with three frames or more in a second, at most 40 in all, and send them to
/v1/check/liveness/{check_id}. The challenge serves once and costs nothing.`
)

type checkLivenessBody struct {
	Frames Images `json:"frames" nullable:"false" doc:"1 to 40 pictures in the order in which they were taken."`
	Times  millis `json:"times_ms,omitempty" doc:"When each frame was taken by the client's clock; needed for the answer to a challenge."`
}

func (b checkLivenessBody) files() check.Files {
	return check.Files{Frames: b.Frames.bytes(), Times: b.Times.durations()}
}

func (s *server) checkLiveness(ctx context.Context, p idem.Principal, _ *noInput) (*checkOut[report.Liveness], error) {
	var body checkLivenessBody
	if err := readPicture(ctx, &body); err != nil {
		return nil, err
	}
	done, err := s.checks.RunFiles(ctx, p, idem.TechLivenessShort, body.files())
	return checked(done, err, report.LivenessOf)
}

type challengeIn struct {
	Body struct {
		Type string `json:"type" enum:"LDHP,LDD,LDP" doc:"Turns of the head, distance, or both."`
	} `nameHint:"LivenessType"`
}

// Opened is a check that waits for its answer.
type Opened[C any] struct {
	ID         string    `json:"check_id" format:"uuid"`
	Technology string    `json:"technology"`
	ExpiresAt  time.Time `json:"expires_at"`
	Challenge  C         `json:"challenge"`
}

type openedOut[C any] struct{ Body Opened[C] }

func opened[C any](row idem.Check, challenge C) *openedOut[C] {
	return &openedOut[C]{Opened[C]{ID: string(row.ID), Technology: string(row.Technology), ExpiresAt: row.ExpiresAt, Challenge: challenge}}
}

// Moves is what the person must do.
type Moves struct {
	Moves   []string `json:"moves" nullable:"false" enum:"LEFT,RIGHT,UP,DOWN,CLOSER,AWAY"`
	Seconds int      `json:"seconds" doc:"How long the answer is waited for."`
}

func (s *server) challengeLiveness(ctx context.Context, p idem.Principal, in *challengeIn) (*openedOut[Moves], error) {
	row, asked, err := s.checks.Challenge(ctx, p, idem.TechCode(in.Body.Type))
	if err != nil {
		return nil, err
	}
	shown := asked.Shown.(liveness.Asked)
	out := Moves{Moves: make([]string, len(shown.Moves)), Seconds: shown.Seconds}
	for i, m := range shown.Moves {
		out.Moves[i] = string(m)
	}
	return opened(row, out), nil
}

// CheckPath is the check of a path.
type CheckPath struct {
	ID string `path:"check_id" doc:"The check."`
}

func (c CheckPath) id() (idem.CheckID, error) {
	id, ok := idem.ParseID(c.ID)
	if !ok {
		return "", idem.ErrCheckNotFound
	}
	return idem.CheckID(id), nil
}

func (s *server) answerLiveness(ctx context.Context, p idem.Principal, in *CheckPath) (*checkOut[report.Liveness], error) {
	var body checkLivenessBody
	if err := readPicture(ctx, &body); err != nil {
		return nil, err
	}
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	row, err := s.checks.Find(ctx, p, id)
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]idem.TechCode{idem.TechLivenessHead, idem.TechLivenessDistance, idem.TechLivenessPro}, row.Technology) {
		return nil, idem.ErrCheckNotFound
	}
	done, err := s.checks.RespondFiles(ctx, p, id, row.Technology, body.files())
	return checked(done, err, report.LivenessOf)
}

const checkDocumentText = checkText + `

Reads the pictures of one identity document: its machine readable zone, its visual zone and its portrait. Each field says where it is
from and how sure the reading is. It recognises and does not authenticate: nothing here proves that the document is genuine.`

type checkDocumentBody struct {
	Pages   Images `json:"pages" nullable:"false" doc:"1 to 4 pictures: front, then back."`
	Country string `json:"country,omitempty" doc:"The issuer that is expected, ISO 3166-1 alpha-3; another one is warned of." example:"KAZ"`
}

func (s *server) checkDocument(ctx context.Context, p idem.Principal, _ *noInput) (*checkOut[report.Document], error) {
	var body checkDocumentBody
	if err := readPicture(ctx, &body); err != nil {
		return nil, err
	}
	done, err := s.checks.RunFiles(ctx, p, idem.TechDocumentRecognition, check.Files{Pages: body.Pages.bytes(), Country: body.Country})
	return checked(done, err, report.DocumentOf)
}
