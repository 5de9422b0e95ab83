package specimen

import (
	"image"
	"image/color"
	"math/rand/v2"
)

// face draws a head with eyes, brows, nose, mouth and hair, 480 x 600. It is a
// drawing: detectors of faces need not find it.
func face(r *rand.Rand) image.Image {
	im := image.NewRGBA(image.Rect(0, 0, 480, 600))
	skin := tint(r, color.RGBA{225, 180, 150, 255}, 45)
	hair := tint(r, color.RGBA{70, 50, 40, 255}, 40)
	dark, light := color.RGBA{40, 35, 40, 255}, color.RGBA{245, 245, 245, 255}
	wide := 105 + 20*r.Float64()
	ellipse(im, 240, 300, 500, 500, color.RGBA{200, 210, 220, 255})
	ellipse(im, 240, 640, 190, 130, tint(r, color.RGBA{70, 80, 110, 255}, 40))
	ellipse(im, 240, 250, wide+22, 165, hair)
	ellipse(im, 240, 470, 45, 80, darker(skin))
	ellipse(im, 240, 290, wide, 145, skin)
	for _, side := range []float64{-1, 1} {
		x := 240 + side*wide*.42
		ellipse(im, x, 235, 28, 5, hair)
		ellipse(im, x, 262, 22, 11, light)
		ellipse(im, x, 262, 9, 9, dark)
	}
	ellipse(im, 240, 315, 13, 30, darker(skin))
	ellipse(im, 240, 372, 36+8*r.Float64(), 9, color.RGBA{170, 80, 80, 255})
	return im
}

//go:norace
func ellipse(im *image.RGBA, cx, cy, rx, ry float64, c color.RGBA) {
	for y := range im.Rect.Dy() {
		for x := range im.Rect.Dx() {
			u, v := (float64(x)-cx)/rx, (float64(y)-cy)/ry
			if u*u+v*v <= 1 {
				im.SetRGBA(x, y, c)
			}
		}
	}
}

func tint(r *rand.Rand, c color.RGBA, by int) color.RGBA {
	d := r.IntN(2*by+1) - by
	shift := func(v uint8) uint8 { return uint8(min(max(int(v)+d, 0), 255)) }
	return color.RGBA{shift(c.R), shift(c.G), shift(c.B), 255}
}

func darker(c color.RGBA) color.RGBA {
	return color.RGBA{uint8(int(c.R) * 9 / 10), uint8(int(c.G) * 9 / 10), uint8(int(c.B) * 9 / 10), 255}
}
