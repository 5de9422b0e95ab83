package ort

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/idem-id/idem/internal/face"
)

// slope is brightest to the right and reddest to the bottom.
func slope(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(y * 255 / h), uint8(x * 255 / w), 128, 255})
		}
	}
	return img
}

func asYCC(src image.Image, ratio image.YCbCrSubsampleRatio) *image.YCbCr {
	img := image.NewYCbCr(src.Bounds(), ratio)
	b := src.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			c := color.YCbCrModel.Convert(src.At(x, y)).(color.YCbCr)
			img.Y[img.YOffset(x, y)] = c.Y
			img.Cb[img.COffset(x, y)], img.Cr[img.COffset(x, y)] = c.Cb, c.Cr
		}
	}
	return img
}

func plain(data []float32, w, h int) tensor {
	return tensor{data: data, w: w, h: h, ww: w, wh: h, order: [3]int{0, 1, 2}, gain: [3]float32{1, 1, 1}}
}

// TestCropOfEveryKind compares samples of a slope with its formula, at scales
// that use the picture itself and its halvings.
func TestCropOfEveryKind(t *testing.T) {
	src := slope(400, 300)
	for name, img := range map[string]image.Image{
		"rgba": src, "444": asYCC(src, image.YCbCrSubsampleRatio444), "422": asYCC(src, image.YCbCrSubsampleRatio422),
		"420": asYCC(src, image.YCbCrSubsampleRatio420), "440": asYCC(src, image.YCbCrSubsampleRatio440),
	} {
		for _, side := range []int{23, 40, 100, 350} {
			var m scratch
			box := face.Box{X0: 50.5, Y0: 20.25, X1: 290.5, Y1: 260.25}
			data := make([]float32, 3*side*side)
			newSource(img, &arena{}).crop(box, repeat, plain(data, side, side), &m)
			for _, at := range [][2]int{{0, 0}, {side - 1, 3}, {side / 2, side - 1}} {
				x := box.X0 + (float64(at[0])+0.5)*240/float64(side) - 0.5
				y := box.Y0 + (float64(at[1])+0.5)*240/float64(side) - 0.5
				i := at[1]*side + at[0]
				got := [3]float64{float64(data[i]), float64(data[side*side+i]), float64(data[2*side*side+i])}
				want := [3]float64{y * 255 / 300, x * 255 / 400, 128}
				for c := range got {
					if math.Abs(got[c]-want[c]) > 4 {
						t.Errorf("%s at %d, %v: %v, want %v", name, side, at, got, want)
					}
				}
			}
		}
	}
}

func TestCropOutsideIsBlackOrRepeated(t *testing.T) {
	for _, img := range []image.Image{image.NewUniform(color.White), nil} {
		white := image.NewGray(image.Rect(0, 0, 20, 20))
		for i := range white.Pix {
			white.Pix[i] = 255
		}
		var pic image.Image = white
		if img != nil {
			pic = asYCC(white, image.YCbCrSubsampleRatio420)
		}
		for e, want := range map[edge]float32{blank: 0, repeat: 255} {
			data := make([]float32, 3*40*40)
			newSource(pic, &arena{}).crop(face.Box{X0: -10, Y0: -10, X1: 30, Y1: 30}, e, plain(data, 40, 40), &scratch{})
			for c := range 3 {
				if got := data[c*1600]; math.Abs(float64(got-want)) > 1 {
					t.Errorf("%T corner %v, want %v", pic, got, want)
				}
				if got := data[c*1600+20*40+20]; math.Abs(float64(got-255)) > 1 {
					t.Errorf("%T middle %v", pic, got)
				}
			}
		}
	}
}

