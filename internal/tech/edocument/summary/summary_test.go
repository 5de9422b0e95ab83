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

func sheet(t *testing.T) *image.RGBA {
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
// against what was drawn: white and black are exact, colours are near.
func pageShows(t *testing.T, pdf []byte, want *image.RGBA) {
	t.Helper()
	m := regexp.MustCompile(`(?s)/Width (\d+) /Height (\d+) /ColorSpace \[/Indexed /DeviceRGB 255 <([0-9a-f]+)>\].*?/Length \d+ >>\nstream\n`).FindSubmatchIndex(pdf)
	if m == nil {
		t.Fatal("no picture of indexed colours")
	}
	colours, _ := hex.DecodeString(string(pdf[m[6]:m[7]]))
	packed, err := zlib.NewReader(bytes.NewReader(pdf[m[1]:]))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := io.ReadAll(packed)
	if err != nil || len(rows) != 1754*1241 {
		t.Fatalf("%d bytes of rows, %v", len(rows), err)
	}
	far := 0
	for y := range 1754 {
		row := rows[y*1241:]
		for x := range 1240 {
			c, at := 3*int(row[1+x]), want.RGBAAt(x, y)
			white := at == color.RGBA{255, 255, 255, 255}
			for i, v := range []uint8{at.R, at.G, at.B} {
				if off := math.Abs(float64(colours[c+i]) - float64(v)); white && off > 0 || off > 64 {
					far++
				}
			}
		}
		if row[0] != 0 {
			t.Fatalf("row %d is filtered", y)
		}
	}
	if far > 0 {
		t.Errorf("%d values are far from what was drawn", far)
	}
}
