package document

import (
	"testing"

	"github.com/idem-id/idem/internal/specimen"
	"github.com/idem-id/idem/internal/tech/document/ocr"
)

// TestCornersOfAPhotograph compares the corners with where the camera put the
// card.
func TestCornersOfAPhotograph(t *testing.T) {
	t.Parallel()
	c := card(t, specimen.TD3, person(), nil)
	for _, level := range []string{"L1", "L2", "L3"} {
		r := random()
		shot, _ := specimen.Level(level, r)
		img, truth := specimen.Photograph(c.Image, shot, r)
		s := &sheet{img: ocr.NewRaster(img)}
		q := s.corners()
		if q == nil {
			t.Errorf("%s: no corners", level)
			continue
		}
		for _, want := range truth {
			p, nearest := ocr.Point{X: want[0], Y: want[1]}, 1e9
			for _, c := range q {
				nearest = min(nearest, c.Sub(p).Len())
			}
			if nearest > 0.03*q.Width() {
				t.Errorf("%s: a corner is %.0f pixels off", level, nearest)
			}
		}
	}
}

func TestNoCornersOnAnEmptyTable(t *testing.T) {
	s := &sheet{img: &ocr.Raster{W: 400, H: 300, Pix: make([]uint8, 3*400*300)}}
	if q := s.corners(); q != nil {
		t.Errorf("%v", q)
	}
}
