package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// FlowClient opens sessions of one flow and reads their results, with the
// flow's key. Keep it on your server. It is safe for concurrent use.
type FlowClient struct{ c *Client }

// ForFlow makes a client of the server at base that shows the key of a flow.
func ForFlow(base, flowKey string, options ...Option) (*FlowClient, error) {
	c, err := newClient(base, http.Header{"X-Api-Key": {flowKey}}, options)
	return &FlowClient{c}, err
}

// sessionBase is the path of the Flow session API.
const sessionBase = "/api/v1/flows/session"

// NewSession asks for a session. Metadata is any value that encodes as a JSON
// object of at most 16 KiB and five levels; nil for none.
type NewSession struct {
	Metadata any    `json:"metadata,omitempty"`
	Locale   string `json:"locale,omitempty"` // kz, ru, en, or another one of the server
}

// OpenedSession is a new session. Its identifier is a capability: whoever knows
// it may run the steps.
type OpenedSession struct {
	ID           string   `json:"session_id"`
	Technologies []string `json:"technologies"`
}

// Open makes a session, once also when its answer is lost and it is repeated.
func (f *FlowClient) Open(ctx context.Context, n NewSession) (OpenedSession, error) {
	k, err := call{method: http.MethodPost, path: sessionBase + "/create", creates: true}.withJSON(n)
	return answerOf[OpenedSession](ctx, f.c, k, err)
}

// Result reads what the steps of a session found.
func (f *FlowClient) Result(ctx context.Context, session string) (FlowResult, error) {
	return answerOf[FlowResult](ctx, f.c, get(sessionBase+"/result", url.Values{"session_id": {session}}), nil)
}

// FlowResult is a session with what its steps found. The result of a technology
// that the flow does not have is nil; that of one without a result yet is zero.
type FlowResult struct {
	ID           string             `json:"id"`
	Status       string             `json:"status"`
	Passed       *bool              `json:"flow_session_result"` // nil until the session ends
	Failures     []Failure          `json:"flow_session_failure_reasons"`
	FinishedAt   *string            `json:"finished_at"`
	Demo         bool               `json:"is_demo"`
	Metadata     json.RawMessage    `json:"metadata"` // as it was given; null for none
	Technologies []TechnologyName   `json:"technologies"`
	Liveness     *LivenessResult    `json:"liveness_result"`
	EDocument    *EDocumentResult   `json:"edocument_result"`
	Document     *RecognitionResult `json:"document_recognition_result"`
	Face2Face    *FaceMatchResult   `json:"face2face_result"`
	IPChecks     []IPCheck          `json:"ip_check_results"`
	Requests     []SessionRequest   `json:"request_sessions"`
}

// IPCheck is an address that a session was run from. Nothing is judged by it.
type IPCheck struct {
	IP        string `json:"ip"`
	CreatedAt string `json:"created_at"` // when it was seen first
}

// SessionRequest is a client that a session was run by; of several, each where
// it follows another one.
type SessionRequest struct {
	IP        string `json:"ip"`
	UserAgent string `json:"user_agent"`
	CreatedAt string `json:"created_at"` // of its first request
}

// Failure says why something did not pass. Type is CLIENT, CALC_RESULT,
// SERVICE_ERROR or TIMEOUT.
type Failure struct {
	Type   string  `json:"type"`
	Detail *string `json:"detail"`
}

// TechnologyName names a step.
type TechnologyName struct {
	Code        string `json:"code"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// StepResult is what the result of every step begins with.
type StepResult struct {
	Passed     bool     `json:"result"`
	Failure    *Failure `json:"failure_reason"`
	Reasons    []string `json:"reasons"`
	Warnings   []string `json:"warnings"`
	Skipped    bool     `json:"skipped"`
	CopiedFrom *string  `json:"copied_from_session_id"`
}

// LivenessResult is the result of a liveness step.
type LivenessResult struct {
	StepResult
	EyesClosed *bool  `json:"eye_closed"` // nil: not judged
	Prediction string `json:"prediction"` // decimal, 0..1
	Centred    bool   `json:"face_center"`
	Direction  string `json:"face_direction"`
	Frame      []byte `json:"best_frame"` // JPEG
}

// RecognitionResult is the result of Document Recognition.
type RecognitionResult struct {
	StepResult
	Type    string            `json:"document_type"`
	Country string            `json:"country"`
	Fields  map[string]string `json:"fields"`
	Zone    *struct {         // nil when none was read
		Lines []string `json:"lines"`
		Valid bool     `json:"valid"`
	} `json:"mrz"`
	Expired    bool              `json:"expired"`
	Portrait   []byte            `json:"face_photo"` // JPEG
	Confidence map[string]string `json:"confidence"` // of the fields, decimal, 0..1
	Optical    struct {
		Zone   bool     `json:"mrz_valid"`
		Agreed bool     `json:"fields_agree"`
		Differ []string `json:"differing_fields"`
	} `json:"optical_checks"`
	Pages []struct {
		Resolution float64 `json:"resolution"` // the document's width in pixels
		Focus      float64 `json:"focus"`      // blur: the sigma of edges in pixels
		Brightness float64 `json:"brightness"` // 0..255
		Glare      float64 `json:"glare"`      // share of the document, 0..1
		Cut        bool    `json:"cut"`
	} `json:"pages"`
}

// EDocumentResult is the result of E-Document.
type EDocumentResult struct {
	StepResult
	Phone    string `json:"phone"`
	Gender   string `json:"gender"`
	Portrait []byte `json:"face_photo"` // as the issuer signed it
	PDF      []byte `json:"document_pdf"`
	Image    []byte `json:"document_image"` // PNG
	Dates    struct {
		Birth  string `json:"date_of_birth"`
		Issued string `json:"date_of_issue"`
		Expiry string `json:"date_of_expire"`
	} `json:"extra"`
	Document struct {
		Common struct {
			Number string `json:"docNumber"`
			Type   string `json:"docType"`
			Owner  struct {
				PersonalNumber string `json:"iin"`
				Given          string `json:"firstName"`
				Surname        string `json:"lastName"`
				Patronymic     string `json:"middleName"`
			} `json:"docOwner"`
			Issuer struct {
				Code string `json:"code"`
				Name string `json:"nameEn"`
			} `json:"docIssuer"`
		} `json:"common"`
		Source   string `json:"source"` // CHIP, MOBILE, PROVIDER
		Provider string `json:"provider"`
	} `json:"result_json"`
}

// FaceMatchResult is the result of Face2Face. Prediction is the similarity, on
// which 0.5 is the threshold.
type FaceMatchResult struct {
	StepResult
	Prediction   string  `json:"prediction"`
	Percent      string  `json:"prediction_percent"`
	Score        string  `json:"score"` // cosine, -1..1
	FMR          float64 `json:"fmr"`   // of a threshold at the score
	Threshold    string  `json:"threshold"`
	ThresholdFMR float64 `json:"threshold_fmr"`
	Source       string  `json:"reference_source"` // PERSON_PHOTO, EDOCUMENT, DOCUMENT
	PhotoID      *string `json:"reference_photo_id"`
	PhotoType    *string `json:"reference_photo_type"`
}
