package persons

import (
	"context"
	"errors"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/edocument/provider"
)

// The bodies and answers of documents that a provider answers for.
type (
	eDocumentBody struct {
		credential
		PersonalNumber *string `json:"iin"`
		Phone          *string `json:"phone"`
	}
	approvalBody struct {
		credential
		Session  *string `json:"backend_session_id"`
		Code     *string `json:"code"`
		File     bool    `json:"file"`
		FileType string  `json:"file_type"`
	}
	sessionStarted struct {
		Session string `json:"backend_session_id"`
	}
	eDocumentObject struct {
		Session  string         `json:"backend_session_id"`
		Result   bool           `json:"result"`
		Phone    string         `json:"phone"`
		Gender   string         `json:"gender"`
		Portrait *string        `json:"face_photo"`
		PDF      *string        `json:"document_pdf"`
		Picture  *string        `json:"document_image"`
		Extra    extraObject    `json:"extra"`
		Content  contentObject  `json:"result_json"`
		Failure  *failureReason `json:"failure_reason"`
	}
	extraObject struct {
		Birth  string `json:"date_of_birth"`
		Issued string `json:"date_of_issue"`
		Expiry string `json:"date_of_expire"`
	}
	contentObject struct {
		Common commonObject `json:"common"`
	}
	commonObject struct {
		Number string       `json:"docNumber"`
		Owner  ownerObject  `json:"docOwner"`
		Issuer issuerObject `json:"docIssuer"`
	}
	ownerObject struct {
		PersonalNumber string `json:"iin"`
		Given          string `json:"firstName"`
		Surname        string `json:"lastName"`
		Patronymic     string `json:"middleName"`
	}
	issuerObject struct {
		Russian string `json:"nameRu"`
		English string `json:"nameEn"`
		Kazakh  string `json:"nameKk"`
	}
)

func (a *api) requestEDocument(ctx context.Context, r *request) (answer, error) {
	var body eDocumentBody
	if err := decode(r.body, &body); err != nil {
		return answer{}, err
	}
	number, err := required(body.PersonalNumber, "iin")
	if err != nil {
		return answer{}, err
	}
	text, err := required(body.Phone, "phone")
	if err != nil {
		return answer{}, err
	}
	phone, err := idem.DefaultSettings().Normalise(idem.AliasPhone, text)
	if err != nil {
		return answer{}, invalid("phone", "the value is no phone number")
	}
	row, err := a.Checks.AskProvider(ctx, r.principal, "", provider.Request{PersonalNumber: number, Phone: phone})
	if err != nil {
		return answer{}, renamed(err, map[string]string{"personal_number": "iin"})
	}
	return answer{status: 200, body: sessionStarted{string(row.ID)}}, nil
}

func (a *api) approveEDocument(ctx context.Context, r *request) (answer, error) {
	var body approvalBody
	if err := decode(r.body, &body); err != nil {
		return answer{}, err
	}
	id, err := body.session()
	if err != nil {
		return answer{}, err
	}
	code, err := required(body.Code, "code")
	if err != nil {
		return answer{}, err
	}
	done, err := a.Checks.Approve(ctx, r.principal, id, code)
	if err != nil {
		return answer{}, err
	}
	out := eDocumentOf(done)
	if body.File {
		err = out.draw(done, body.FileType)
	}
	return answer{status: 200, body: out}, err
}

func (b approvalBody) session() (idem.CheckID, error) {
	text, err := required(b.Session, "backend_session_id")
	if err != nil {
		return "", err
	}
	if b.File && b.FileType != "" && b.FileType != "pdf" && b.FileType != "png" {
		return "", invalid("file_type", "the value is pdf or png")
	}
	id, ok := idem.ParseID(text)
	if !ok {
		return "", idem.ErrCheckNotFound
	}
	return idem.CheckID(id), nil
}

func eDocumentOf(done check.Done) eDocumentObject {
	r := done.Outcome.Details.(*edocument.Result)
	out := eDocumentObject{Session: string(done.ID), Result: done.Outcome.Passed, Phone: r.Phone, Failure: failureOf(done)}
	if r.Portrait != nil {
		out.Portrait = optional(base64Of(r.Portrait.Data))
	}
	d := r.Document
	if d == nil {
		return out
	}
	out.Gender = string(d.Sex)
	out.Extra = extraObject{d.Birth.String(), d.Issued.String(), d.Expiry.String()}
	out.Content.Common = commonObject{Number: d.Number,
		Owner:  ownerObject{d.PersonalNumber, d.Given, d.Surname, d.Patronymic},
		Issuer: issuerObject{d.Authority, d.Authority, d.Authority}}
	return out
}

// draw adds the sheet of the check. A result without a document has none.
func (o *eDocumentObject) draw(done check.Done, kind string) error {
	files, err := done.Outcome.Details.(*edocument.Result).Files(string(done.ID), done.At)
	switch {
	case errors.Is(err, edocument.ErrIncomplete):
		return nil
	case err != nil:
		return err
	case kind == "png":
		o.Picture = optional(base64Of(files.PNG))
	default:
		o.PDF = optional(base64Of(files.PDF))
	}
	return nil
}
