package summary

import (
	"fmt"
	"image"
	"image/color"
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

// drawing guards the font: its glyph cache is not for concurrent use.
var drawing sync.Mutex

// Image draws the sheet.
func (s Sheet) Image() (*image.RGBA, error) {
	letters, err := face()
	if err != nil {
		return nil, fmt.Errorf("load font: %w", err)
	}
	code, err := qr(s.Code)
	if err != nil {
		return nil, err
	}
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(img, code.Bounds().Add(image.Pt(width-margin-codeSize, height-margin-codeSize)), code, image.Point{}, draw.Src)
	y := margin + s.drawPortrait(img)
	drawing.Lock()
	defer drawing.Unlock()
	pen := font.Drawer{Dst: img, Src: image.NewUniform(color.Black), Face: letters}
	write := func(x, y int, text string) {
		pen.Dot = fixed.P(x, y)
		pen.DrawString(text)
	}
	write(margin, margin+lineHeight, s.Title)
	for _, r := range s.Rows {
		y += lineHeight
		write(margin, y, r.Label)
		write(valueAt, y, r.Value)
	}
	write(margin, height-margin, s.Note)
	return img, nil
}

// drawPortrait returns the height that the head of the sheet takes.
func (s Sheet) drawPortrait(img *image.RGBA) int {
	if s.Portrait == nil || s.Portrait.Bounds().Empty() {
		return 2 * lineHeight
	}
	size := s.Portrait.Bounds().Size()
	w := min(size.X*portraitHeight/size.Y, portraitHeight)
	at := image.Rect(width-margin-w, margin, width-margin, margin+portraitHeight)
	xdraw.ApproxBiLinear.Scale(img, at, s.Portrait, s.Portrait.Bounds(), draw.Src, nil)
	return portraitHeight
}

func qr(content string) (image.Image, error) {
	code, err := qrcode.NewQRCodeWriter().EncodeWithoutHint(content, gozxing.BarcodeFormat_QR_CODE, codeSize, codeSize)
	if err != nil {
		return nil, fmt.Errorf("draw QR code: %w", err)
	}
	return code, nil
}
