package recent_test

import (
	"context"
	"errors"
	"image"
	"image/color"
	"testing"
	"testing/synctest"
	"time"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/recent"
)

// counter is an engine that finds a face in everything and counts.
type counter struct {
	face.None
	n     int
	fault error
}

func (c *counter) Analyse(_ context.Context, _ image.Image, want face.Want) (face.Analysis, error) {
	c.n++
	a := face.Analysis{Faces: 1, Code: face.OK, Boxes: []face.Box{{X1: 1, Y1: 1}},
		Primary: &face.Face{DetectionScore: float64(c.n), Quality: face.Quality{Issues: []face.Issue{face.IssueSmall}}}}
	if want.Has(face.WantPAD) {
		a.Primary.PAD = &face.PAD{Live: 1}
	}
	return a, c.fault
}

func picture(v uint8) *image.Gray {
	p := image.NewGray(image.Rect(0, 0, 4, 4))
	p.SetGray(3, 3, color.Gray{Y: v})
	return p
}

func yCbCr(v uint8) *image.YCbCr {
	p := image.NewYCbCr(image.Rect(0, 0, 4, 4), image.YCbCrSubsampleRatio420)
	p.Cr[3] = v
	return p
}

func rgba(v uint8) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, 4, 4))
	p.Pix[60] = v
	return p
}

// Each analysis is new or known, in this order.
func TestKnownPictures(t *testing.T) {
	ann, bob := recent.Within(t.Context(), "ann"), recent.Within(t.Context(), "bob")
	c := &counter{}
	e := recent.New(c)
	for _, step := range []struct {
		what  string
		ctx   context.Context
		img   image.Image
		want  face.Want
		fresh bool
	}{
		{"first", ann, picture(1), face.WantTemplate, true},
		{"the same pixels", ann, picture(1), face.WantTemplate, false},
		{"one pixel differs", ann, picture(2), face.WantTemplate, true},
		{"another scope", bob, picture(1), face.WantTemplate, true},
		{"no scope", t.Context(), picture(1), face.WantTemplate, true},
		{"no scope again", t.Context(), picture(1), face.WantTemplate, true},
		{"more is wanted", ann, picture(1), face.Everything, true},
		{"less is wanted", ann, picture(1), face.WantTemplate, false},
		{"all of it is", ann, picture(1), face.Everything, false},
		{"no template", ann, picture(1), face.WantPose, true},
		{"no template again", ann, picture(1), face.WantPose, true},
		{"colours", ann, yCbCr(1), face.WantTemplate, true},
		{"the same colours", ann, yCbCr(1), face.WantTemplate, false},
		{"one colour differs", ann, yCbCr(2), face.WantTemplate, true},
		{"true colours", ann, rgba(1), face.WantTemplate, true},
		{"the same true colours", ann, rgba(1), face.WantTemplate, false},
		{"a true colour differs", ann, rgba(2), face.WantTemplate, true},
		{"the same pixels in another shape", ann, &image.Gray{Pix: picture(1).Pix, Stride: 2, Rect: image.Rect(0, 0, 2, 8)}, face.WantTemplate, true},
		{"what no decoder gives", ann, image.NewCMYK(image.Rect(0, 0, 4, 4)), face.WantTemplate, true},
		{"what no decoder gives again", ann, image.NewCMYK(image.Rect(0, 0, 4, 4)), face.WantTemplate, true},
	} {
		before := c.n
		a, err := e.Analyse(step.ctx, step.img, step.want)
		if err != nil || a.Primary == nil || (c.n > before) != step.fresh {
			t.Errorf("%s: fresh %t, %v", step.what, c.n > before, err)
		}
		if step.want.Has(face.WantPAD) && a.Primary.PAD == nil {
			t.Errorf("%s: a part is missing", step.what)
		}
	}
}

func TestForgetting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{}
		e, ctx := recent.New(c), recent.Within(t.Context(), "ann")
		for i, wait := range []time.Duration{0, 2 * time.Minute, 2 * time.Minute} {
			time.Sleep(wait)
			if _, err := e.Analyse(ctx, picture(1), face.WantTemplate); err != nil {
				t.Fatal(err)
			}
			if want := []int{1, 1, 2}[i]; c.n != want {
				t.Errorf("%d analyses, want %d", c.n, want)
			}
		}
		time.Sleep(time.Hour)
	})
}

func TestFaultsAreNotRemembered(t *testing.T) {
	c := &counter{fault: errors.New("broken")}
	e, ctx := recent.New(c), recent.Within(t.Context(), "ann")
	for range 2 {
		if _, err := e.Analyse(ctx, picture(1), face.WantTemplate); !errors.Is(err, c.fault) {
			t.Fatal(err)
		}
	}
	if c.n != 2 {
		t.Errorf("%d analyses", c.n)
	}
}

// A caller may change what it was answered.
func TestAnswersAreTheCallersOwn(t *testing.T) {
	e, ctx := recent.New(&counter{}), recent.Within(t.Context(), "ann")
	for range 3 {
		a, err := e.Analyse(ctx, picture(1), face.WantTemplate)
		if err != nil || a.Primary.DetectionScore != 1 || a.Boxes[0].X1 != 1 || a.Primary.Quality.Issues[0] != face.IssueSmall {
			t.Fatalf("%+v, %v", a, err)
		}
		a.Primary.DetectionScore, a.Boxes[0].X1, a.Primary.Quality.Issues[0] = 0, 7, face.IssueCut
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := e.Analyse(ended, picture(1), face.WantTemplate); !errors.Is(err, context.Canceled) {
		t.Errorf("known to one who is gone: %v", err)
	}
}

func BenchmarkPrint(b *testing.B) {
	p := image.NewYCbCr(image.Rect(0, 0, 1920, 1080), image.YCbCrSubsampleRatio420)
	e, ctx := recent.New(&counter{}), recent.Within(b.Context(), "ann")
	for b.Loop() {
		if _, err := e.Analyse(ctx, p, face.WantTemplate); err != nil {
			b.Fatal(err)
		}
	}
}
