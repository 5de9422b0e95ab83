package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// Recapture returns a second capture of the person in a portrait, as JPEG: the
// picture is turned by up to 6 degrees, scaled by 0.85..1.1, moved, lit
// differently, slightly blurred and compressed again. Equal seeds give equal
// bytes.
func Recapture(portrait image.Image, seed uint64) ([]byte, error) {
	r := rand.New(rand.NewPCG(seed, 0x1de3))
	turned := turn(portrait, between(r, -6, 6), between(r, 0.85, 1.1), between(r, -0.03, 0.03), between(r, -0.03, 0.03))
	relight(turned, between(r, 0.8, 1.15), between(r, -14, 14))
	return encode(blur(turned, between(r, 0.8, 1)), 78+r.IntN(15))
}

func between(r *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }

// turn rotates about the centre by degrees, scales and shifts by shares of the
// side; the border is grey.
func turn(src image.Image, degrees, scale, dx, dy float64) *image.RGBA {
	b := src.Bounds()
	dst := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(dst, dst.Bounds(), image.NewUniform(color.Gray{Y: 128}), image.Point{}, draw.Src)
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	sin, cos = sin*scale, cos*scale
	cx, cy := float64(b.Dx())/2, float64(b.Dy())/2
	draw.BiLinear.Transform(dst, f64.Aff3{
		cos, -sin, cx*(1+2*dx) - cos*(cx+float64(b.Min.X)) + sin*(cy+float64(b.Min.Y)),
		sin, cos, cy*(1+2*dy) - sin*(cx+float64(b.Min.X)) - cos*(cy+float64(b.Min.Y)),
	}, src, b, draw.Src, nil)
	return dst
}

// relight multiplies and shifts each channel value.
func relight(img *image.RGBA, gain, offset float64) {
	var table [256]uint8
	for i := range table {
		table[i] = uint8(min(255, max(0, float64(i)*gain+offset)))
	}
	for i := range img.Pix {
		if i%4 != 3 {
			img.Pix[i] = table[img.Pix[i]]
		}
	}
}

// blur shrinks by the factor and enlarges again.
func blur(img *image.RGBA, factor float64) *image.RGBA {
	b := img.Bounds()
	small := image.NewRGBA(image.Rect(0, 0, int(float64(b.Dx())*factor), int(float64(b.Dy())*factor)))
	draw.BiLinear.Scale(small, small.Bounds(), img, b, draw.Src, nil)
	draw.BiLinear.Scale(img, b, small, small.Bounds(), draw.Src, nil)
	return img
}

func encode(img image.Image, quality int) ([]byte, error) {
	var out bytes.Buffer
	err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality})
	return out.Bytes(), err
}
