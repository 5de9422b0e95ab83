package flow

import (
	"context"
	"fmt"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/document"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/facematch"
	"github.com/idem-id/idem/internal/tech/liveness"
)

// resultOf brings an outcome into the form that is kept, and stores its
// pictures. Whether it will be kept shows when the attempt is settled: others
// may be under way.
func (f *Flows) resultOf(ctx context.Context, org idem.OrgID, s *idem.Session, out tech.Outcome) (idem.StepResult, error) {
	r := idem.StepResult{Passed: out.Passed, Reasons: reasonTexts(out.Reasons), Warnings: reasonTexts(out.Warnings)}
	switch d := out.Details.(type) {
	case *liveness.Result:
		r.Liveness = &idem.LivenessResult{Prediction: d.Prediction, Centred: d.Centred, Direction: string(d.Direction), EyesClosed: d.EyesClosed}
	case *document.Result:
		r.Document = recognised(d)
	case *edocument.Result:
		r.Document = electronic(d)
	case *facematch.Result:
		r.Match = matched(d)
	}
	if out.Face == nil || out.Technology == idem.TechFace2Face {
		return r, nil
	}
	data, err := faceOf(out)
	if err != nil {
		return r, fmt.Errorf("encode face: %w", err)
	}
	if r.Face, err = f.put(ctx, org, s, data); err != nil {
		return r, err
	}
	if d, ok := out.Details.(*edocument.Result); ok && out.Passed && d.Document != nil {
		f.addSheets(ctx, org, s, d, r.Document)
	}
	return r, nil
}

// addSheets draws what people read. Without them the result stands as well:
// they can be drawn again.
func (f *Flows) addSheets(ctx context.Context, org idem.OrgID, s *idem.Session, d *edocument.Result, to *idem.DocumentResult) {
	files, err := d.Files(string(s.ID), time.Now())
	if err == nil {
		to.Files, err = f.keepSheets(ctx, org, s, files)
	}
	if err != nil {
		f.Log.WarnContext(ctx, "sheets of a document not drawn", "session", s.ID, "error", err)
	}
}

// faceOf returns the face as it came, so that nothing is lost, else encoded.
func faceOf(out tech.Outcome) ([]byte, error) {
	if out.JPEG != nil {
		return out.JPEG, nil
	}
	return picture.ToJPEG(out.Face)
}

func reasonTexts(list []tech.Reason) (out []string) {
	for _, r := range list {
		out = append(out, string(r))
	}
	return out
}

func recognised(d *document.Result) *idem.DocumentResult {
	field := func(n document.Name) string {
		f, _ := d.Field(n)
		return f.Value
	}
	out := &idem.DocumentResult{
		Kind: string(d.Kind), Type: field(document.DocumentType), Issuer: field(document.Issuer), Number: field(document.DocumentNumber),
		PersonalNumber: field(document.PersonalNumber), Surname: field(document.Surname), Given: field(document.GivenNames),
		Nationality: field(document.Nationality), Sex: idem.Sex(field(document.Sex)), Expiry: d.Expiry,
	}
	out.Patronymic, out.Authority, out.Recognition = field(document.Patronymic), field(document.Authority), readingOf(d)
	_ = out.Birth.UnmarshalText([]byte(field(document.BirthDate))) // unknown stays unknown
	return out
}

// readingOf keeps how the document was read.
func readingOf(d *document.Result) *idem.Recognition {
	out := &idem.Recognition{Fields: map[string]string{}, Confidence: map[string]float64{}, Expired: d.Expired}
	for _, f := range d.Fields {
		out.Fields[string(f.Name)], out.Confidence[string(f.Name)] = f.Value, f.Confidence
		if !f.Agreed {
			out.Differing = append(out.Differing, string(f.Name))
		}
	}
	if d.Zone != nil {
		out.Zone, out.ZoneValid = d.Zone.Lines(), d.Zone.Valid()
	}
	for _, p := range d.Pages {
		q := p.Quality
		out.Pages = append(out.Pages, idem.PageQuality{Width: q.Width, Blur: q.Blur, Brightness: q.Brightness, Glare: q.Glare, Cut: q.Cut})
	}
	return out
}

func electronic(r *edocument.Result) *idem.DocumentResult {
	out := &idem.DocumentResult{Kind: string(r.Kind), Phone: r.Phone, Provider: r.Provider}
	d := r.Document
	if d == nil {
		return out
	}
	out.Type, out.Issuer, out.Number, out.PersonalNumber = d.Type, d.Issuer, d.Number, d.PersonalNumber
	out.Surname, out.Given, out.Patronymic, out.FullName = d.Surname, d.Given, d.Patronymic, d.FullName
	out.Nationality, out.Sex, out.Authority = d.Nationality, d.Sex, d.Authority
	out.Birth, out.Issued, out.Expiry = d.Birth, d.Issued, d.Expiry
	return out
}

func matched(r *facematch.Result) *idem.MatchResult {
	return &idem.MatchResult{Score: r.Score, FMR: r.FMR, Threshold: r.Threshold, ThresholdFMR: r.ThresholdFMR,
		Similarity: r.Similarity(), Source: idem.ReferenceSource(r.Source)}
}
