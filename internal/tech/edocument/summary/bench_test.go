package summary_test

import (
	"fmt"
	"image"
	"testing"

	"github.com/idem-id/idem/internal/tech/edocument/summary"
)

func BenchmarkSheet(b *testing.B) {
	img := image.NewYCbCr(image.Rect(0, 0, 480, 640), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = uint8(i*7/640 + i%13)
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = uint8(100+i%50), uint8(120+i/3000)
	}
	s := summary.Sheet{Title: "Electronic document: what was checked", Note: "A record of a check, not the document itself.", Portrait: img, Code: "01999999-9999-7999-8999-999999999999"}
	for i := range 14 {
		s.Rows = append(s.Rows, summary.Row{Label: fmt.Sprint("Label number ", i), Value: "SOME VALUE OF ABOUT THIRTY LETTERS"})
	}
	for b.Loop() {
		d, err := s.Image()
		if err != nil {
			b.Fatal(err)
		}
		p, err := summary.PNG(d)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := summary.PDF(p); err != nil {
			b.Fatal(err)
		}
	}
}
