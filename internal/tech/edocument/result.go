package edocument

import (
	"image"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument/pki"
)

// The reasons for which an electronic document does not pass.
const (
	DigestMismatch        tech.Reason = "dg_hash_mismatch"      // a data group was altered
	GroupUnlisted         tech.Reason = "dg_not_in_sod"         // a data group that the issuer did not sign
	SignatureInvalid      tech.Reason = "sod_signature_invalid" // the security object was altered
	UnsupportedAlgorithm  tech.Reason = "unsupported_algorithm" // a curve or algorithm that is not known here
	NotTrusted            tech.Reason = "csca_not_trusted"      // no root in the trust store issued the signer
	SignerInvalid         tech.Reason = "signer_not_valid"      // the signer's certificate was not valid when it signed, or is for another purpose
	SignerRevoked         tech.Reason = "signer_revoked"
	IssuerMismatch        tech.Reason = "issuer_mismatch" // root, signer and document are of different states
	ActiveFailed          tech.Reason = "active_authentication_failed"
	InsufficientAssurance tech.Reason = "insufficient_assurance" // the policy requires more than was proven

	// Of providers.
	HolderRefused          tech.Reason = "holder_refused"
	PersonalNumberMismatch tech.Reason = "personal_number_mismatch" // the answer is about another person
	PhoneMismatch          tech.Reason = "phone_mismatch"

	// Of mobile documents.
	ElementMismatch  tech.Reason = "digest_mismatch"
	MobileSignature  tech.Reason = "issuer_signature_invalid"
	MobileNotTrusted tech.Reason = "issuer_not_trusted"
	MobileNotValid   tech.Reason = "document_not_valid" // outside the period that the issuer set
)

// The warnings.
const (
	ZoneIrregular       tech.Reason = "mrz_invalid" // signed so by the issuer
	DocumentExpired     tech.Reason = "document_expired"
	IssuerUnknown       tech.Reason = "issuer_not_comparable" // the zone's code has no two-letter form
	PortraitMissing     tech.Reason = "portrait_not_found"
	PortraitUndecodable tech.Reason = "portrait_undecodable" // of what is no chip
	PortraitUnsupported tech.Reason = "portrait_format_unsupported"
)

// Kind is where an electronic document came from.
type Kind string

// The kinds.
const (
	FromChip     Kind = "CHIP"
	FromMobile   Kind = "MOBILE"
	FromProvider Kind = "PROVIDER"
)

// Authentication is what proves that the chip is the original.
type Authentication string

// The authentications of a chip. Chip authentication proper needs a session
// with the chip, which uploaded files cannot show.
const (
	AuthenticationNone   Authentication = "none"
	AuthenticationActive Authentication = "active"
)

// Result is what an electronic document proved.
type Result struct {
	Kind     Kind
	Proven   bool           // the issuer's signature holds and leads to a trusted root; a provider answered
	Chip     Authentication // none for what is no chip
	Altered  []int          // data groups whose digest differs
	Unlisted []int          // data groups that the security object does not list
	Elements []string       // elements of a mobile document whose digest differs
	Signer   *pki.Certificate
	Root     *pki.Certificate
	SignedAt time.Time // zero when the signer did not say
	Document *Document // nil unless proven
	Portrait *Portrait // nil unless proven, or without one
	Phone    string    // that the provider confirmed, E.164
	Provider string    // name, empty for files
}

// Document is the fields of a document; empty where it has none.
type Document struct {
	Type           string // P, ID, AC ...; the docType of a mobile document
	Issuer         string // as the document has it: KAZ, D ...
	Number         string
	Surname        string
	Given          string
	Patronymic     string
	FullName       string // in the issuer's own script
	Nationality    string
	Birth          idem.Date
	Issued         idem.Date
	Expiry         idem.Date
	Sex            idem.Sex
	PersonalNumber string
	Authority      string
	MRZ            []string
}

// Portrait is the face image of a document.
type Portrait struct {
	Data  []byte // as the issuer signed it
	Type  string // image/jpeg, image/jp2 or image/j2c
	Image image.Image
}

// Policy says what a document must prove.
type Policy struct {
	// RequireChip refuses documents whose chip did not prove to be the original.
	RequireChip bool
}

// Judge returns insufficient_assurance when the result proves less than the
// policy requires.
func (p Policy) Judge(r *Result) []tech.Reason {
	if p.RequireChip && r.Chip == AuthenticationNone {
		return []tech.Reason{InsufficientAssurance}
	}
	return nil
}
