package ort

import (
	"math"
	"testing"

	"github.com/idem-id/idem/internal/face"
	"pgregory.net/rapid"
)

func near(a, b face.Point, eps float64) bool { return a.Dist(b) < eps }

func TestFitFindsTheTransform(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		angle := rapid.Float64Range(-math.Pi, math.Pi).Draw(t, "angle")
		scale := rapid.Float64Range(0.05, 20).Draw(t, "scale")
		want := similarity{scale * math.Cos(angle), scale * math.Sin(angle), rapid.Float64Range(-500, 500).Draw(t, "tx"), rapid.Float64Range(-500, 500).Draw(t, "ty")}
		from := canonical(112)
		to := make([]face.Point, len(from))
		for i, p := range from {
			to[i] = want.apply(p)
		}
		got, ok := fit(from, to)
		if !ok {
			t.Fatal("no transform")
		}
		for i, p := range from {
			if !near(got.apply(p), to[i], 1e-6) || !near(got.inverse().apply(to[i]), p, 1e-6) {
				t.Fatalf("point %d: %v, want %v", i, got.apply(p), to[i])
			}
		}
		if math.Abs(got.scale()-scale) > 1e-9*scale+1e-9 {
			t.Fatalf("scale %v, want %v", got.scale(), scale)
		}
	})
}

func TestFitIsLeastSquares(t *testing.T) {
	from := []face.Point{{X: -1}, {X: 1}, {Y: -1}, {Y: 1}}
	to := []face.Point{{X: -2}, {X: 2}, {Y: -4}, {Y: 4}} // stretched: the best uniform scale is the mean
	s, ok := fit(from, to)
	if !ok || math.Abs(s.a-3) > 1e-12 || math.Abs(s.b) > 1e-12 {
		t.Errorf("%+v", s)
	}
	if _, ok := fit(make([]face.Point, 5), canonical(112)); ok {
		t.Error("five equal points have no transform")
	}
}

func TestContextBoxStaysInside(t *testing.T) {
	picture := face.Box{X1: 640, Y1: 480}
	rapid.Check(t, func(t *rapid.T) {
		x, y := rapid.Float64Range(-20, 600).Draw(t, "x"), rapid.Float64Range(-20, 440).Draw(t, "y")
		side := rapid.Float64Range(20, 400).Draw(t, "side")
		c := contextBox(face.Box{X0: x, Y0: y, X1: x + side, Y1: y + side}, 2.7, picture)
		if c.X0 < -1e-9 || c.Y0 < -1e-9 || c.X1 > 640+1e-9 || c.Y1 > 480+1e-9 {
			t.Fatalf("%+v leaves the picture", c)
		}
		if math.Abs(c.Width()-c.Height()) > 1e-9 || math.Abs(c.Width()-min(2.7*side, 480)) > 1e-9 {
			t.Fatalf("%+v has the wrong size", c)
		}
	})
}

func TestContextBoxIsCentredWhenThereIsRoom(t *testing.T) {
	c := contextBox(face.Box{X0: 300, Y0: 200, X1: 340, Y1: 260}, 2, face.Box{X1: 640, Y1: 480})
	if c != (face.Box{X0: 260, Y0: 170, X1: 380, Y1: 290}) {
		t.Errorf("%+v", c)
	}
}

func TestLetterboxRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.Float64Range(64, 3000).Draw(t, "w"), rapid.Float64Range(64, 3000).Draw(t, "h")
		for _, region := range []face.Box{{X1: w, Y1: h}, padded(face.Box{X1: w, Y1: h})} {
			l := fitInto(region, 320, 240)
			if l.x0 < 0 || l.y0 < 0 || l.x0+l.ww > 320 || l.y0+l.wh > 240 {
				t.Fatalf("window %+v", l)
			}
			a, b := l.back(float64(l.x0), float64(l.y0)), l.back(float64(l.x0+l.ww), float64(l.y0+l.wh))
			if !near(a, face.Point{X: region.X0, Y: region.Y0}, 1e-6) || !near(b, face.Point{X: region.X1, Y: region.Y1}, 1e-6) {
				t.Fatalf("corners %v %v of %v", a, b, region)
			}
		}
	})
}

func TestLandmarkYawHasTheSignOfPose(t *testing.T) {
	var l face.Landmarks
	for _, i := range []int{37, 38, 40, 41} {
		l[i] = face.Point{X: 10, Y: 10}
	}
	for _, i := range []int{43, 44, 46, 47} {
		l[i] = face.Point{X: 50, Y: 10}
	}
	for x, sign := range map[float64]float64{20: 1, 40: -1} {
		l[30] = face.Point{X: x, Y: 30}
		if got := landmarkYaw(&l); got*sign < 10 {
			t.Errorf("nose at %v: yaw %v", x, got)
		}
	}
	l[30] = face.Point{X: 30, Y: 30}
	if got := landmarkYaw(&l); math.Abs(got) > 1e-9 {
		t.Errorf("frontal face: yaw %v", got)
	}
}
