package document

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"

	"github.com/idem-id/idem/internal/specimen"
	"github.com/idem-id/idem/internal/tech"
)

// BenchmarkRecognition reads photographs of passports and cards of level L2;
// an operation is one picture.
func BenchmarkRecognition(b *testing.B) {
	var photos []image.Image
	for i := range 3 {
		for _, k := range []specimen.Kind{specimen.TD3, specimen.TD1} {
			p, err := specimen.Take(fonts(b), specimen.Order{Kind: k, Level: "L2", Seed: 11, Index: i})
			if err != nil {
				b.Fatal(err)
			}
			img, err := jpeg.Decode(bytes.NewReader(p.JPEG))
			if err != nil {
				b.Fatal(err)
			}
			photos = append(photos, img)
		}
	}
	for name, o := range map[string]Options{"zone": {ZoneOnly: true}, "visual": {}} {
		d := recogniser(b, false, o)
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if _, err := d.Run(b.Context(), tech.Evidence{Pages: photos[i%len(photos):][:1], Now: today}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
