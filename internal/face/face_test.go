package face_test

import (
	"context"
	"errors"
	"image"
	"math"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
)

func TestBoxGeometry(t *testing.T) {
	a := face.Box{X0: 0, Y0: 0, X1: 10, Y1: 20}
	if got := a.Square(20); got != (face.Box{X0: -5, Y0: 0, X1: 15, Y1: 20}) {
		t.Errorf("Square = %v", got)
	}
	if got := a.IoU(face.Box{X0: 5, Y0: 0, X1: 15, Y1: 20}); math.Abs(got-1.0/3) > 1e-12 {
		t.Errorf("IoU = %v, want 1/3", got)
	}
	if a.IoU(face.Box{X0: 11, Y0: 0, X1: 12, Y1: 5}) != 0 {
		t.Error("boxes apart overlap")
	}
}

func TestLandmarkEyes(t *testing.T) {
	var l face.Landmarks
	for _, i := range []int{37, 38, 40, 41} {
		l[i] = face.Point{X: 10, Y: 10}
	}
	for _, i := range []int{43, 44, 46, 47} {
		l[i] = face.Point{X: 20, Y: 20}
	}
	if got := l.InterEye(); math.Abs(got-10*math.Sqrt2) > 1e-12 {
		t.Errorf("InterEye = %v", got)
	}
	if got := l.Roll(); math.Abs(got-45) > 1e-12 {
		t.Errorf("Roll = %v, want 45", got)
	}
}

func TestNoneIsUnavailable(t *testing.T) {
	_, err := face.None{Reason: "built without cgo"}.Analyse(context.Background(), image.NewGray(image.Rect(0, 0, 9, 9)), face.Everything)
	if !errors.Is(err, face.ErrUnavailable) || idem.KindOf(err) != idem.Unavailable {
		t.Fatalf("err = %v", err)
	}
}

func TestUsable(t *testing.T) {
	for code, want := range map[face.Code]bool{face.OK: true, face.Multiple: true, face.LowQuality: false, face.TooSmall: false, face.NotFound: false} {
		if (face.Analysis{Code: code}).Usable() != want {
			t.Errorf("Usable of %s is not %v", code, want)
		}
	}
}
