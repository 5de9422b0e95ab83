package summary_test

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"regexp"
	"strconv"
	"testing"

	"github.com/idem-id/idem/internal/tech/edocument/summary"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// colourful is a portrait of many colours.
func colourful() image.Image {
	img := image.NewRGBA(image.Rect(0, 0, 90, 120))
	for y := range 120 {
		for x := range 90 {
			img.Set(x, y, color.RGBA{uint8(2 * x), uint8(2 * y), uint8(x * y), 255})
		}
	}
	return img
}

func sheet(t *testing.T) *image.Paletted {
	t.Helper()
	img, err := summary.Sheet{
		Title: "Check", Note: "A record.", Rows: []summary.Row{{"Surname", "ERIKSSON"}, {"Имя", "АННА"}},
		Portrait: colourful(), Code: "0199-check",
	}.Image()
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestCodeOfTheSheetCanBeRead(t *testing.T) {
	bitmap, err := gozxing.NewBinaryBitmapFromImage(sheet(t))
	if err != nil {
		t.Fatal(err)
	}
	code, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil || code.GetText() != "0199-check" {
		t.Errorf("%v, %v", code, err)
	}
}

func TestPDFIsWellFormed(t *testing.T) {
	drawn := sheet(t)
	encoded, err := summary.PNG(drawn)
	if err != nil {
		t.Fatal(err)
	}
	pdf, err := summary.PDF(encoded)
	if err != nil {
		t.Fatal(err)
	}
	start := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(pdf)
	if start == nil {
		t.Fatal("no cross-reference")
	}
	at, _ := strconv.Atoi(string(start[1]))
	for i, entry := range regexp.MustCompile(`(\d{10}) 00000 n \n`).FindAllSubmatch(pdf[at:], -1) {
		offset, _ := strconv.Atoi(string(entry[1]))
		if want := fmt.Sprintf("%d 0 obj\n", i+1); !bytes.HasPrefix(pdf[offset:], []byte(want)) {
			t.Errorf("object %d is not at %d", i+1, offset)
		}
	}
	pageShows(t, pdf, drawn)
	if _, err := summary.PDF(encoded[:40]); err == nil {
		t.Error("the head of a picture became a document")
	}
}

// pageShows unpacks the page's picture as a reader of PDF does and holds it
// against what was drawn.
func pageShows(t *testing.T, pdf []byte, want *image.Paletted) {
	t.Helper()
	m := regexp.MustCompile(`(?s)/Width (\d+) /Height (\d+) /ColorSpace \[/Indexed /DeviceRGB 255 <([0-9a-f]+)>\].*?/Length \d+ >>\nstream\n`).FindSubmatchIndex(pdf)
	if m == nil {
		t.Fatal("no picture of indexed colours")
	}
	colours, _ := hex.DecodeString(string(pdf[m[6]:m[7]]))
	for i, c := range want.Palette {
		if r, g, b, _ := c.RGBA(); !bytes.Equal(colours[3*i:3*i+3], []byte{byte(r >> 8), byte(g >> 8), byte(b >> 8)}) {
			t.Fatalf("colour %d is %x", i, colours[3*i:3*i+3])
		}
	}
	packed, err := zlib.NewReader(bytes.NewReader(pdf[m[1]:]))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := io.ReadAll(packed)
	if err != nil || len(rows) != 1754*1241 {
		t.Fatalf("%d bytes of rows, %v", len(rows), err)
	}
	for y := range 1754 {
		row := rows[y*1241 : (y+1)*1241]
		if row[0] != 0 || !bytes.Equal(row[1:], want.Pix[y*want.Stride:y*want.Stride+1240]) {
			t.Fatalf("row %d is filtered or differs", y)
		}
	}
}

// The portrait is 255 x 340 pixels below the upper right margins. An ordered
// dither keeps the mean of a block.
func TestPortraitKeepsItsColours(t *testing.T) {
	page, portrait := sheet(t), colourful()
	const left, top, block = 1240 - 100 - 255, 100, 17
	for by := range 340 / block {
		for bx := range 255 / block {
			var sum, want [3]float64
			for i := range block * block {
				x, y := bx*block+i%block, by*block+i/block
				c := color.RGBAModel.Convert(page.At(left+x, top+y)).(color.RGBA)
				w := color.RGBAModel.Convert(portrait.At(x*90/255, y*120/340)).(color.RGBA)
				for j, v := range [3]uint8{c.R, c.G, c.B} {
					sum[j] += float64(v) / (block * block)
					want[j] += float64([3]uint8{w.R, w.G, w.B}[j]) / (block * block)
				}
			}
			for j := range sum {
				if math.Abs(sum[j]-want[j]) > 24 {
					t.Errorf("block %d,%d has the mean %v, not %v", bx, by, sum, want)
					break
				}
			}
		}
	}
}

// Texts stand where they belong: ink in the rows of labels and values, none in
// the margins, and white paper is exactly white.
func TestSheetIsInkOnPaper(t *testing.T) {
	page := sheet(t)
	ink := func(area image.Rectangle) (n int) {
		for y := area.Min.Y; y < area.Max.Y; y++ {
			for x := area.Min.X; x < area.Max.X; x++ {
				if page.At(x, y) != (color.Gray{Y: 255}) {
					n++
				}
			}
		}
		return n
	}
	for name, area := range map[string]image.Rectangle{
		"title": image.Rect(100, 100, 420, 155), "label": image.Rect(100, 440, 400, 495), "value": image.Rect(420, 440, 800, 495),
		"note": image.Rect(100, 1620, 400, 1665), "code": image.Rect(880, 1394, 1140, 1654),
	} {
		if ink(area) < 200 {
			t.Errorf("%s: no ink", name)
		}
	}
	if n := ink(image.Rect(0, 0, 100, 1754)) + ink(image.Rect(1140, 0, 1240, 1754)) + ink(image.Rect(100, 600, 880, 1600)); n != 0 {
		t.Errorf("%d pixels of ink beside the texts", n)
	}
}
