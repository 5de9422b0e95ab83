package client

import (
	"context"
	"net/http"
)

// Face tells what was found in a picture. Only the codes OK and FACE_MULTIPLE
// are compared.
type Face struct {
	Code           string   `json:"code"`
	Faces          int      `json:"faces"`
	Box            *Box     `json:"box"` // nil without a face
	DetectionScore float64  `json:"detection_score"`
	Quality        float64  `json:"quality"` // 0..100
	Issues         []string `json:"issues"`
}

// Box is a rectangle in pixels of the upright picture.
type Box struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

// Identify asks for a search among all persons. Of MinScore (-1..1) and FMR
// (1e-6..1e-2) at most one is given; without both the organisation's settings
// decide. IDs, when not nil, are the only persons to compare with, at most
// 10,000; ids of nobody are no candidates.
type Identify struct {
	Image    []byte
	K        int // 1..100, 0 for 10
	MinScore *float64
	FMR      *float64
	Verified *bool
	IDs      []string
}

// Identification is the answer: candidates best first, one per person.
type Identification struct {
	Candidates    []Candidate `json:"candidates"`
	Threshold     float64     `json:"threshold"`
	FMR           float64     `json:"fmr"` // per comparison
	Compared      int         `json:"compared"`
	Position      int64       `json:"position"` // of the gallery's log
	ExpectedFalse float64     `json:"expected_false_candidates"`
	Face          Face        `json:"face"`
}

// Candidate is a person whose face resembles the probe.
type Candidate struct {
	PersonID string  `json:"person_id"`
	PhotoID  string  `json:"photo_id"`
	Score    float64 `json:"score"` // cosine, -1..1
	FMR      float64 `json:"fmr"`
}

// Identify searches a face among all persons (1:N).
func (c *Client) Identify(ctx context.Context, q Identify) (Identification, error) {
	members := map[string]any{"image": q.Image, "min_score": q.MinScore, "fmr": q.FMR, "verified": q.Verified, "ids": q.IDs}
	if q.K != 0 {
		members["k"] = q.K
	}
	k, err := withForm(call{method: http.MethodPost, path: "/v1/identify", safe: true}, members)
	return answerOf[Identification](ctx, c, k, err)
}

// Verify asks for a comparison with one reference: ReferenceImage or PersonID.
type Verify struct {
	Image          []byte
	ReferenceImage []byte
	PersonID       string
	FMR            *float64 // 1e-6..1e-2, nil for 1e-4
}

// Verification is the answer. Score and FMR are nil when a side shows no usable
// face.
type Verification struct {
	Match         bool     `json:"match"`
	Compared      bool     `json:"compared"`
	Score         *float64 `json:"score"`
	FMR           *float64 `json:"fmr"`
	Threshold     float64  `json:"threshold"`
	ThresholdFMR  float64  `json:"threshold_fmr"`
	PhotoID       *string  `json:"photo_id"`
	Face          Face     `json:"face"`
	ReferenceFace *Face    `json:"reference_face"`
}

// Verify compares two faces (1:1).
func (c *Client) Verify(ctx context.Context, q Verify) (Verification, error) {
	k, err := withForm(call{method: http.MethodPost, path: "/v1/verify", safe: true}, map[string]any{
		"image": q.Image, "reference_image": q.ReferenceImage, "person_id": q.PersonID, "fmr": q.FMR})
	return answerOf[Verification](ctx, c, k, err)
}
