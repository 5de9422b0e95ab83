package ort

import (
	"testing"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/models"
)

func at(x, y, side, score float64) found {
	return found{face.Box{X0: x, Y0: y, X1: x + side, Y1: y + side}, score}
}

func TestSuppressKeepsTheBest(t *testing.T) {
	kept := suppress([]found{at(0, 0, 100, .7), at(5, 5, 100, .9), at(200, 0, 50, .8), at(3, 0, 100, .6)}, 0.4)
	if len(kept) != 2 || kept[0].score != .9 || kept[1].score != .8 {
		t.Errorf("%+v", kept)
	}
}

func TestRankedPrefersLargeAndCentral(t *testing.T) {
	picture := face.Box{X1: 400, Y1: 400}
	for name, c := range map[string]struct {
		all  []found
		want int
	}{
		"larger":         {[]found{at(150, 150, 60, .9), at(140, 140, 120, .7)}, 1},
		"more central":   {[]found{at(0, 0, 100, .9), at(150, 150, 90, .7)}, 1},
		"larger outside": {[]found{at(170, 170, 40, .9), at(60, 60, 260, .7)}, 1},
	} {
		if got := ranked(c.all, picture); got[0] != c.all[c.want] || len(got) != 2 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestRivalsLeaveOutTheBackground(t *testing.T) {
	got := rivals([]found{at(0, 0, 100, .9), at(200, 0, 60, .9), at(300, 0, 40, .9)})
	if len(got) != 1 || got[0] != at(200, 0, 60, .9) {
		t.Errorf("%+v", got)
	}
}

func TestFacesReadsCornersOfTheCanvas(t *testing.T) {
	// A square picture fills the middle 240 of 320 columns.
	l := fitInto(face.Box{X1: 480, Y1: 480}, 320, 240)
	scores := []float32{.9, .1, .1, .9}
	corners := []float32{0, 0, 1, 1, 0.25, 0.25, 0.5, 0.75}
	got := l.faces(scores, corners, models.Default().Detector)
	if len(got) != 1 || got[0].box != (face.Box{X0: 80, Y0: 120, X1: 240, Y1: 360}) {
		t.Errorf("%+v", got)
	}
}
