package summary

import (
	"fmt"
	"image"
	"image/draw"
	"sync"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Sheet is what is drawn. Texts are in any script that the Go fonts have:
// Latin, Greek and Cyrillic of the Slavic languages.
type Sheet struct {
	Title    string
	Note     string
	Rows     []Row
	Portrait image.Image // nil leaves its place empty
	Code     string      // content of the QR code
}

// Row is a line of the table.
type Row struct{ Label, Value string }

// The layout, A4 at 150 dots an inch.
const (
	width, height  = 1240, 1754
	margin         = 100
	valueAt        = 420
	lineHeight     = 44
	codeSize       = 260
	portraitHeight = 340
)

var face = sync.OnceValues(func() (font.Face, error) {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, err
	}
	return opentype.NewFace(f, &opentype.FaceOptions{Size: 13, DPI: 150})
})

// writing guards the font: its glyph cache is not for concurrent use.
var writing sync.Mutex

// Image draws the sheet in 256 colours.
func (s Sheet) Image() (*image.Paletted, error) {
	letters, err := face()
	if err != nil {
		return nil, fmt.Errorf("load font: %w", err)
	}
	page := image.NewPaletted(image.Rect(0, 0, width, height), colours)
	if err := drawCode(page, image.Pt(width-margin-codeSize, height-margin-codeSize), s.Code); err != nil {
		return nil, err
	}
	y := margin + s.drawPortrait(page)
	writing.Lock()
	defer writing.Unlock()
	write(page, letters, margin, margin+lineHeight, s.Title)
	for _, r := range s.Rows {
		y += lineHeight
		write(page, letters, margin, y, r.Label)
		write(page, letters, valueAt, y, r.Value)
	}
	write(page, letters, margin, height-margin, s.Note)
	return page, nil
}

// write writes a text from x on, its base at y. It does what font.Drawer does,
// which cannot find colours in a palette at the speed of the letters.
func write(page *image.Paletted, letters font.Face, x, y int, text string) {
	dot, before := fixed.P(x, y), rune(-1)
	for _, letter := range text {
		if before >= 0 {
			dot.X += letters.Kern(before, letter)
		}
		area, mask, from, advance, _ := letters.Glyph(dot, letter) // a box where the font has none
		if shape, ok := mask.(*image.Alpha); ok {
			ink(page, area, shape, from)
		}
		dot.X += advance
		before = letter
	}
}

// drawPortrait returns the height that the head of the sheet takes.
func (s Sheet) drawPortrait(page *image.Paletted) int {
	if s.Portrait == nil || s.Portrait.Bounds().Empty() {
		return 2 * lineHeight
	}
	size := s.Portrait.Bounds().Size()
	whole := image.NewRGBA(image.Rectangle{Max: size}) // from which scaling is fast
	draw.Draw(whole, whole.Rect, s.Portrait, s.Portrait.Bounds().Min, draw.Src)
	small := image.NewRGBA(image.Rect(0, 0, min(size.X*portraitHeight/size.Y, portraitHeight), portraitHeight))
	xdraw.ApproxBiLinear.Scale(small, small.Rect, whole, whole.Rect, draw.Src, nil)
	paste(page, image.Pt(width-margin-small.Rect.Dx(), margin), small)
	return portraitHeight
}

func drawCode(page *image.Paletted, at image.Point, content string) error {
	code, err := qrcode.NewQRCodeWriter().EncodeWithoutHint(content, gozxing.BarcodeFormat_QR_CODE, codeSize, codeSize)
	if err != nil {
		return fmt.Errorf("draw QR code: %w", err)
	}
	for y := range codeSize {
		for x := range codeSize {
			if code.Get(x, y) {
				page.SetColorIndex(at.X+x, at.Y+y, black)
			}
		}
	}
	return nil
}
