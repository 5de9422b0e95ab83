package httpapi

import (
	"context"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/check/report"
	"github.com/idem-id/idem/internal/registry"
)

// Face and Box are those of reports.
type (
	Face = report.Face
	Box  = report.Box
)

func faceOf(f registry.Face) Face {
	out := Face{Code: f.Code, Faces: f.Faces, Score: f.DetectionScore, Quality: f.Quality, Issues: f.Issues}
	if out.Issues == nil {
		out.Issues = []string{}
	}
	if f.Faces > 0 {
		box := report.BoxOf(f.Box)
		out.Box = &box
	}
	return out
}

const identifyText = `Compares the face with every photo of every live person, or of those in ids, and answers with the best photo of each candidate, best first. The
search is exhaustive, and complete for the position in the answer. Without min_score and fmr, the organisation's
duplicate_fmr decides. A picture without a usable face is no error: face.code tells, and there are no candidates.`

type identifyBody struct {
	Image    Image    `json:"image"`
	K        *int     `json:"k,omitempty" minimum:"1" maximum:"100" doc:"How many candidates at most; 10 by default."`
	MinScore *float64 `json:"min_score,omitempty" minimum:"-1" maximum:"1" doc:"The lowest comparison score of a candidate. Give this or fmr."`
	FMR      *float64 `json:"fmr,omitempty" minimum:"1e-6" maximum:"1e-2" doc:"The false match rate per comparison that decides about the lowest score."`
	Verified *bool    `json:"verified,omitempty" doc:"Only persons whose flag is this."`
	IDs      []string `json:"ids,omitempty" maxItems:"10000" doc:"Compare with these persons only. An id of nobody is no candidate."`
}

type identifyIn struct{}

// Identification is the answer to a 1:N search.
type Identification struct {
	Candidates    []Candidate `json:"candidates" nullable:"false" doc:"One per person, best first."`
	Threshold     float64     `json:"threshold" doc:"The lowest score of a candidate."`
	FMR           float64     `json:"fmr" doc:"The false match rate per comparison at the threshold."`
	Compared      int         `json:"compared" doc:"How many references were compared."`
	Position      int64       `json:"position" doc:"The position of the gallery's log that the answer is complete for."`
	ExpectedFalse float64     `json:"expected_false_candidates" doc:"How many strangers so many references give at the threshold: compared x fmr."`
	Face          Face        `json:"face"`
}

// Candidate is a person whose face resembles the probe.
type Candidate struct {
	PersonID string  `json:"person_id" format:"uuid"`
	PhotoID  string  `json:"photo_id" format:"uuid" doc:"The photo that compared best."`
	Score    float64 `json:"score" doc:"Cosine, -1 to 1."`
	FMR      float64 `json:"fmr" doc:"The false match rate of a threshold at this score."`
}

type identifyOut struct{ Body Identification }

func (s *server) identifyFace(ctx context.Context, p idem.Principal, _ *identifyIn) (*identifyOut, error) {
	var body identifyBody
	if err := readPicture(ctx, &body); err != nil {
		return nil, err
	}
	q, err := body.query()
	if err != nil {
		return nil, err
	}
	found, err := s.registry.Identify(ctx, p, body.Image, q)
	if err != nil {
		return nil, ofImage(err)
	}
	return &identifyOut{identificationOf(found)}, nil
}

func (b identifyBody) query() (registry.IdentifyQuery, error) {
	q := registry.IdentifyQuery{MinScore: b.MinScore, FMR: b.FMR, Filters: registry.IdentifyFilters{Verified: b.Verified}}
	switch {
	case len(b.Image) == 0:
		return q, missing("image")
	case len(b.IDs) > 10_000:
		return q, idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", "at most 10000 persons").At("ids")
	case b.K != nil && (*b.K < 1 || *b.K > 100):
		return q, idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", "k is 1 to 100").At("k")
	}
	if b.K != nil {
		q.K = *b.K
	}
	if b.IDs == nil {
		return q, nil
	}
	q.Filters.IDs = make([]idem.PersonID, 0, len(b.IDs))
	for _, text := range b.IDs {
		if id, ok := idem.ParseID(text); ok {
			q.Filters.IDs = append(q.Filters.IDs, idem.PersonID(id))
		}
	}
	return q, nil
}

