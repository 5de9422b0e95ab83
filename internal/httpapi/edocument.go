package httpapi

import (
	"context"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/check/report"
	"github.com/idem-id/idem/internal/tech/edocument/provider"
)

const (
	checkEDocumentText = checkText + `

Checks the files of a travel document's chip (EF.SOD with EF.DG1 to EF.DG16) or of a mobile driving licence (DeviceResponse or
IssuerSigned) against the roots that this instance trusts. Nothing of a document whose proof fails is shown. Files alone do not prove that the chip is the
original: see /v1/check/edocument/challenge.`
	challengeEDocumentText = `Draws the eight bytes that the chip is to sign (active authentication). Send its answer as the file AA.RESPONSE, with
the others, to /v1/check/edocument/{check_id}. The challenge serves once and costs nothing.`
	startEDocumentText = `Asks a configured provider to send a code to the holder of a document, who approves by telling it. The code goes to
/v1/check/edocument/{check_id}/approve. Starting costs nothing. One phone, and the holder of one personal number, is sent at most three codes in ten minutes and ten
in a day, all together codes_per_hour of the organisation's settings: 429 RATE_LIMITED then.`
	approveEDocumentText = checkText + `

Gives the code of the holder to the provider and answers with what it tells. Three attempts.`
)

type checkEDocumentBody struct {
	Files Files `json:"files" nullable:"false" doc:"By their names: EF.SOD, EF.DG1 to EF.DG16, AA.RESPONSE, DeviceResponse, IssuerSigned."`
}

func (s *server) checkEDocument(ctx context.Context, p idem.Principal, _ *noInput) (*checkOut[report.EDocument], error) {
	var body checkEDocumentBody
	if err := readPicture(ctx, &body); err != nil {
		return nil, err
	}
	done, err := s.checks.RunFiles(ctx, p, idem.TechEDocument, check.Files{Chip: body.Files.bytes()})
	return checked(done, err, report.EDocumentOf)
}

// Nonce is what a chip is to sign.
type Nonce struct {
	Bytes []byte `json:"nonce" contentEncoding:"base64" doc:"Eight bytes."`
}

func (s *server) challengeEDocument(ctx context.Context, p idem.Principal, _ *noInput) (*openedOut[Nonce], error) {
	row, asked, err := s.checks.Challenge(ctx, p, idem.TechEDocument)
	if err != nil {
		return nil, err
	}
	return opened(row, Nonce{asked.Shown.([]byte)}), nil
}

func (s *server) answerEDocument(ctx context.Context, p idem.Principal, in *CheckPath) (*checkOut[report.EDocument], error) {
	var body checkEDocumentBody
	if err := readPicture(ctx, &body); err != nil {
		return nil, err
	}
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	done, err := s.checks.RespondFiles(ctx, p, id, idem.TechEDocument, check.Files{Chip: body.Files.bytes()})
	return checked(done, err, report.EDocumentOf)
}

type startIn struct {
	Body struct {
		Provider       string `json:"provider,omitempty" doc:"By its configured name; may be left out when there is only one."`
		PersonalNumber string `json:"personal_number" doc:"Such as the IIN."`
		Phone          string `json:"phone" doc:"E.164." example:"+77010000001"`
	} `nameHint:"EDocumentStart"`
}

// Started is a provider's check that waits for the holder's code.
type Started struct {
	ID        string    `json:"check_id" format:"uuid"`
	ExpiresAt time.Time `json:"expires_at"`
}

type startedOut struct{ Body Started }

func (s *server) startEDocument(ctx context.Context, p idem.Principal, in *startIn) (*startedOut, error) {
	row, err := s.checks.AskProvider(ctx, p, in.Body.Provider, provider.Request{PersonalNumber: in.Body.PersonalNumber, Phone: in.Body.Phone})
	if err != nil {
		return nil, err
	}
	return &startedOut{Started{string(row.ID), row.ExpiresAt}}, nil
}

type approveIn struct {
	CheckPath
	Body struct {
		Code string `json:"code" doc:"That the holder received."`
	} `nameHint:"EDocumentCode"`
}

func (s *server) approveEDocument(ctx context.Context, p idem.Principal, in *approveIn) (*checkOut[report.EDocument], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	done, err := s.checks.Approve(ctx, p, id, in.Body.Code)
	return checked(done, err, report.EDocumentOf)
}
