// Package documenttest is a technology that recognises documents without
// networks, for tests of what stands around it.
package documenttest

import (
	"context"
	"image"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/mrz"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/document"
	"github.com/idem-id/idem/internal/tech/document/ocr"
)

// Reader finds the same passport of Utopia on the first page of whatever it is
// shown. A country that is not UTO is warned of.
type Reader struct{}

// Code returns DR.
func (r Reader) Code() idem.TechCode { return idem.TechDocumentRecognition }

// Ready returns nil.
func (r Reader) Ready() error { return nil }

// Run returns the passport.
func (r Reader) Run(_ context.Context, in tech.Evidence) (tech.Outcome, error) {
	if len(in.Pages) == 0 {
		return tech.Outcome{}, tech.ErrEvidenceMissing.At("pages")
	}
	zone, err := mrz.Parse([]string{"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"},
		mrz.Options{Now: in.Now, Specimen: true})
	if err != nil {
		return tech.Outcome{}, err
	}
	at := ocr.Quad{{X: 1, Y: 1}, {X: 60, Y: 1}, {X: 60, Y: 40}, {X: 1, Y: 40}}
	out := &document.Result{Kind: document.Passport, Country: zone.Issuer, Zone: &document.Zone{Zone: zone, Rows: []ocr.Quad{at, at}},
		Expiry: zone.Expiry, Expired: true, Portrait: &document.Portrait{Image: image.NewGray(image.Rect(0, 0, 30, 40)), Quad: at, InterEye: 70}}
	for range in.Pages {
		out.Pages = append(out.Pages, document.Page{Quality: document.Quality{Width: 1200, Blur: 0.8, Brightness: 180}, Quad: &at})
	}
	for _, f := range []struct {
		name  document.Name
		value string
	}{{document.DocumentNumber, zone.Number}, {document.Surname, zone.Surname}, {document.BirthDate, zone.Birth.String()}} {
		out.Fields = append(out.Fields, document.Field{Name: f.name, Agreed: true, Reading: document.Reading{Value: f.value, Source: document.FromZone, Confidence: 0.99}})
	}
	outcome := tech.Outcome{Technology: r.Code(), Passed: true, Warnings: []tech.Reason{document.Expired}, Details: out}
	if in.Country != "" && in.Country != zone.Issuer {
		outcome.Warnings = append(outcome.Warnings, document.CountryMismatch)
	}
	return outcome, nil
}
