package client

import (
	"context"
	"net/http"
	"time"
)

// Check is the answer to a check of one technology alone. A check that did not
// pass is no error: Reasons says why.
type Check[D any] struct {
	ID         string    `json:"check_id"`
	At         time.Time `json:"at"`
	Technology string    `json:"technology"`
	Passed     bool      `json:"passed"`
	Reasons    []string  `json:"reasons"`
	Warnings   []string  `json:"warnings"`
	Details    D         `json:"details"`
}

// FaceComparison tells how two faces compared. Score, FMR and Similarity are
// nil when a side shows no usable face.
type FaceComparison struct {
	Score        *float64 `json:"score"` // cosine, -1..1
	FMR          *float64 `json:"fmr"`
	Similarity   *float64 `json:"similarity"` // 0..1, the threshold at 0.5
	Threshold    float64  `json:"threshold"`
	ThresholdFMR float64  `json:"threshold_fmr"`
	Probe        Face     `json:"probe"`
	Reference    Face     `json:"reference"`
}

// CheckFace compares the face of a probe with that of a reference, at a false
// match rate of 1e-6..1e-2 or, with nil, at the organisation's.
func (c *Client) CheckFace(ctx context.Context, probe, reference []byte, fmr *float64) (Check[FaceComparison], error) {
	k, err := withForm(call{method: http.MethodPost, path: "/v1/check/face"}, map[string]any{"probe": probe, "reference": reference, "fmr": fmr})
	return answerOf[Check[FaceComparison]](ctx, c, k, err)
}
