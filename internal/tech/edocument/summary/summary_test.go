package summary_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"regexp"
	"strconv"
	"testing"

	"github.com/idem-id/idem/internal/tech/edocument/summary"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

func sheet(t *testing.T) *image.RGBA {
	t.Helper()
	img, err := summary.Sheet{
		Title: "Check", Note: "A record.", Rows: []summary.Row{{"Surname", "ERIKSSON"}, {"Имя", "АННА"}},
		Portrait: image.NewGray(image.Rect(0, 0, 90, 120)), Code: "0199-check",
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
	pdf, err := summary.PDF(sheet(t))
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
	img, err := jpeg.Decode(bytes.NewReader(pdf[bytes.Index(pdf, []byte("\xff\xd8\xff")):]))
	if err != nil || img.Bounds() != image.Rect(0, 0, 1240, 1754) {
		t.Errorf("page: %v", err)
	}
}
