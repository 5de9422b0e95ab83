package annotate_test

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/idem-id/idem/internal/annotate"
)

func TestDraw(t *testing.T) {
	img := image.NewGray(image.Rect(10, 20, 110, 80))
	out := annotate.Draw(img, []annotate.Mark{
		annotate.Box(20, 30, 40, 20, "", annotate.Good),
		{Points: []annotate.Point{{X: 90, Y: 50}}, Color: annotate.Bad},
		annotate.Box(math.Inf(-1), -1e300, 1e301, 1e301, "a label that is wider than the picture", annotate.Note),
	})
	if out.Bounds() != image.Rect(0, 0, 100, 60) {
		t.Fatalf("bounds %v", out.Bounds())
	}
	for at, want := range map[image.Point]color.RGBA{{20, 30}: annotate.Good, {60, 40}: annotate.Good, {40, 50}: annotate.Good, {90, 50}: annotate.Bad, {40, 40}: {A: 255}} {
		if got := out.RGBAAt(at.X, at.Y); got != want {
			t.Errorf("at %v: %v, want %v", at, got, want)
		}
	}
	if got := out.RGBAAt(1, 1); got != annotate.Note {
		t.Errorf("the label's ground is %v", got)
	}
	if img.GrayAt(30, 50).Y != 0 {
		t.Error("the picture itself was drawn on")
	}
}
