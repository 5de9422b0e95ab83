package edocument

import (
	"errors"
	"strings"

	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument/emrtd"
	"github.com/idem-id/idem/internal/tech/edocument/mdl"
	"github.com/idem-id/idem/internal/tech/edocument/pki"
)

// ErrMobile is the refusal of a file that is no mobile driving licence.
var ErrMobile = ErrMalformed.At("files")

// runMobile authenticates a mobile document, then reads it.
func (t *Technology) runMobile(in tech.Evidence) (*judgement, error) {
	open, data := mdl.Open, in.Files[IssuerSigned]
	if response := in.Files[DeviceResponse]; response != nil {
		open, data = mdl.OpenResponse, response
	}
	licence, err := open(data)
	if err != nil {
		return nil, ErrMobile.Because(err)
	}
	set, err := roots(t.Mobile)
	if err != nil {
		return nil, err
	}
	j := &judgement{Result: &Result{Kind: FromMobile, Chip: AuthenticationNone, Signer: licence.Signer, SignedAt: licence.SignedAt}, now: in.Now}
	if j.Elements = licence.CheckDigests(); len(j.Elements) > 0 {
		j.fail(ElementMismatch)
	}
	switch err := licence.Verify(); {
	case errors.Is(err, pki.ErrUnsupported):
		j.fail(UnsupportedAlgorithm)
	case err != nil:
		j.fail(MobileSignature)
	default:
		j.chain(set, licenceSigner, MobileNotTrusted)
	}
	if in.Now.Before(licence.ValidFrom) || in.Now.After(licence.ValidUntil) {
		j.fail(MobileNotValid)
	}
	if j.Proven = len(j.reasons) == 0; !j.Proven {
		return j, nil
	}
	return j, j.readLicence(licence)
}

// identifying are the elements without which a licence says nothing of whose it
// is: its holder may leave out any.
var identifying = []string{"family_name", "birth_date", "document_number"}

// readLicence reads the proven data: the licence's country must be its signer's
// (ISO/IEC 18013-5, 9.3.1).
func (j *judgement) readLicence(l *mdl.Licence) error {
	for _, name := range identifying {
		if !l.Has(name) {
			return tech.ErrEvidenceMissing.At("files").With("element", name)
		}
	}
	switch country := l.Text("issuing_country"); {
	case country == "":
		j.warn(IssuerUnknown)
	case !strings.EqualFold(country, j.Signer.Subject.Country):
		j.Proven = false
		j.fail(IssuerMismatch)
		return nil
	}
	j.Document = &Document{
		Type: mdl.DocType, Issuer: l.Text("issuing_country"), Number: l.Text("document_number"),
		Surname: l.Text("family_name"), Given: l.Text("given_name"), FullName: l.Text("family_name_national_character"),
		Nationality: l.Text("nationality"), Birth: l.Date("birth_date"), Issued: l.Date("issue_date"), Expiry: l.Date("expiry_date"),
		Sex: l.Sex(), PersonalNumber: l.Text("administrative_number"), Authority: l.Text("issuing_authority"),
	}
	if expired(j.Document.Expiry, j.now) {
		j.warn(DocumentExpired)
	}
	portrait := l.Bytes("portrait")
	if portrait == nil {
		j.warn(PortraitMissing)
		return nil
	}
	j.Portrait = &Portrait{Data: portrait, Type: emrtd.ImageType(portrait)}
	return nil
}
