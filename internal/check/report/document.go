package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/idem-id/idem/internal/barcode"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech/document"
	"github.com/idem-id/idem/internal/tech/document/ocr"
)

// Document tells what was read.
type Document struct {
	Kind     string          `json:"kind" enum:"passport,identity_card,visa,driving_licence,unknown"`
	Country  string          `json:"country" doc:"The issuer's code in the zone or on the licence; empty when unknown."`
	Fields   []DocumentField `json:"fields" nullable:"false"`
	Zone     *Zone           `json:"mrz" doc:"null when none was read."`
	Expiry   string          `json:"expiry_date" doc:"Empty when it was not read."`
	Expired  bool            `json:"expired"`
	Portrait *Portrait       `json:"portrait" doc:"null when none was found."`
	Ghost    *Portrait       `json:"ghost" doc:"A second, smaller image of the holder."`
	Codes    []Code          `json:"codes" nullable:"false" doc:"Two-dimensional codes. Pages whose zone holds are not searched."`
	Pages    []Page          `json:"pages" nullable:"false"`
}

// DocumentField is one field. What was not read is not there.
type DocumentField struct {
	Name string `json:"name" example:"document_number"`
	Reading
	Agreed bool      `json:"agreed" doc:"All readings mean the same."`
	Others []Reading `json:"others" nullable:"false" doc:"What other sources say."`
}

// Reading is what one source says about a field.
type Reading struct {
	Value      string  `json:"value"`
	Source     string  `json:"source" enum:"mrz,barcode,visual"`
	Page       int     `json:"page" doc:"The picture, counted from 0."`
	Confidence float64 `json:"confidence" doc:"0 to 1."`
}

// Zone is a machine readable zone.
type Zone struct {
	Format      string       `json:"format" enum:"TD1,TD2,TD3,MRV-A,MRV-B"`
	Lines       []string     `json:"lines" nullable:"false"`
	Valid       bool         `json:"valid" doc:"All check digits hold and no field breaks a rule."`
	Failing     []string     `json:"failing" nullable:"false" doc:"The fields whose check digit fails."`
	Faults      []ZoneFault  `json:"faults" nullable:"false"`
	Corrections []Correction `json:"corrections" nullable:"false" doc:"Characters that follow from check digits, not from the picture."`
	Page        int          `json:"page"`
	Rows        []Quad       `json:"rows" nullable:"false" doc:"Where the lines stand."`
}

