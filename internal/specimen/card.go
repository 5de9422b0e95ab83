package specimen

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"

	xdraw "golang.org/x/image/draw"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/mrz"
)

// Kind is a side of a document.
type Kind string

// The kinds. Passports and larger cards have one side, cards have two.
const (
	TD3      Kind = "TD3"
	TD2      Kind = "TD2"
	TD1      Kind = "TD1" // the back, with the machine readable zone
	TD1Front Kind = "TD1-front"
	// Cards whose labels are Kazakh and Russian and whose names are Cyrillic. They
	// are as synthetic as the others: Utopia issues them.
	Bilingual      Kind = "TD1-kk"
	BilingualFront Kind = "TD1-kk-front"
)

// Kinds lists the kinds that have a machine readable zone and Latin letters
// alone: what a batch has unless it names others.
var Kinds = []Kind{TD3, TD1, TD2}

// front is the other side of a card.
func (k Kind) front() (Kind, bool) {
	f, ok := map[Kind]Kind{TD1: TD1Front, Bilingual: BilingualFront}[k]
	return f, ok
}

// back is the side with the zone.
func (k Kind) back() Kind {
	for _, b := range []Kind{TD1, Bilingual} {
		if f, _ := b.front(); f == k {
			return b
		}
	}
	return k
}

// Card is a drawn side at 400 dots per inch.
type Card struct {
	Image    *image.RGBA
	Lines    []string        // of the machine readable zone, none on a front
	Portrait image.Rectangle // where the face is
}

// dots turns millimetres into dots.
func dots(mm float64) float64 { return mm * 400 / 25.4 }

func box(x, y, w, h float64) image.Rectangle {
	r := image.Rect(0, 0, int(dots(w)+.5), int(dots(h)+.5))
	return r.Add(image.Pt(int(dots(x)+.5), int(dots(y)+.5)))
}

// plan says what stands where on a kind, in millimetres. Baselines are given
// from the top, those of the machine readable zone from the bottom.
type plan struct {
	width, height float64
	format        mrz.Format
	title         string
	portrait      image.Rectangle
	text          [2]float64 // first label
	step          float64    // between labels
	size          float64    // of the values
	zoneX         float64
	zone          []float64
}

var plans = map[Kind]plan{
	TD3: {125, 88, mrz.TD3, "UTOPIA  PASSPORT  SPECIMEN", box(6, 14, 32, 40), [2]float64{44, 13}, 7.6, 2.9, 6.5, []float64{14.2, 7.9}},
	TD2: {105, 74, mrz.TD2, "UTOPIA  RESIDENCE CARD  SPECIMEN", box(6, 11, 25, 32), [2]float64{36, 11}, 6.3, 2.6, 6.5, []float64{14.2, 7.9}},
	TD1: {85.6, 53.98, mrz.TD1, "UTOPIA IDENTITY CARD - SPECIMEN", box(64, 6.5, 16, 20), [2]float64{4, 9}, 4.9, 2.2, 4.6, []float64{17.6, 11.25, 4.9}},

	TD1Front: {85.6, 53.98, 0, "UTOPIA IDENTITY CARD - SPECIMEN", box(4, 10, 26, 34), [2]float64{34, 10}, 6, 2.4, 0, nil},

	Bilingual:      {85.6, 53.98, mrz.TD1, "ҮЛГІ - ОБРАЗЕЦ - UTOPIA SPECIMEN", box(64, 6.5, 16, 20), [2]float64{4, 9}, 5.5, 2.4, 4.6, []float64{17.6, 11.25, 4.9}},
	BilingualFront: {85.6, 53.98, 0, "УТОПИЯ  ЖЕКЕ КУӘЛІК - ҮЛГІ / ОБРАЗЕЦ", box(4, 10, 26, 34), [2]float64{34, 11}, 8, 2.6, 0, nil},
}

// LicenceBack draws the back of a card whose holder a PDF417 code names, 75 mm
// across. The code is the caller's.
func LicenceBack(code image.Image, r *rand.Rand) *image.RGBA {
	back := paper(plans[TD1], r)
	b := code.Bounds()
	at := box(5.3, 12, 75, 75*float64(b.Dy())/float64(b.Dx()))
	xdraw.CatmullRom.Scale(back, at, code, b, draw.Over, nil)
	return back
}

var (
	ink   = color.RGBA{20, 20, 25, 255}
	label = color.RGBA{90, 90, 120, 255}
	title = color.RGBA{60, 40, 90, 255}
)

// Draw draws a side of a person's document. A nil portrait is replaced by a
// drawn one.
func Draw(f *Fonts, k Kind, p Person, portrait image.Image, r *rand.Rand) (Card, error) {
	plan, ok := plans[k]
	if !ok || (k.back() == Bilingual) != (p.Native != nil) {
		return Card{}, idem.Errorf(idem.Invalid, "SPECIMEN_KIND", "there is no specimen of kind %q for this holder", string(k))
	}
	c := Card{Image: paper(plan, r), Portrait: plan.portrait}
	if portrait == nil {
		portrait = face(r)
	}
	xdraw.CatmullRom.Scale(c.Image, c.Portrait, portrait, middle(portrait.Bounds(), c.Portrait.Dx(), c.Portrait.Dy()), draw.Src, nil)
	if err := c.print(f, plan, p); err != nil {
		return Card{}, err
	}
	return c, c.zone(f, plan, p)
}