func TestCropIntoWindowAndOrder(t *testing.T) {
	data := make([]float32, 3*4*6)
	red := image.NewRGBA(image.Rect(0, 0, 8, 8))
	for i := 0; i < len(red.Pix); i += 4 {
		red.Pix[i], red.Pix[i+3] = 200, 255
	}
	tn := tensor{data: data, w: 6, h: 4, x0: 2, y0: 1, ww: 3, wh: 2, order: [3]int{2, 1, 0}, mean: [3]float32{100, 100, 100}, gain: [3]float32{0.5, 0.5, 0.5}}
	newSource(red, &arena{}).crop(face.Box{X1: 8, Y1: 8}, repeat, tn, &scratch{})
	for y := range 4 {
		for x := range 6 {
			in := x >= 2 && x < 5 && y >= 1 && y < 3
			want := [3]float32{}
			if in {
				want = [3]float32{-50, -50, 50}
			}
			for c := range 3 {
				if got := data[c*24+y*6+x]; got != want[c] {
					t.Fatalf("channel %d at %d,%d: %v, want %v", c, x, y, got, want[c])
				}
			}
		}
	}
}

// TestWarpFollowsTheTransform turns the slope by 30 degrees at three scales.
func TestWarpFollowsTheTransform(t *testing.T) {
	src := slope(400, 300)
	for _, scale := range []float64{0.5, 1, 3} {
		angle := math.Pi / 6
		back := similarity{scale * math.Cos(angle), scale * math.Sin(angle), 180, 100}
		for _, img := range []image.Image{src, asYCC(src, image.YCbCrSubsampleRatio420)} {
			data, lum := make([]float32, 3*40*40), make([]int32, 1600)
			newSource(img, &arena{}).warp(back, plain(data, 40, 40), lum, &scratch{})
			for _, at := range [][2]int{{0, 0}, {30, 10}, {5, 30}} {
				p := back.apply(face.Point{X: float64(at[0]), Y: float64(at[1])})
				i := at[1]*40 + at[0]
				if r, g := float64(data[i]), float64(data[1600+i]); math.Abs(r-p.Y*255/300) > 5 || math.Abs(g-p.X*255/400) > 5 {
					t.Errorf("%T scale %v at %v: %v %v, want %v %v", img, scale, at, r, g, p.Y*255/300, p.X*255/400)
				}
				want := 0.299*p.Y*255/300 + 0.587*p.X*255/400 + 0.114*128
				if got := float64(lum[i]) / 256; math.Abs(got-want) > 5 {
					t.Errorf("luminance %v, want %v", got, want)
				}
			}
		}
	}
}

func TestGreyCropIsLuminance(t *testing.T) {
	src := slope(128, 128)
	a, b := make([]float32, 256), make([]float32, 256)
	newSource(src, &arena{}).greyCrop(face.Box{X1: 128, Y1: 128}, 16, 16, 1, a, &scratch{})
	newSource(asYCC(src, image.YCbCrSubsampleRatio420), &arena{}).greyCrop(face.Box{X1: 128, Y1: 128}, 16, 16, 1, b, &scratch{})
	for i := range a {
		if math.Abs(float64(a[i]-b[i])) > 2 {
			t.Fatalf("RGB %v, YCbCr %v", a[i], b[i])
		}
	}
}

func TestSharpness(t *testing.T) {
	flat, checks := make([]int32, 112*112), make([]int32, 112*112)
	for i := range checks {
		checks[i] = int32((i+i/112)%2) << 8 // one grey level apart: Laplacian +-4
	}
	if got := sharpness(flat, 112); got != 0 {
		t.Errorf("flat: %v", got)
	}
	if got := sharpness(checks, 112); math.Abs(got-16) > 0.1 {
		t.Errorf("checks: %v, want 16", got)
	}
}

func TestSourceOfASubimage(t *testing.T) {
	full := image.NewGray(image.Rect(0, 0, 20, 20))
	full.SetGray(12, 13, color.Gray{Y: 200})
	s := newSource(full.SubImage(image.Rect(12, 13, 18, 19)), &arena{})
	if s.w != 6 || s.h != 6 || s.planes[0].levels[0].pix[0] != 200 {
		t.Errorf("%d x %d starts with %d", s.w, s.h, s.planes[0].levels[0].pix[0])
	}
}

func TestArenaKeepsWhatIsInUse(t *testing.T) {
	var a arena
	first := a.take(10)
	for i := range first {
		first[i] = 7
	}
	second := a.take(1000)
	clear(second)
	for _, v := range first {
		if v != 7 {
			t.Fatal("a growing arena overwrote a buffer in use")
		}
	}
}
