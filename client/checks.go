package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// The technologies of liveness.
const (
	LivenessShort    = "LDS"
	LivenessHead     = "LDHP"
	LivenessDistance = "LDD"
	LivenessPro      = "LDP"
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

// Frame is one picture of a camera and when it was taken, by the client's
// clock.
type Frame struct {
	Image []byte
	At    time.Duration
}

// Liveness tells what frames showed.
type Liveness struct {
	Prediction  float64         `json:"prediction"` // 0..1
	Threshold   float64         `json:"threshold"`
	Centred     bool            `json:"face_centred"`
	Direction   string          `json:"face_direction"`
	EyesClosed  *bool           `json:"eyes_closed"` // nil: not judged
	Best        *int            `json:"best_frame"`  // nil without a face
	Asked       []string        `json:"asked"`
	Done        []int           `json:"done"` // the frame that shows each move
	Perspective *float64        `json:"perspective"`
	Frames      []LivenessFrame `json:"frames"`
}

// LivenessFrame tells what one frame showed.
type LivenessFrame struct {
	At       int64   `json:"time_ms"`
	Code     string  `json:"code"`
	Faces    int     `json:"faces"`
	Box      *Box    `json:"box"` // nil without a face
	Yaw      float64 `json:"yaw"`
	Pitch    float64 `json:"pitch"`
	Roll     float64 `json:"roll"`
	Live     float64 `json:"live"`    // 0..1
	Quality  float64 `json:"quality"` // 0..100
	Repeated bool    `json:"repeated"`
}

// CheckLiveness judges one frame, or several of one moment (passive).
func (c *Client) CheckLiveness(ctx context.Context, frames ...[]byte) (Check[Liveness], error) {
	k, err := withForm(call{method: http.MethodPost, path: "/v1/check/liveness"}, map[string]any{"frames": frames})
	return answerOf[Check[Liveness]](ctx, c, k, err)
}

// LivenessChallenge is what a person must do, and the check that waits for it.
type LivenessChallenge struct {
	CheckID   string    `json:"check_id"`
	ExpiresAt time.Time `json:"expires_at"`
	Challenge struct {
		Moves   []string `json:"moves"` // LEFT, RIGHT, UP, DOWN, CLOSER, AWAY
		Seconds int      `json:"seconds"`
	} `json:"challenge"`
}

// ChallengeLiveness draws moves of LivenessHead, LivenessDistance or
// LivenessPro.
func (c *Client) ChallengeLiveness(ctx context.Context, kind string) (LivenessChallenge, error) {
	k, err := call{method: http.MethodPost, path: "/v1/check/liveness/challenge"}.withJSON(map[string]any{"type": kind})
	return answerOf[LivenessChallenge](ctx, c, k, err)
}

// AnswerLiveness sends the frames of a person who made the moves. A challenge
// serves once.
func (c *Client) AnswerLiveness(ctx context.Context, check string, frames []Frame) (Check[Liveness], error) {
	images, times := frameParts(frames)
	k, err := withForm(call{method: http.MethodPost, path: "/v1/check/liveness/" + url.PathEscape(check)}, map[string]any{"frames": images, "times_ms": times})
	return answerOf[Check[Liveness]](ctx, c, k, err)
}

// Document tells what was read from pictures of a document.
type Document struct {
	Kind     string            `json:"kind"` // passport, identity_card, visa, unknown
	Country  string            `json:"country"`
	Fields   []DocumentField   `json:"fields"`
	Zone     *Zone             `json:"mrz"`
	Expiry   string            `json:"expiry_date"`
	Expired  bool              `json:"expired"`
	Portrait *DocumentPortrait `json:"portrait"`
	Ghost    *DocumentPortrait `json:"ghost"`
	Pages    []DocumentPage    `json:"pages"`
}

// Reading is what one source says about a field.
type Reading struct {
	Value      string  `json:"value"`
	Source     string  `json:"source"` // mrz, visual
	Page       int     `json:"page"`
	Confidence float64 `json:"confidence"` // 0..1
}

// DocumentField is one field of a document.
type DocumentField struct {
	Name string `json:"name"`
	Reading
	Agreed bool      `json:"agreed"`
	Others []Reading `json:"others"`
}

// Zone is a machine readable zone.
type Zone struct {
	Format  string   `json:"format"`
	Lines   []string `json:"lines"`
	Valid   bool     `json:"valid"`
	Failing []string `json:"failing"`
	Page    int      `json:"page"`
	Rows    [][]XY   `json:"rows"`
}

// XY is a position in pixels.
type XY struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// DocumentPortrait is a face of a document; Image is JPEG.
type DocumentPortrait struct {
	Page     int     `json:"page"`
	Quad     []XY    `json:"quad"`
	InterEye float64 `json:"inter_eye"`
	Image    []byte  `json:"image"`
}

// DocumentPage tells how one picture could be read.
type DocumentPage struct {
	Width      float64 `json:"width"`
	Blur       float64 `json:"blur"`
	Brightness float64 `json:"brightness"` // 0..255
	Glare      float64 `json:"glare"`      // 0..1
	Cut        bool    `json:"cut"`
	Quad       []XY    `json:"quad"`
	Lines      []struct {
		Text       string  `json:"text"`
		Confidence float64 `json:"confidence"`
		Quad       []XY    `json:"quad"`
	} `json:"lines"`
}

// CheckDocument reads one to four pictures of a document. country is the
// issuer that is expected, ISO 3166-1 alpha-3, or empty.
func (c *Client) CheckDocument(ctx context.Context, country string, pages ...[]byte) (Check[Document], error) {
	k, err := withForm(call{method: http.MethodPost, path: "/v1/check/document"}, map[string]any{"pages": pages, "country": country})
	return answerOf[Check[Document]](ctx, c, k, err)
}

// EDocument tells what an electronic document proved.
type EDocument struct {
	Kind     string           `json:"kind"` // CHIP, MOBILE, PROVIDER
	Proven   bool             `json:"proven"`
	Chip     string           `json:"chip_authentication"` // none, active
	Altered  []int            `json:"altered_groups"`
	Unlisted []int            `json:"unlisted_groups"`
	Elements []string         `json:"altered_elements"`
	Signer   *Certificate     `json:"signer"`
	Root     *Certificate     `json:"root"`
	SignedAt *time.Time       `json:"signed_at"`
	Document *EDocumentFields `json:"document"` // nil unless proven
	Portrait *struct {
		Type  string `json:"type"`
		Image []byte `json:"image"`
	} `json:"portrait"`
	Phone    string `json:"phone"`
	Provider string `json:"provider"`
}

// Certificate names a certificate.
type Certificate struct {
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	Serial      string    `json:"serial"`      // hex
	Fingerprint string    `json:"fingerprint"` // SHA-256, hex
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
}

// EDocumentFields are the fields that an issuer signed.
type EDocumentFields struct {
	Type           string   `json:"document_type"`
	Issuer         string   `json:"issuer"`
	Number         string   `json:"document_number"`
	Surname        string   `json:"surname"`
	Given          string   `json:"given_names"`
	Patronymic     string   `json:"patronymic"`
	FullName       string   `json:"full_name"`
	Nationality    string   `json:"nationality"`
	Birth          string   `json:"birth_date"`
	Issued         string   `json:"issue_date"`
	Expiry         string   `json:"expiry_date"`
	Sex            string   `json:"sex"`
	PersonalNumber string   `json:"personal_number"`
	Authority      string   `json:"authority"`
	MRZ            []string `json:"mrz"`
}

// CheckEDocument checks files by their names: EF.SOD, EF.DG1 ..., or
// DeviceResponse, IssuerSigned. check is that of a challenge whose answer is
// among the files as AA.RESPONSE, or empty.
func (c *Client) CheckEDocument(ctx context.Context, check string, files map[string][]byte) (Check[EDocument], error) {
	path := "/v1/check/edocument"
	if check != "" {
		path += "/" + url.PathEscape(check)
	}
	k, err := withForm(call{method: http.MethodPost, path: path}, map[string]any{"files": files})
	return answerOf[Check[EDocument]](ctx, c, k, err)
}

// ChipChallenge is what a chip is to sign, and the check that waits for it.
type ChipChallenge struct {
	CheckID   string    `json:"check_id"`
	ExpiresAt time.Time `json:"expires_at"`
	Challenge struct {
		Nonce []byte `json:"nonce"`
	} `json:"challenge"`
}

// ChallengeEDocument draws what a chip is to sign.
func (c *Client) ChallengeEDocument(ctx context.Context) (ChipChallenge, error) {
	return answerOf[ChipChallenge](ctx, c, call{method: http.MethodPost, path: "/v1/check/edocument/challenge"}, nil)
}

// Holder names whose document a provider is asked for. Provider may be empty
// when only one is configured.
type Holder struct {
	Provider       string `json:"provider,omitempty"`
	PersonalNumber string `json:"personal_number"`
	Phone          string `json:"phone"` // E.164
}

// StartEDocument lets a provider send the holder a code and returns the check
// that waits for it.
func (c *Client) StartEDocument(ctx context.Context, h Holder) (check string, err error) {
	k, err := call{method: http.MethodPost, path: "/v1/check/edocument/start"}.withJSON(h)
	started, err := answerOf[struct {
		CheckID string `json:"check_id"`
	}](ctx, c, k, err)
	return started.CheckID, err
}

// ApproveEDocument gives the holder's code. Three attempts.
func (c *Client) ApproveEDocument(ctx context.Context, check, code string) (Check[EDocument], error) {
	k, err := call{method: http.MethodPost, path: "/v1/check/edocument/" + url.PathEscape(check) + "/approve"}.withJSON(map[string]any{"code": code})
	return answerOf[Check[EDocument]](ctx, c, k, err)
}
