package specimen

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"github.com/idem-id/idem"
)

// The square-ended face: the outlines of the rounded one use an operator that
// the sfnt package does not know, and its 8 and < would stay blank.
const ocrb = "opentype/ocr-b/OCRBS.otf"

// zoneAlphabet is what OCR-B must have.
const zoneAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"

// Fonts are what documents are set in: OCR-B for the machine readable zone and
// a plain face for everything else.
type Fonts struct{ OCRB, Plain, Bold *opentype.Font }

// FontFolder is where Debian keeps the fonts of its packages fonts-ocr-b and
// fonts-dejavu-core.
const FontFolder = "/usr/share/fonts"

// LoadFonts reads the fonts below a folder laid out as Debian's. Missing ones
// are refused with SPECIMEN_FONTS_MISSING.
func LoadFonts(folder string) (*Fonts, error) {
	var f Fonts
	for _, file := range []struct {
		name string
		to   **opentype.Font
	}{
		{ocrb, &f.OCRB},
		{"truetype/dejavu/DejaVuSans.ttf", &f.Plain},
		{"truetype/dejavu/DejaVuSans-Bold.ttf", &f.Bold},
	} {
		data, err := os.ReadFile(filepath.Join(folder, file.name))
		if err == nil {
			*file.to, err = opentype.Parse(data)
		}
		if err != nil {
			return nil, errFonts.Because(err)
		}
	}
	return &f, draws(f.OCRB, zoneAlphabet)
}

var errFonts = idem.Errorf(idem.Unavailable, "SPECIMEN_FONTS_MISSING", "specimens need the fonts of the packages fonts-ocr-b and fonts-dejavu-core")

// draws checks that a font has every character: a drawer leaves out the others
// in silence.
func draws(f *opentype.Font, characters string) error {
	var b sfnt.Buffer
	for _, c := range characters {
		i, err := f.GlyphIndex(&b, c)
		if err == nil {
			_, err = f.LoadGlyph(&b, i, fixed.I(100), nil)
		}
		if err != nil || i == 0 {
			return errFonts.Because(fmt.Errorf("no outline of %q: %v", c, err))
		}
	}
	return nil
}

// setter sets text on a card.
type setter struct {
	face  font.Face
	image *image.RGBA
	ink   color.Color
}

// newSetter returns a setter for letters whose em is size pixels high.
func newSetter(dst *image.RGBA, f *opentype.Font, size float64, ink color.Color) (*setter, error) {
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	return &setter{face, dst, ink}, err
}

// set writes text on the baseline y, from x on.
func (s *setter) set(text string, x, y float64) {
	d := font.Drawer{Dst: s.image, Src: image.NewUniform(s.ink), Face: s.face, Dot: fixed.Point26_6{X: fixed.Int26_6(x * 64), Y: fixed.Int26_6(y * 64)}}
	d.DrawString(text)
}

// pitch writes text with each character at a multiple of the step.
func (s *setter) pitch(text string, x, y, step float64) {
	for i := range len(text) {
		s.set(text[i:i+1], x+float64(i)*step, y)
	}
}
