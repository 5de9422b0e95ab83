package edocument

import (
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/tech/edocument/summary"
)

// ErrIncomplete is the refusal to draw a sheet of a check that proved nothing.
var ErrIncomplete = idem.Errorf(idem.Unprocessable, "RESULT_INCOMPLETE", "the result has no document to summarise")

// Files are the sheet of a check for people: A4, as PDF and as PNG.
type Files struct{ PDF, PNG []byte }

// Files draws the sheet of a result. id is what its QR code holds, at when the
// check was made.
func (r *Result) Files(id string, at time.Time) (Files, error) {
	if r.Document == nil {
		return Files{}, ErrIncomplete
	}
	sheet := summary.Sheet{Title: "Electronic document: what was checked", Note: "A record of a check, not the document itself.", Rows: r.rows(id, at), Code: id}
	if r.Portrait != nil {
		sheet.Portrait = r.Portrait.Image
	}
	img, err := sheet.Image()
	if err != nil {
		return Files{}, err
	}
	png, err := summary.PNG(img)
	if err != nil {
		return Files{}, err
	}
	pdf, err := summary.PDF(png)
	return Files{pdf, png}, err
}

// rows are the fields that the document has, then how they were proven.
func (r *Result) rows(id string, at time.Time) (rows []summary.Row) {
	d := r.Document
	add := func(label, value string) {
		if value != "" {
			rows = append(rows, summary.Row{Label: label, Value: value})
		}
	}
	add("Surname", d.Surname)
	add("Given names", strings.TrimSpace(d.Given+" "+d.Patronymic))
	add("Date of birth", d.Birth.String())
	add("Sex", string(d.Sex))
	add("Nationality", d.Nationality)
	add("Personal number", d.PersonalNumber)
	add("Document", strings.TrimSpace(d.Type+" "+d.Number))
	add("Issued by", strings.TrimSpace(d.Issuer+" "+d.Authority))
	add("Date of issue", d.Issued.String())
	add("Date of expiry", d.Expiry.String())
	add("Phone", r.Phone)
	add("Source", strings.TrimSpace(string(r.Kind)+" "+r.Provider))
	if r.Signer != nil {
		add("Signed by", r.Signer.Subject.String())
	}
	if r.Kind == FromChip {
		add("Chip authentication", string(r.Chip))
	}
	add("Checked at", at.UTC().Format(time.RFC3339))
	add("Check", id)
	return rows
}
