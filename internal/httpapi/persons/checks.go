package persons

import (
	"context"
	"errors"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/flow/report"
	"github.com/idem-id/idem/internal/tech/facematch"
	"github.com/idem-id/idem/internal/tech/liveness"
)

// The routes of technologies alone stand beside those of persons.
const (
	backend = "/api/v1/backend"
	online  = backend + "/e-document/online-access"
)

func (a *api) checkRoutes() []route {
	formRoute := func(path string, e endpoint, p parts) route {
		return route{method: "POST", path: path, endpoint: e, limit: bodyLimit, parts: &p}
	}
	return []route{
		formRoute(backend+"/liveness/short", a.checkLiveness, parts{files: []string{"image"}}),
		formRoute(backend+"/face2face/compare", a.compareFaces, parts{files: []string{"img_1", "img_2"}}),
		formRoute(backend+"/document/parse", a.parseDocument, parts{texts: []string{"country_code"}, files: []string{"frontside_image", "backside_image"}}),
		formRoute("/api/v2/backend/document/process", a.processDocument, parts{files: []string{"file"}, repeated: "file"}),
		{method: "POST", path: online + "/request/identity_card", endpoint: a.requestEDocument, limit: smallLimit},
		{method: "POST", path: online + "/approve", endpoint: a.approveEDocument, limit: smallLimit},
	}
}

// failureReason tells why a technology did not pass.
type failureReason struct {
	Type   string  `json:"type"`
	Detail *string `json:"detail"`
}

// calculated is the failure of a check whose result is the reason.
const calculated = "CALC_RESULT"

// failureOf returns the gravest reason of a check that did not pass. Details
// that the guide has a text for bear it, others the stable code.
func failureOf(done check.Done) *failureReason {
	if done.Outcome.Passed {
		return nil
	}
	f := &failureReason{Type: calculated}
	if len(done.Outcome.Reasons) > 0 {
		f.Detail = optional(report.DetailOf(string(done.Outcome.Reasons[0])))
	}
	return f
}

// livenessObject is the answer to a check of liveness. eye_closed is null: it
// is not judged.
type livenessObject struct {
	Session   string         `json:"backend_session_id"`
	Result    bool           `json:"result"`
	EyeClosed *bool          `json:"eye_closed"`
	Live      string         `json:"prediction"`
	Centred   bool           `json:"face_center"`
	Direction string         `json:"face_direction"`
	Failure   *failureReason `json:"failure_reason"`
}

func (a *api) checkLiveness(ctx context.Context, r *request) (answer, error) {
	in := check.Files{}
	if image := r.form.file("image"); image != nil {
		in.Frames = [][]byte{image}
	}
	done, err := a.Checks.RunFiles(ctx, r.principal, idem.TechLivenessShort, in)
	if err != nil {
		return answer{}, renamed(err, map[string]string{"frames": "image", "frames[0]": "image"})
	}
	seen := done.Outcome.Details.(*liveness.Result)
	return answer{status: 200, body: livenessObject{Session: string(done.ID), Result: done.Outcome.Passed, EyeClosed: seen.EyesClosed,
		Live: score(seen.Prediction), Centred: seen.Centred, Direction: string(seen.Direction), Failure: failureOf(done)}}, nil
}

// comparisonObject is the answer to a comparison of two faces.
type comparisonObject struct {
	Session string         `json:"backend_session_id"`
	Result  bool           `json:"result"`
	Score   string         `json:"prediction"`
	Percent string         `json:"prediction_percent"`
	Failure *failureReason `json:"failure_reason"`
}

func (a *api) compareFaces(ctx context.Context, r *request) (answer, error) {
	in := check.Files{Probe: r.form.file("img_1"), Reference: r.form.file("img_2")}
	done, err := a.Checks.RunFiles(ctx, r.principal, idem.TechFace2Face, in)
	if err != nil {
		return answer{}, renamed(err, map[string]string{"probe": "img_1", "reference": "img_2"})
	}
	out := comparisonObject{Session: string(done.ID), Result: done.Outcome.Passed, Failure: failureOf(done)}
	similarity := done.Outcome.Details.(*facematch.Result).Similarity()
	out.Score, out.Percent = score(similarity), percent(similarity)
	return answer{status: 200, body: out}, nil
}

// renamed gives the parts of evidence the names that they have in a form.
func renamed(err error, names map[string]string) error {
	e := (*idem.Error)(nil)
	if errors.As(err, &e) && names[e.Field] != "" {
		return e.At(names[e.Field])
	}
	return err
}
