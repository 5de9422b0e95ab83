package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/idem-id/idem"
)

// raw passes the metadata on as it was given; null for none.
func raw(metadata []byte) any {
	if metadata == nil {
		return nil
	}
	return json.RawMessage(metadata)
}

// Liveness is the result of a liveness step.
type Liveness struct {
	Head
	EyesClosed *bool   `json:"eye_closed"` // null: not judged
	Prediction string  `json:"prediction"` // 0..1
	Centred    bool    `json:"face_center"`
	Direction  string  `json:"face_direction"`
	Frame      *string `json:"best_frame"` // base64
}

func livenessOf(h Head, r *idem.LivenessResult, face *string) Liveness {
	return Liveness{h, r.EyesClosed, score(r.Prediction), r.Centred, r.Direction, face}
}

// Match is the result of Face2Face. Prediction is the similarity, on which
// 0.5 is the threshold.
type Match struct {
	Head
	Prediction   string  `json:"prediction"`
	Percent      string  `json:"prediction_percent"`
	Score        string  `json:"score"` // cosine, -1..1
	FMR          float64 `json:"fmr"`   // of a threshold at the score
	Threshold    string  `json:"threshold"`
	ThresholdFMR float64 `json:"threshold_fmr"`
	Source       string  `json:"reference_source"`
	Photo        *string `json:"reference_photo_id"`
	PhotoType    *string `json:"reference_photo_type"`
}

func comparedOf(h Head, r *idem.MatchResult) Match {
	return Match{h, score(r.Similarity), fmt.Sprintf("%.2f", 100*r.Similarity), score(r.Score), r.FMR, score(r.Threshold), r.ThresholdFMR,
		string(r.Source), optional(string(r.Photo)), optional(strings.ToLower(string(r.PhotoType)))}
}

// Recognised is the result of Document Recognition.
type Recognised struct {
	Head
	Type       string            `json:"document_type"`
	Country    string            `json:"country"`
	Fields     map[string]string `json:"fields"`
	Zone       *Zone             `json:"mrz"` // null when none was read
	Expired    bool              `json:"expired"`
	Portrait   *string           `json:"face_photo"` // base64
	Pages      []Page            `json:"pages"`
	Confidence map[string]string `json:"confidence"` // of the fields, 0..1
	Optical    Optical           `json:"optical_checks"`
}

// Zone is a machine readable zone.
type Zone struct {
	Lines []string `json:"lines"`
	Valid bool     `json:"valid"`
}

// Page tells what a picture of a document was like.
type Page struct {
	Resolution float64 `json:"resolution"` // the document's width in pixels
	Focus      float64 `json:"focus"`      // blur: the sigma of edges in pixels
	Brightness float64 `json:"brightness"` // 0..255
	Glare      float64 `json:"glare"`      // share of the document, 0..1
	Cut        bool    `json:"cut"`
}

// Optical compares the zone with the visual zone.
type Optical struct {
	Zone   bool     `json:"mrz_valid"`
	Agreed bool     `json:"fields_agree"`
	Differ []string `json:"differing_fields"`
}

func recognisedOf(h Head, d *idem.DocumentResult, face *string) Recognised {
	out := Recognised{Head: h, Type: d.Kind, Country: d.Issuer, Fields: map[string]string{}, Portrait: face, Pages: []Page{},
		Confidence: map[string]string{}, Optical: Optical{Agreed: true, Differ: []string{}}}
	for name, value := range map[string]string{
		"document_type": d.Type, "document_number": d.Number, "personal_number": d.PersonalNumber, "surname": d.Surname, "given_names": d.Given,
		"birth_date": d.Birth.String(), "sex": string(d.Sex), "nationality": d.Nationality, "issuer": d.Issuer, "expiry_date": d.Expiry.String(),
	} {
		if value != "" {
			out.Fields[name] = value
		}
	}
	if d.Recognition != nil {
		out.addReading(d.Recognition)
	}
	return out
}

// addReading tells how the document was read.
func (r *Recognised) addReading(read *idem.Recognition) {
	maps.Copy(r.Fields, read.Fields)
	for name, c := range read.Confidence {
		r.Confidence[name] = score(c)
	}
	if read.Zone != nil {
		r.Zone = &Zone{read.Zone, read.ZoneValid}
	}
	r.Expired, r.Optical = read.Expired, Optical{read.ZoneValid, len(read.Differing) == 0, append([]string{}, read.Differing...)}
	for _, p := range read.Pages {
		r.Pages = append(r.Pages, Page{p.Width, p.Blur, p.Brightness, p.Glare, p.Cut})
	}
}

// Electronic is the result of E-Document.
type Electronic struct {
	Head
	Phone    string       `json:"phone"`
	Gender   string       `json:"gender"`
	Portrait *string      `json:"face_photo"`     // base64
	PDF      *string      `json:"document_pdf"`   // base64
	Image    *string      `json:"document_image"` // base64
	QR       *string      `json:"qrcode"`         // null: those of a national service's own sheets
	Barcode  *string      `json:"barcode"`
	Extra    Dates        `json:"extra"`
	Document DocumentData `json:"result_json"`
}

// Dates are those of a document, as far as they are known.
type Dates struct {
	Birth  string `json:"date_of_birth"`
	Issued string `json:"date_of_issue"`
	Expiry string `json:"date_of_expire"`
}

// DocumentData is what an electronic document says.
type DocumentData struct {
	Common struct {
		Number string `json:"docNumber"`
		Type   string `json:"docType"`
		Owner  struct {
			PersonalNumber string `json:"iin"`
			Given          string `json:"firstName"`
			Surname        string `json:"lastName"`
			Patronymic     string `json:"middleName"`
		} `json:"docOwner"`
		Issuer struct {
			Code    string `json:"code"`
			Russian string `json:"nameRu"` // all names are the one spelling that the document has
			English string `json:"nameEn"`
			Kazakh  string `json:"nameKk"`
		} `json:"docIssuer"`
	} `json:"common"`
	Source   string `json:"source"` // CHIP, MOBILE or PROVIDER
	Provider string `json:"provider,omitempty"`
}

func electronicOf(h Head, d *idem.DocumentResult, face *string, pictures Pictures) (out Electronic, err error) {
	out = Electronic{Head: h, Phone: d.Phone, Gender: string(d.Sex), Portrait: face,
		Extra: Dates{d.Birth.String(), d.Issued.String(), d.Expiry.String()}, Document: DocumentData{Source: d.Kind, Provider: d.Provider}}
	c := &out.Document.Common
	c.Number, c.Type, c.Owner.PersonalNumber = d.Number, d.Type, d.PersonalNumber
	c.Owner.Given, c.Owner.Surname, c.Owner.Patronymic = d.Given, d.Surname, d.Patronymic
	c.Issuer.Code, c.Issuer.Russian, c.Issuer.English, c.Issuer.Kazakh = d.Issuer, d.Authority, d.Authority, d.Authority
	if out.PDF, err = picture(pictures, d.Files.PDF); err != nil {
		return out, err
	}
	out.Image, err = picture(pictures, d.Files.PNG)
	return out, err
}
