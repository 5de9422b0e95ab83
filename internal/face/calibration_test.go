package face_test

import (
	"math"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
	"pgregory.net/rapid"
)

func table() face.Calibration {
	return face.Calibration{Anchors: []face.Anchor{{Score: .248, FMR: 1e-2}, {Score: .34, FMR: 1e-3}, {Score: .42, FMR: 1e-4}, {Score: .49, FMR: 1e-5}, {Score: .56, FMR: 1e-6}}}
}

func TestThresholdAtAnchors(t *testing.T) {
	for fmr, want := range map[float64]float64{1e-2: .248, 1e-3: .34, 1e-4: .42, 1e-5: .49, 1e-6: .56} {
		got, err := table().Threshold(fmr)
		if err != nil || math.Abs(got-want) > 1e-12 {
			t.Errorf("Threshold(%g) = %v, %v; want %v", fmr, got, err, want)
		}
	}
}

func TestThresholdOutsideRange(t *testing.T) {
	for _, fmr := range []float64{0, 1e-7, 2e-2, 1, -1, math.NaN()} {
		_, err := table().Threshold(fmr)
		if idem.CodeOf(err) != "FMR_NOT_CALIBRATED" || idem.KindOf(err) != idem.Unprocessable {
			t.Errorf("Threshold(%g): %v", fmr, err)
		}
	}
}

func TestFMRContinuesAndStops(t *testing.T) {
	c := table()
	if c.FMR(-1) != 1 || c.FMR(.99) != 1e-6 {
		t.Fatalf("FMR(-1)=%g FMR(.99)=%g", c.FMR(-1), c.FMR(.99))
	}
	if (face.Calibration{}).FMR(.9) != 1 {
		t.Fatal("a model without calibration must not promise anything")
	}
}

func TestFMRAndThresholdAreInverse(t *testing.T) {
	c := table()
	rapid.Check(t, func(t *rapid.T) {
		score := rapid.Float64Range(.248, .56).Draw(t, "score")
		back, err := c.Threshold(c.FMR(score))
		if err != nil || math.Abs(back-score) > 1e-9 {
			t.Fatalf("%g -> %g -> %g, %v", score, c.FMR(score), back, err)
		}
		if c.FMR(score) > c.FMR(score-.01) {
			t.Fatal("FMR rises with the score")
		}
	})
}

func TestCalibrationValidate(t *testing.T) {
	if err := table().Validate(); err != nil {
		t.Fatal(err)
	}
	bad := []face.Calibration{{}, {Anchors: []face.Anchor{{Score: .5, FMR: .1}, {Score: .4, FMR: .01}}}, {Anchors: []face.Anchor{{Score: .3, FMR: .1}, {Score: .4, FMR: .2}}}, {Anchors: []face.Anchor{{Score: .3, FMR: 0}, {Score: .4, FMR: .2}}}}
	for i, c := range bad {
		if c.Validate() == nil {
			t.Errorf("calibration %d was accepted", i)
		}
	}
}
