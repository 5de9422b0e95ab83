package persons

import (
	"context"
	"strings"

	"golang.org/x/text/language"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/document"
)

// The objects of recognised documents.
type (
	documentObject struct {
		Session  string            `json:"backend_session_id"`
		Result   bool              `json:"result"`
		Type     string            `json:"document_type"`
		Country  string            `json:"country"`
		Fields   map[string]string `json:"fields"`
		Zone     *zoneObject       `json:"mrz"`
		Expired  bool              `json:"expired"`
		Portrait *string           `json:"face_photo"` // JPEG in base64
		Warnings []string          `json:"warnings"`
		Failure  *failureReason    `json:"failure_reason"`
	}
	zoneObject struct {
		Lines []string `json:"lines"`
		Valid bool     `json:"valid"`
	}
	// processedObject adds what the pictures were like and how sure the reading
	// is.
	processedObject struct {
		documentObject
		Pages      []pageObject      `json:"pages"`
		Confidence map[string]string `json:"confidence"`
		Optical    opticalObject     `json:"optical_checks"`
	}
	pageObject struct {
		Resolution float64 `json:"resolution"` // the document's width in pixels
		Focus      float64 `json:"focus"`      // blur: the sigma of edges in pixels
		Brightness float64 `json:"brightness"` // 0..255
		Glare      float64 `json:"glare"`      // share of the document, 0..1
		Cut        bool    `json:"cut"`
	}
	// opticalObject compares the zone with the visual zone.
	opticalObject struct {
		Zone   bool     `json:"mrz_valid"`
		Agreed bool     `json:"fields_agree"`
		Differ []string `json:"differing_fields"`
	}
)

// alpha3 turns a country into its ISO 3166-1 alpha-3 code.
func alpha3(text string) (string, error) {
	region, err := language.ParseRegion(strings.ToUpper(strings.TrimSpace(text)))
	if err != nil || !region.IsCountry() {
		return "", invalid("country_code", "the value is no country of ISO 3166-1")
	}
	return region.ISO3(), nil
}

func (a *api) parseDocument(ctx context.Context, r *request) (answer, error) {
	text, given := r.form.texts["country_code"]
	if !given {
		return answer{}, invalid("country_code", "the member is required")
	}
	country, err := alpha3(text)
	if err != nil {
		return answer{}, err
	}
	in, names := check.Files{Country: country}, map[string]string{"pages": "frontside_image"}
	for _, name := range []string{"frontside_image", "backside_image"} {
		if data := r.form.file(name); data != nil {
			names[pageField(len(in.Pages))] = name
			in.Pages = append(in.Pages, data)
		}
	}
	done, err := a.Checks.RunFiles(ctx, r.principal, idem.TechDocumentRecognition, in)
	if err != nil {
		return answer{}, renamed(err, names)
	}
	return answer{status: 200, body: documentOf(done)}, nil
}

func pageField(i int) string { return "pages[" + string(rune('0'+i)) + "]" }

func (a *api) processDocument(ctx context.Context, r *request) (answer, error) {
	in, names := check.Files{Pages: r.form.files["file"]}, map[string]string{"pages": "file"}
	for i := range in.Pages {
		names[pageField(i)] = "file[" + string(rune('0'+i)) + "]"
	}
	done, err := a.Checks.RunFiles(ctx, r.principal, idem.TechDocumentRecognition, in)
	if err != nil {
		return answer{}, renamed(err, names)
	}
	return answer{status: 200, body: processedOf(done)}, nil
}

func documentOf(done check.Done) documentObject {
	read := done.Outcome.Details.(*document.Result)
	out := documentObject{Session: string(done.ID), Result: done.Outcome.Passed, Type: string(read.Kind), Country: read.Country,
		Fields: map[string]string{}, Expired: read.Expired, Warnings: codes(done.Outcome.Warnings), Failure: failureOf(done)}
	for _, f := range read.Fields {
		out.Fields[string(f.Name)] = f.Value
	}
	if read.Zone != nil {
		out.Zone = &zoneObject{read.Zone.Lines(), read.Zone.Valid()}
	}
	if read.Portrait != nil {
		if data, err := picture.ToJPEG(read.Portrait.Image); err == nil { // what was decoded can be encoded
			out.Portrait = optional(base64Of(data))
		}
	}
	return out
}

func processedOf(done check.Done) processedObject {
	read := done.Outcome.Details.(*document.Result)
	out := processedObject{documentObject: documentOf(done), Pages: []pageObject{}, Confidence: map[string]string{},
		Optical: opticalObject{Zone: read.Zone != nil && read.Zone.Valid(), Agreed: true, Differ: []string{}}}
	for _, p := range read.Pages {
		q := p.Quality
		out.Pages = append(out.Pages, pageObject{q.Width, q.Blur, q.Brightness, q.Glare, q.Cut})
	}
	for _, f := range read.Fields {
		out.Confidence[string(f.Name)] = score(f.Confidence)
		if !f.Agreed {
			out.Optical.Agreed, out.Optical.Differ = false, append(out.Optical.Differ, string(f.Name))
		}
	}
	return out
}

func codes(list []tech.Reason) []string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = string(r)
	}
	return out
}
