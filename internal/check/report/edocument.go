package report

import (
	"fmt"
	"time"

	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/edocument/pki"
)

// EDocument tells what an electronic document proved.
type EDocument struct {
	Kind     string           `json:"kind" enum:"CHIP,MOBILE,PROVIDER"`
	Proven   bool             `json:"proven" doc:"The issuer's signature holds and leads to a trusted root; or a provider answered."`
	Chip     string           `json:"chip_authentication" enum:"none,active" doc:"What proves that the chip is the original."`
	Altered  []int            `json:"altered_groups" nullable:"false" doc:"Data groups whose digest differs."`
	Unlisted []int            `json:"unlisted_groups" nullable:"false" doc:"Data groups that the issuer did not sign."`
	Elements []string         `json:"altered_elements" nullable:"false" doc:"Elements of a mobile document whose digest differs."`
	Signer   *Certificate     `json:"signer"`
	Root     *Certificate     `json:"root" doc:"The trusted root; null without one."`
	SignedAt *time.Time       `json:"signed_at" doc:"null when the signer does not say."`
	Document *EDocumentFields `json:"document" doc:"null unless proven."`
	Portrait *EPortrait       `json:"portrait" doc:"null unless proven."`
	Phone    string           `json:"phone" doc:"That the provider confirmed; empty otherwise."`
	Provider string           `json:"provider" doc:"Empty for files."`
}

// Certificate names a certificate.
type Certificate struct {
	Subject     string    `json:"subject"`
	Issuer      string    `json:"issuer"`
	Serial      string    `json:"serial" doc:"In hex."`
	Fingerprint string    `json:"fingerprint" doc:"SHA-256, in hex."`
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
}

// EDocumentFields are the fields that an issuer signed; empty where it has none.
type EDocumentFields struct {
	Type           string   `json:"document_type"`
	Issuer         string   `json:"issuer"`
	Number         string   `json:"document_number"`
	Surname        string   `json:"surname"`
	Given          string   `json:"given_names"`
	Patronymic     string   `json:"patronymic"`
	FullName       string   `json:"full_name" doc:"In the issuer's own script."`
	Nationality    string   `json:"nationality"`
	Birth          string   `json:"birth_date"`
	Issued         string   `json:"issue_date"`
	Expiry         string   `json:"expiry_date"`
	Sex            string   `json:"sex"`
	PersonalNumber string   `json:"personal_number"`
	Authority      string   `json:"authority"`
	MRZ            []string `json:"mrz" nullable:"false"`
}

// EPortrait is the face image as the issuer signed it.
type EPortrait struct {
	Type  string `json:"type" enum:"image/jpeg,image/jp2,image/j2c,"`
	Image []byte `json:"image" contentEncoding:"base64"`
}

// EDocumentOf reports a check of an electronic document.
func EDocumentOf(r *edocument.Result) EDocument {
	out := EDocument{Kind: string(r.Kind), Proven: r.Proven, Chip: string(r.Chip), Altered: append([]int{}, r.Altered...), Unlisted: append([]int{}, r.Unlisted...),
		Elements: append([]string{}, r.Elements...), Signer: certificateOf(r.Signer), Root: certificateOf(r.Root), Phone: r.Phone, Provider: r.Provider}
	if !r.SignedAt.IsZero() {
		out.SignedAt = &r.SignedAt
	}
	if d := r.Document; d != nil {
		out.Document = &EDocumentFields{Type: d.Type, Issuer: d.Issuer, Number: d.Number, Surname: d.Surname, Given: d.Given, Patronymic: d.Patronymic,
			FullName: d.FullName, Nationality: d.Nationality, Birth: d.Birth.String(), Issued: d.Issued.String(), Expiry: d.Expiry.String(),
			Sex: string(d.Sex), PersonalNumber: d.PersonalNumber, Authority: d.Authority, MRZ: append([]string{}, d.MRZ...)}
	}
	if p := r.Portrait; p != nil {
		out.Portrait = &EPortrait{Type: p.Type, Image: p.Data}
	}
	return out
}

func certificateOf(c *pki.Certificate) *Certificate {
	if c == nil {
		return nil
	}
	return &Certificate{Subject: c.Subject.String(), Issuer: c.Issuer.String(), Serial: c.Serial.Text(16), Fingerprint: c.Fingerprint(),
		NotBefore: c.NotBefore, NotAfter: c.NotAfter}
}

func (c *Certificate) line(name string) []Line {
	if c == nil {
		return nil
	}
	return []Line{{name, c.Subject + ", SHA-256 " + c.Fingerprint}}
}

func (e EDocument) lines() []Line {
	out := []Line{{"kind", e.Kind}, {"proven", fmt.Sprint(e.Proven)}, {"chip", e.Chip}}
	out = append(out, e.Signer.line("signer")...)
	out = append(out, e.Root.line("root")...)
	if d := e.Document; d != nil {
		for _, l := range []Line{{"document", d.Type + " " + d.Issuer + " " + d.Number}, {"surname", d.Surname}, {"given", d.Given}, {"born", d.Birth},
			{"expires", d.Expiry}, {"number", d.PersonalNumber}} {
			if l.Value != "" {
				out = append(out, l)
			}
		}
	}
	if e.Portrait != nil {
		out = append(out, Line{"portrait", fmt.Sprintf("%s, %d bytes", e.Portrait.Type, len(e.Portrait.Image))})
	}
	return out
}
