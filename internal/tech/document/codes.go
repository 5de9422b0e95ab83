package document

import (
	"context"
	"math"
	"time"

	"github.com/idem-id/idem/internal/barcode"
	"github.com/idem-id/idem/internal/tech/document/ocr"
)

// Code is a two-dimensional code on a page.
type Code struct {
	barcode.Kind
	Text string
	Page int
	Quad ocr.Quad
}

// The bounds of the search for codes on one page.
const (
	codeTime   = 4 * time.Second
	locateSide = 800  // longer side of the picture in which PDF417 is located
	qrSide     = 2000 // longer side of the picture in which QR codes are read
	maxStrip   = 4000 // pixels across a code that is read
)

// readCodes looks for codes. A fault of the reader, which meets strangers'
// pixels, is a page without codes.
func (s *sheet) readCodes(ctx context.Context, r *barcode.Reader) error {
	bounded, cancel := context.WithTimeout(ctx, codeTime)
	defer cancel()
	s.codes = s.readQR(bounded, r)
	if q, ok := s.locateBars(); ok && barcode.Offers(barcode.PDF417) {
		s.codes = append(s.codes, s.readBars(bounded, r, q)...)
	}
	return ctx.Err()
}

// readQR reads QR codes, which may lie anyhow.
func (s *sheet) readQR(ctx context.Context, r *barcode.Reader) (codes []Code) {
	whole := s.img.Whole()
	scale := min(1, qrSide/max(whole.Width(), whole.Height()))
	w, h := max(1, int(whole.Width()*scale)), max(1, int(whole.Height()*scale))
	found, _ := r.Read(ctx, s.img.Scale(w, h).Luminance(), barcode.QR)
	for _, f := range found {
		c := Code{Kind: f.Kind, Text: f.Text, Page: s.page}
		for i, p := range f.Corners {
			c.Quad[i] = whole.Map(float64(p.X), float64(p.Y), float64(w), float64(h))
		}
		codes = append(codes, c)
	}
	return codes
}

// readBars reads the PDF417 code in a region, at the camera's resolution and
// then at twice that, where narrow bars survive the reader's threshold.
func (s *sheet) readBars(ctx context.Context, r *barcode.Reader, q ocr.Quad) (codes []Code) {
	for _, scale := range []float64{1, 2} {
		w, h := int(scale*q.Width()), int(scale*q.Height())
		if w < 2 || h < 2 || w > maxStrip || h > maxStrip {
			continue
		}
		found, _ := r.Read(ctx, s.img.Warp(q, w, h).Luminance(), barcode.PDF417)
		for _, f := range found {
			codes = append(codes, Code{f.Kind, f.Text, s.page, q})
		}
		if len(codes) > 0 {
			break
		}
	}
	return codes
}

// What makes a cell of the picture a piece of a bar code.
const (
	barCell      = 16   // pixels of a cell's side
	barEnergy    = 500  // mean square of the luminance's slope, grey levels over two pixels
	barCoherence = 0.45 // of the slope's direction, 0..1
	leastBars    = 24   // cells of a code
	barFill      = 0.5  // of its rectangle
)

// locateBars finds the largest region whose edges stand side by side, as those
// of PDF417 do, and returns it level with them; false when there is none.
func (s *sheet) locateBars() (ocr.Quad, bool) {
	page := s.upright()
	scale := min(1, locateSide/max(page.Width(), page.Height()))
	w, h := int(page.Width()*scale), int(page.Height()*scale)
	columns, rows := w/barCell, h/barCell
	if columns == 0 || rows == 0 {
		return ocr.Quad{}, false
	}
	grey := s.img.Warp(page, w, h).Grey()
	slopes, set := make([]slope, columns*rows), make([]bool, columns*rows)
	for i := range slopes {
		slopes[i] = slopeOf(grey, w, h, i%columns*barCell, i/columns*barCell)
		set[i] = slopes[i].bars()
	}
	blob := largestBlob(set, columns, rows)
	if len(blob) < leastBars {
		return ocr.Quad{}, false
	}
	var sum slope
	var corners []ocr.Point
	for _, i := range blob {
		sum = slope{sum.xx + slopes[i].xx, sum.yy + slopes[i].yy, sum.xy + slopes[i].xy}
		x, y := float64(i%columns*barCell), float64(i/columns*barCell)
		corners = append(corners, ocr.Point{X: x, Y: y}, ocr.Point{X: x + barCell, Y: y}, ocr.Point{X: x + barCell, Y: y + barCell}, ocr.Point{X: x, Y: y + barCell})
	}
	q := ocr.Rect(corners, sum.direction())
	if float64(len(blob)*barCell*barCell) < barFill*q.Width()*q.Height() {
		return ocr.Quad{}, false
	}
	q = q.Grow(2*barCell, barCell)
	for i, p := range q {
		q[i] = page.Map(p.X, p.Y, float64(w), float64(h))
	}
	return q, true
}