// middle returns the largest part of b with the shape w x h, in its middle.
func middle(b image.Rectangle, w, h int) image.Rectangle {
	width, height := b.Dx(), b.Dx()*h/w
	if height > b.Dy() {
		width, height = b.Dy()*w/h, b.Dy()
	}
	at := b.Min.Add(image.Pt((b.Dx()-width)/2, (b.Dy()-height)/2))
	return image.Rectangle{at, at.Add(image.Pt(width, height))}
}

// paper fills a card with a tint and the waves that security printing has.
//
//go:norace
func paper(p plan, r *rand.Rand) *image.RGBA {
	im := image.NewRGBA(box(0, 0, p.width, p.height))
	base := [3]float64{215 + 25*r.Float64(), 225 + 20*r.Float64(), 220 + 25*r.Float64()}
	k := .01 + .02*r.Float64()
	for y := range im.Rect.Dy() {
		u, v := 8*math.Sin(float64(y)*k*.7), float64(y)*k*1.3
		row := im.Pix[y*im.Stride:]
		for x := range im.Rect.Dx() {
			wave := math.Sin(float64(x)*k+u) + math.Sin(v+6*math.Sin(float64(x)*k*.5))
			for i, depth := range [3]float64{5, 7, 4} {
				row[4*x+i] = level8(base[i] + depth*wave)
			}
			row[4*x+3] = 255
		}
	}
	return im
}

// level8 rounds to a sample of eight bits.
func level8(v float64) uint8 { return uint8(min(max(v+.5, 0), 255)) }

func day(d idem.Date) string { return fmt.Sprintf("%02d.%02d.%04d", d.Day, d.Month, d.Year) }

// entries are the labels and values of the visual zone.
func (p Person) entries() [][2]string {
	return [][2]string{
		{"Surname", p.Surname}, {"Given names", p.Given}, {"Document No.", p.Number}, {"Personal No.", p.PersonalNumber},
		{"Date of birth / Sex", day(p.Birth) + "  " + string(p.Sex)}, {"Date of expiry", day(p.Expiry)},
	}
}

func (c *Card) print(f *Fonts, p plan, who Person) error {
	heading, err1 := newSetter(c.Image, f.Bold, dots(p.size+.4), title)
	names, err2 := newSetter(c.Image, f.Plain, dots(1.6), label)
	values, err3 := newSetter(c.Image, f.Bold, dots(p.size), ink)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return fmt.Errorf("set a specimen: %w", err)
		}
	}
	heading.set(p.title, dots(4), dots(3+p.size))
	entries := who.entries()
	switch {
	case who.Native != nil && p.format == mrz.TD1:
		entries = who.nativeBack()
	case who.Native != nil:
		entries = who.nativeFront()
	case p.format == mrz.TD1:
		entries = entries[:4] // the zone leaves no more room
	}
	for i, e := range entries {
		y := p.text[1] + float64(i)*p.step
		names.set(e[0], dots(p.text[0]), dots(y))
		values.set(e[1], dots(p.text[0]), dots(y+p.size+.1))
	}
	return nil
}

// zone sets the machine readable zone: OCR-B, ten characters to the inch.
func (c *Card) zone(f *Fonts, p plan, who Person) error {
	if p.format == 0 {
		return nil
	}
	var err error
	if c.Lines, err = who.Zone(p.format); err != nil {
		return err
	}
	size, err := monospaced(f, dots(2.54))
	if err != nil {
		return err
	}
	s, err := newSetter(c.Image, f.OCRB, size, ink)
	if err != nil {
		return fmt.Errorf("set a machine readable zone: %w", err)
	}
	if p.format != mrz.TD1 {
		strip := image.Rect(0, c.Image.Rect.Dy()-int(dots(23.2)), c.Image.Rect.Dx(), c.Image.Rect.Dy())
		draw.Draw(c.Image, strip, image.NewUniform(color.RGBA{245, 245, 240, 255}), image.Point{}, draw.Src)
	}
	for i, line := range c.Lines {
		s.pitch(line, dots(p.zoneX), dots(p.height-p.zone[i]), dots(2.54))
	}
	return nil
}

// monospaced returns the size at which OCR-B is as wide as the step.
func monospaced(f *Fonts, step float64) (float64, error) {
	const trial = 100
	s, err := newSetter(nil, f.OCRB, trial, ink)
	if err != nil {
		return 0, fmt.Errorf("measure OCR-B: %w", err)
	}
	advance, ok := s.face.GlyphAdvance('0')
	if !ok || advance <= 0 {
		return 0, errFonts
	}
	return trial * step * 64 / float64(advance), nil
}
