package document

import (
	"math"
	"slices"

	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/document/ocr"
)

// Quality tells how well a picture can be read.
type Quality struct {
	Width      float64 // of the document in pixels
	Blur       float64 // of its edges, as the sigma of a Gaussian in pixels; 0 without text
	Brightness float64 // mean luminance of the document, 0..255
	Glare      float64 // share of the document without any detail left, 0..1
	Cut        bool    // the document reaches over the border of the picture
}

// From where on a picture is doubted, and from where on an unread one is
// refused.
const (
	smallWidth   = 700
	refusedWidth = 400
	blurred      = 2.0
	refusedBlur  = 2.3
	glaring      = 0.04
	darkBelow    = 50
	brightAbove  = 235
)

func (q Quality) doubts() []tech.Reason {
	var out []tech.Reason
	for _, d := range []struct {
		holds bool
		why   tech.Reason
	}{
		{q.Width > 0 && q.Width < smallWidth, Small}, {q.Blur > blurred, Blurred}, {q.Glare > glaring, Glare},
		{q.Brightness < darkBelow, Dark}, {q.Brightness > brightAbove, Bright}, {q.Cut, Cut},
	} {
		if d.holds {
			out = append(out, d.why)
		}
	}
	return out
}

// refusal says why nothing could be read.
func (s *sheet) refusal() error {
	switch q := s.quality; {
	case len(s.boxes) < leastLines && s.quad == nil:
		return ErrNotFound
	case q.Blur > refusedBlur:
		return ErrBlurred
	case q.Width > 0 && q.Width < refusedWidth:
		return ErrTooSmall
	}
	return ErrNotFound
}

// leastLines is how many lines of text make something look like a document.
const leastLines = 3

// measure looks at the document's region, the whole picture when its edges do
// not show.
func (s *sheet) measure() Quality {
	region, q := s.region(), Quality{}
	q.Width = region.Width()
	if s.quad == nil && len(s.boxes) == 0 {
		q.Width = 0
	}
	q.Blur = s.blur()
	q.Cut = s.quad != nil && s.touchesBorder(*s.quad)
	q.Brightness, q.Glare = s.light(region)
	return q
}

// region is the document: its corners, or the rectangle around its text.
func (s *sheet) region() ocr.Quad {
	if s.quad != nil {
		return *s.quad
	}
	if len(s.boxes) == 0 {
		w, h := float64(s.img.W), float64(s.img.H)
		return ocr.Quad{{X: 0, Y: 0}, {X: w, Y: 0}, {X: w, Y: h}, {X: 0, Y: h}}
	}
	var points []ocr.Point
	for _, b := range s.boxes {
		points = append(points, b.Quad[:]...)
	}
	q := ocr.Rect(points, s.axis())
	return q.Grow(0.04*q.Width(), 0.06*q.Height())
}

// axis is the reading direction of the longest line.
func (s *sheet) axis() ocr.Point {
	if l := longest(s.boxes, 1); len(l) == 1 {
		return l[0].Axis()
	}
	return ocr.Point{X: 1}
}

func (s *sheet) touchesBorder(q ocr.Quad) bool {
	return slices.ContainsFunc(q[:], func(p ocr.Point) bool {
		return p.X < 3 || p.Y < 3 || p.X > float64(s.img.W)-3 || p.Y > float64(s.img.H)-3
	})
}

// lightSide is how finely light is looked at.
const lightSide = 128

// light returns the mean luminance of a region and the share of it that is
// burnt out.
func (s *sheet) light(region ocr.Quad) (mean, glare float64) {
	grey := s.img.Warp(region, lightSide, lightSide).Grey()
	for _, v := range grey {
		mean += float64(v)
		if v >= 252 {
			glare++
		}
	}
	n := float64(len(grey))
	return mean / n, glare / n
}

// blurLines is how many lines of text the sharpness is taken from.
const blurLines = 12

// blur estimates how far the edges of the letters are smeared: the median over
// their strong edges of height over steepness. Noise makes edges steeper, so it
// is rather too small.
func (s *sheet) blur() float64 {
	var widths []float64
	for _, q := range longest(s.boxes, blurLines) {
		w, h := int(q.Width()), int(q.Height())
		if w < 8 || h < 4 || w > 4*max(s.img.W, s.img.H) {
			continue
		}
		for _, y := range []int{h * 2 / 5, h / 2, h * 3 / 5} {
			at := func(x, y int) ocr.Point { return q.Map(float64(x), float64(y), float64(w), float64(h)) }
			strip := ocr.Quad{at(0, y), at(w, y), at(w, y+1), at(0, y+1)}
			widths = edgeWidths(widths, s.img.Warp(strip, w, 1).Grey())
		}
	}
	if len(widths) == 0 {
		return 0
	}
	slices.Sort(widths)
	return widths[len(widths)/2] / math.Sqrt(2*math.Pi)
}

// edgeWidths appends height over steepness of each edge that is at least half
// as high as the line's contrast.
func edgeWidths(widths []float64, line []uint8) []float64 {
	contrast := int(slices.Max(line)) - int(slices.Min(line))
	start, steepest := 0, 0
	for i := 1; i <= len(line); i++ {
		step := 0
		if i < len(line) {
			step = int(line[i]) - int(line[i-1])
		}
		if step != 0 && (steepest == 0 || step > 0 == (steepest > 0)) {
			if abs(step) > abs(steepest) {
				steepest = step
			}
			continue
		}
		if height := abs(int(line[i-1]) - int(line[start])); steepest != 0 && contrast > 20 && 2*height >= contrast {
			widths = append(widths, float64(height)/float64(abs(steepest)))
		}
		start, steepest = i-1, step
		if i == len(line) || step == 0 {
			start, steepest = min(i, len(line)-1), 0
		}
	}
	return widths
}

func abs(v int) int { return max(v, -v) }