// slope is the structure tensor of a cell: means of the products of the
// luminance's slopes.
type slope struct{ xx, yy, xy float64 }

// slopeOf measures the cell at (x0, y0) of a w x h picture.
func slopeOf(grey []uint8, w, h, x0, y0 int) (s slope) {
	for y := max(y0, 1); y < min(y0+barCell, h-1); y++ {
		for x := max(x0, 1); x < min(x0+barCell, w-1); x++ {
			i := y*w + x
			dx, dy := float64(grey[i+1])-float64(grey[i-1]), float64(grey[i+w])-float64(grey[i-w])
			s.xx, s.yy, s.xy = s.xx+dx*dx, s.yy+dy*dy, s.xy+dx*dy
		}
	}
	const n = barCell * barCell
	return slope{s.xx / n, s.yy / n, s.xy / n}
}

// bars reports whether the slopes are steep and most point one way.
func (s slope) bars() bool {
	energy := s.xx + s.yy
	return energy >= barEnergy && math.Hypot(s.xx-s.yy, 2*s.xy) >= barCoherence*energy
}

// direction is the unit vector across the bars, to the right or downwards.
func (s slope) direction() ocr.Point {
	sin, cos := math.Sincos(math.Atan2(2*s.xy, s.xx-s.yy) / 2)
	return ocr.Point{X: cos, Y: sin}
}

// licence returns the first licence in the codes of the pages and its page; nil
// when there is none.
func licence(sheets []*sheet) (*barcode.Licence, int) {
	for _, s := range sheets {
		for _, c := range s.codes {
			if l, err := barcode.ParseAAMVA(c.Text); err == nil && c.Kind == barcode.PDF417 {
				return l, s.page
			}
		}
	}
	return nil, 0
}

// corrected is the confidence in what a code says, which corrects its own
// errors.
const corrected = 0.99

// licenceReadings are the fields of a licence that its code states.
func licenceReadings(l *barcode.Licence, page int) (out []named) {
	if l == nil {
		return nil
	}
	for _, f := range []named{
		{Name: DocumentType, Reading: Reading{Value: l.Document}}, {Name: Issuer, Reading: Reading{Value: l.Country}},
		{Name: DocumentNumber, Reading: Reading{Value: l.Number}}, {Name: Surname, Reading: Reading{Value: l.Surname}},
		{Name: GivenNames, Reading: Reading{Value: l.Given}}, {Name: BirthDate, Reading: Reading{Value: l.Birth.String()}},
		{Name: Sex, Reading: Reading{Value: string(l.Sex)}}, {Name: ExpiryDate, Reading: Reading{Value: l.Expiry.String()}},
	} {
		if f.Value != "" {
			f.Source, f.Page, f.Confidence = FromBarcode, page, corrected
			out = append(out, f)
		}
	}
	return out
}

// takeLicence makes a licence the document when no zone says what it is.
func (r *Result) takeLicence(l *barcode.Licence) {
	if r.Licence = l; l == nil || r.Zone != nil {
		return
	}
	r.Kind, r.Country = DrivingLicence, l.Country
	if l.Document == "ID" {
		r.Kind = Card
	}
}
