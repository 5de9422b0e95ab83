package facetest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"testing"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/match"
)

func analyse(t *testing.T, img image.Image) face.Analysis {
	t.Helper()
	back, err := jpeg.Decode(bytes.NewReader(facetest.JPEG(img)))
	if err != nil {
		t.Fatal(err)
	}
	a, err := facetest.Fake{}.Analyse(context.Background(), back, face.Everything)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func dot(a, b []float32) (s float64) {
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

func TestIdentitiesThroughJPEG(t *testing.T) {
	var first, second [][]float32
	var firstT, secondT []match.Template
	for i := range 20 {
		id := fmt.Sprint("person-", i)
		a, b := analyse(t, facetest.Picture(id, 0)).Primary, analyse(t, facetest.Picture(id, 7)).Primary
		first, second = append(first, a.Vector), append(second, b.Vector)
		firstT, secondT = append(firstT, *a.Template), append(secondT, *b.Template)
	}
	for i := range first {
		for j := range second {
			s := dot(first[i], second[j])
			if i == j && s <= 0.8 || i != j && s >= 0.3 {
				t.Errorf("score of %d and %d is %.3f", i, j, s)
			}
			small, err := match.Score(firstT[i], secondT[j])
			if err != nil || small-s > 0.01 || s-small > 0.01 {
				t.Errorf("8-bit score of %d and %d is %.3f, not %.3f (%v)", i, j, small, s, err)
			}
		}
	}
}

func TestKinds(t *testing.T) {
	for _, c := range []struct {
		img  image.Image
		code face.Code
	}{
		{facetest.Picture("a", 1), face.OK}, {facetest.Group("a"), face.Multiple}, {facetest.Blurred("a"), face.LowQuality},
		{facetest.Tiny("a"), face.TooSmall}, {facetest.Plain(), face.NotFound}, {facetest.Attack("a"), face.OK},
	} {
		if a := analyse(t, c.img); a.Code != c.code {
			t.Errorf("code %s, want %s", a.Code, c.code)
		}
	}
	live, spoof := analyse(t, facetest.Picture("a", 1)).Primary.PAD, analyse(t, facetest.Attack("a")).Primary.PAD
	limit := facetest.Calibration().Live
	if live.Live < limit || spoof.Live >= limit {
		t.Errorf("PAD live %v attack %v", live, spoof)
	}
}

func TestUnavailable(t *testing.T) {
	_, err := facetest.Fake{Err: errors.New("switched off")}.Analyse(context.Background(), facetest.Plain(), face.DetectOnly)
	if !errors.Is(err, face.ErrUnavailable) {
		t.Fatal(err)
	}
}
