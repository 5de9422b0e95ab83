package document

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/barcode"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/mrz"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/document/ocr"
	"github.com/idem-id/idem/internal/tech/document/tesseract"
)

// maxPages is how many pictures of one document are taken.
const maxPages = 4

// Options of New.
type Options struct {
	// Specimen admits documents of the fictional state UTO, whose personal
	// numbers are made like Kazakhstan's.
	Specimen bool
	// ZoneOnly leaves the visual zone, the portrait and codes out.
	ZoneOnly bool
	// Codes reads two-dimensional codes; nil looks for none.
	Codes *barcode.Reader
	// Cyrillic reads Kazakh and Russian; nil leaves such lines unread.
	Cyrillic *tesseract.Reader
}

// Technology implements tech.Technology. It is safe for concurrent use.
type Technology struct {
	text    *ocr.Engine
	faces   face.Engine
	options Options
}

// New returns the technology.
func New(text *ocr.Engine, faces face.Engine, o Options) *Technology {
	return &Technology{text, faces, o}
}

// Code returns DR.
func (t *Technology) Code() idem.TechCode { return idem.TechDocumentRecognition }

// Ready returns nil, or why text cannot be read. Without the face engine
// documents are read without their portraits.
func (t *Technology) Ready() error { return t.text.Ready() }

// Run reads the pages of one document. The details are a *Result; the face is
// the portrait. It refuses with EVIDENCE_MISSING without pages, and with
// DOCUMENT_NOT_FOUND, DOCUMENT_TOO_SMALL or IMAGE_TOO_BLURRED when nothing on
// any of them can be read.
func (t *Technology) Run(ctx context.Context, in tech.Evidence) (tech.Outcome, error) {
	if err := t.Ready(); err != nil {
		return tech.Outcome{}, err
	}
	if len(in.Pages) == 0 {
		return tech.Outcome{}, tech.ErrEvidenceMissing.At("pages")
	}
	if len(in.Pages) > maxPages {
		return tech.Outcome{}, ErrTooMany
	}
	if in.Now.IsZero() {
		in.Now = time.Now()
	}
	var sheets []*sheet
	for i, img := range in.Pages {
		s := &sheet{engine: t.text, img: ocr.NewRaster(img), page: i}
		if err := t.readPage(ctx, s, in.Now); err != nil {
			return tech.Outcome{}, fmt.Errorf("read page %d: %w", i+1, err)
		}
		sheets = append(sheets, s)
	}
	r, err := t.assemble(sheets, in.Now)
	if err != nil {
		return tech.Outcome{}, err
	}
	if err := t.findPortrait(ctx, sheets, r); err != nil {
		return tech.Outcome{}, err
	}
	return t.judge(r, in), nil
}

// readPage finds zone, corners, codes and text of one picture. A page whose zone
// holds is not searched for codes: what they say is in the zone.
func (t *Technology) readPage(ctx context.Context, s *sheet, now time.Time) error {
	z, err := s.findZone(ctx, mrz.Options{Now: now, Specimen: t.options.Specimen})
	if err != nil {
		return err
	}
	s.zone = z
	s.quad = s.corners()
	s.quality = s.measure()
	if t.options.ZoneOnly {
		return nil
	}
	if t.options.Codes != nil && !z.convincing() {
		if err := s.readCodes(ctx, t.options.Codes); err != nil {
			return err
		}
	}
	if err := s.readText(ctx); err != nil {
		return err
	}
	return s.readNative(ctx, t.options.Cyrillic)
}

// assemble merges the pages. The zone of the page where most check digits hold
// is the document's.
func (t *Technology) assemble(sheets []*sheet, now time.Time) (*Result, error) {
	r := &Result{Kind: Unknown}
	var best *sheet
	for _, s := range sheets {
		r.Pages = append(r.Pages, Page{Quality: s.quality, Quad: s.quad, Lines: s.text})
		if s.zone != nil && (best == nil || s.zone.better(best.zone)) {
			best = s
		}
	}
	var readings []named
	if best != nil {
		r.mixed = slices.ContainsFunc(sheets, func(s *sheet) bool { return s.zone.convincing() && s.zone.Number != best.zone.Number })
		r.takeZone(best)
		readings = zoneReadings(best)
	}
	l, page := licence(sheets)
	r.takeLicence(l)
	readings = append(readings, licenceReadings(l, page)...)
	stated := claimsOf(r)
	for _, s := range sheets {
		r.Codes = append(r.Codes, s.codes...)
		readings = append(readings, s.visualReadings(stated)...)
	}
	if len(readings) == 0 {
		return nil, sheets[0].refusal()
	}
	r.Fields = merged(readings)
	r.expire(now)
	return r, nil
}

// takeZone makes the sheet's zone the document's.
func (r *Result) takeZone(s *sheet) {
	r.Zone = &Zone{Zone: s.zone.Zone, Page: s.page, Rows: s.zone.rows, Corrections: s.zone.Corrections}
	r.Country = s.zone.Issuer
	r.Kind = map[mrz.Format]Kind{mrz.TD1: Card, mrz.TD2: Card, mrz.TD3: Passport, mrz.MRVA: Visa, mrz.MRVB: Visa}[s.zone.Format]
}

func (r *Result) expire(now time.Time) {
	if f, ok := r.Field(ExpiryDate); ok && r.Expiry.UnmarshalText([]byte(f.Value)) == nil {
		r.Expired = idem.DateOf(now).After(r.Expiry)
	}
}