func identificationOf(f registry.Identification) Identification {
	out := Identification{
		Candidates: make([]Candidate, len(f.Candidates)), Threshold: f.Threshold, FMR: f.FMR, Compared: f.Compared,
		Position: int64(f.Position), ExpectedFalse: f.ExpectedFalse, Face: faceOf(f.Face),
	}
	for i, c := range f.Candidates {
		out.Candidates[i] = Candidate{PersonID: string(c.Person), PhotoID: string(c.Photo), Score: c.Score, FMR: c.FMR}
	}
	return out
}

const verifyText = `Compares the face in a picture with that of a reference: another picture, or a person, of whose photos the best
counts. A side without a usable face is no error: compared is false, and its face.code tells why.`

type verifyBody struct {
	Image          Image    `json:"image"`
	ReferenceImage Image    `json:"reference_image,omitempty"`
	PersonID       string   `json:"person_id,omitempty" doc:"The person to compare with. Give this or reference_image."`
	FMR            *float64 `json:"fmr,omitempty" minimum:"1e-6" maximum:"1e-2" doc:"The false match rate to decide at; 1e-4 by default."`
}

type verifyIn struct{}

// Verification is the answer to a 1:1 comparison.
type Verification struct {
	Match        bool     `json:"match"`
	Compared     bool     `json:"compared" doc:"false when a side shows no usable face."`
	Score        *float64 `json:"score" doc:"Cosine, -1 to 1; null when nothing was compared."`
	FMR          *float64 `json:"fmr" doc:"The false match rate of a threshold at this score."`
	Threshold    float64  `json:"threshold" doc:"A match is a score at or above it."`
	ThresholdFMR float64  `json:"threshold_fmr"`
	PhotoID      *string  `json:"photo_id" doc:"Against a person: the photo that compared best."`
	Face         Face     `json:"face"`
	Reference    *Face    `json:"reference_face,omitempty" doc:"Against a picture: its face."`
}

type verifyOut struct{ Body Verification }

func (s *server) verifyFace(ctx context.Context, p idem.Principal, _ *verifyIn) (*verifyOut, error) {
	var body verifyBody
	if err := readPicture(ctx, &body); err != nil {
		return nil, err
	}
	against, err := body.reference()
	if err != nil {
		return nil, err
	}
	v, err := s.registry.Verify(ctx, p, body.Image, against)
	if err != nil {
		return nil, ofImage(err)
	}
	return &verifyOut{verificationOf(v)}, nil
}

func (b verifyBody) reference() (registry.Reference, error) {
	if len(b.Image) == 0 {
		return registry.Reference{}, missing("image")
	}
	if (len(b.ReferenceImage) == 0) == (b.PersonID == "") {
		return registry.Reference{}, idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", "give reference_image or person_id, one of them").At("reference_image")
	}
	out := registry.Reference{Image: b.ReferenceImage, FMR: b.FMR}
	if b.PersonID == "" {
		return out, nil
	}
	id, err := PersonPath{b.PersonID}.id()
	out.Person = id
	return out, err
}

func verificationOf(v registry.Verification) Verification {
	out := Verification{Match: v.Match, Compared: v.Compared, Threshold: v.Threshold, ThresholdFMR: v.ThresholdFMR, Face: faceOf(v.Probe)}
	if v.Compared {
		out.Score, out.FMR = &v.Score, &v.FMR
	}
	if photo := string(v.Photo); photo != "" {
		out.PhotoID = &photo
	}
	if v.Reference != nil {
		reference := faceOf(*v.Reference)
		out.Reference = &reference
	}
	return out
}