// ZoneFault is a field of a zone that breaks a rule.
type ZoneFault struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// Correction is a character of a zone that is given as another than was read.
type Correction struct {
	Field  string `json:"field"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	From   string `json:"from"`
	To     string `json:"to"`
}

// Quad is four corners in pixels of the upright picture, clockwise from the top
// left as the content is read.
type Quad []Point

// Point is a position in pixels.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Portrait is a face of a document.
type Portrait struct {
	Page     int     `json:"page"`
	Quad     Quad    `json:"quad" nullable:"false"`
	InterEye float64 `json:"inter_eye" doc:"Pixels between the eyes in the picture."`
	Image    []byte  `json:"image" contentEncoding:"base64" doc:"JPEG, upright."`
}

// Code is a two-dimensional code.
type Code struct {
	Kind string `json:"kind" enum:"QR,PDF417"`
	Text string `json:"text" doc:"What a QR code says. What a licence's PDF417 states is in the fields."`
	Page int    `json:"page"`
	Quad Quad   `json:"quad" nullable:"false"`
}

// Page tells how one picture could be read.
type Page struct {
	Width      float64    `json:"width" doc:"Of the document in pixels; 0 without one."`
	Blur       float64    `json:"blur" doc:"Of its edges: the sigma of a Gaussian in pixels."`
	Brightness float64    `json:"brightness" doc:"0 to 255."`
	Glare      float64    `json:"glare" doc:"The share of the document without any detail left, 0 to 1."`
	Cut        bool       `json:"cut" doc:"The document reaches over the border."`
	Quad       Quad       `json:"quad" doc:"The document's corners; null when its edges do not show."`
	Lines      []TextLine `json:"lines" nullable:"false" doc:"All text that was read."`
}

// TextLine is a line of text.
type TextLine struct {
	Text       string  `json:"text"`
	Confidence float64 `json:"confidence" doc:"0 to 1."`
	Quad       Quad    `json:"quad" nullable:"false"`
}

// DocumentOf reports the recognition of a document.
func DocumentOf(r *document.Result) Document {
	out := Document{Kind: string(r.Kind), Country: r.Country, Fields: []DocumentField{}, Zone: zoneOf(r.Zone), Expiry: r.Expiry.String(), Expired: r.Expired,
		Portrait: portraitOf(r.Portrait), Ghost: portraitOf(r.Ghost), Codes: []Code{}, Pages: []Page{}}
	for _, f := range r.Fields {
		field := DocumentField{Name: string(f.Name), Reading: readingOf(f.Reading), Agreed: f.Agreed, Others: []Reading{}}
		for _, o := range f.Others {
			field.Others = append(field.Others, readingOf(o))
		}
		out.Fields = append(out.Fields, field)
	}
	for _, c := range r.Codes {
		code := Code{Kind: string(c.Kind), Page: c.Page, Quad: quadOf(c.Quad)}
		if c.Kind == barcode.QR {
			code.Text = c.Text
		}
		out.Codes = append(out.Codes, code)
	}
	for _, p := range r.Pages {
		out.Pages = append(out.Pages, pageOf(p))
	}
	return out
}

func readingOf(r document.Reading) Reading {
	return Reading{Value: r.Value, Source: string(r.Source), Page: r.Page, Confidence: r.Confidence}
}

func zoneOf(z *document.Zone) *Zone {
	if z == nil {
		return nil
	}
	out := &Zone{Format: z.Format.String(), Lines: z.Lines(), Valid: z.Valid(), Failing: texts(z.Failing()), Page: z.Page,
		Faults: []ZoneFault{}, Corrections: []Correction{}, Rows: []Quad{}}
	for _, f := range z.Faults {
		out.Faults = append(out.Faults, ZoneFault{string(f.Field), string(f.Reason)})
	}
	for _, c := range z.Corrections {
		out.Corrections = append(out.Corrections, Correction{string(c.Field), c.Line, c.Column, c.From, c.To})
	}
	for _, q := range z.Rows {
		out.Rows = append(out.Rows, quadOf(q))
	}
	return out
}

func quadOf(q ocr.Quad) Quad {
	out := make(Quad, len(q))
	for i, p := range q {
		out[i] = Point{p.X, p.Y}
	}
	return out
}

func portraitOf(p *document.Portrait) *Portrait {
	if p == nil {
		return nil
	}
	out := &Portrait{Page: p.Page, Quad: quadOf(p.Quad), InterEye: p.InterEye}
	if data, err := picture.ToJPEG(p.Image); err == nil { // what was decoded can be encoded
		out.Image = data
	}
	return out
}

func pageOf(p document.Page) Page {
	q := p.Quality
	out := Page{Width: q.Width, Blur: q.Blur, Brightness: q.Brightness, Glare: q.Glare, Cut: q.Cut, Lines: []TextLine{}}
	if p.Quad != nil {
		out.Quad = quadOf(*p.Quad)
	}
	for _, l := range p.Lines {
		out.Lines = append(out.Lines, TextLine{l.Text, l.Confidence, quadOf(l.Quad)})
	}
	return out
}

func (d Document) lines() []Line {
	out := []Line{{"kind", strings.TrimSpace(d.Kind + " " + d.Country)}}
	for _, f := range d.Fields {
		text := fmt.Sprintf("%-28s %s, confidence %.2f", f.Value, f.Source, f.Confidence)
		for _, o := range f.Others {
			text += fmt.Sprintf("; %s says %s", o.Source, o.Value)
		}
		out = append(out, Line{f.Name, text})
	}
	if d.Zone != nil {
		for _, l := range d.Zone.Lines {
			out = append(out, Line{"mrz", l})
		}
	}
	for _, c := range d.Codes {
		out = append(out, Line{"code", strings.TrimSpace(fmt.Sprintf("%s on page %d %s", c.Kind, c.Page+1, c.Text))})
	}
	for i, p := range d.Pages {
		out = append(out, Line{fmt.Sprintf("page %d", i+1), fmt.Sprintf("%.0f pixels across, blur %.1f, brightness %.0f, glare %.1f %%, %d lines of text",
			p.Width, p.Blur, p.Brightness, 100*p.Glare, len(p.Lines))})
	}
	if d.Portrait != nil {
		out = append(out, Line{"portrait", fmt.Sprintf("page %d, %.0f pixels between the eyes", d.Portrait.Page+1, d.Portrait.InterEye)})
	}
	return append(out, Line{"expires", cmp.Or(d.Expiry, "unknown")})
}
