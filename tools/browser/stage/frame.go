package main

import (
	"image"
	"image/color"

	"golang.org/x/image/draw"
)

// The size of the fake camera's picture. A document fills 1150 of its pixels,
// which is enough to read it.
const (
	frameWidth  = 1280
	frameHeight = 960
)

// blank returns a frame of one colour.
func blank(c color.Color) *image.RGBA {
	im := image.NewRGBA(image.Rect(0, 0, frameWidth, frameHeight))
	draw.Draw(im, im.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return im
}

// i420 returns the planes of a frame as cameras deliver them: luminance, then
// the two differences at half the size, in the limited range of BT.601.
func i420(im *image.RGBA) []byte {
	const n = frameWidth * frameHeight
	out := make([]byte, n*3/2)
	for y := range frameHeight {
		for x := range frameWidth {
			p := im.Pix[y*im.Stride+4*x:]
			r, g, b := int(p[0]), int(p[1]), int(p[2])
			out[y*frameWidth+x] = byte(16 + (66*r+129*g+25*b+128)>>8)
			if x%2 == 0 && y%2 == 0 {
				at := n + y/2*frameWidth/2 + x/2
				out[at] = byte(128 + (-38*r-74*g+112*b+128)>>8)
				out[at+n/4] = byte(128 + (112*r-94*g-18*b+128)>>8)
			}
		}
	}
	return out
}

// pixel returns the colour between pixels, the nearest one beyond the border.
func pixel(im *image.RGBA, x, y float64) color.RGBA {
	x, y = min(max(x, 0), float64(im.Rect.Dx()-2)), min(max(y, 0), float64(im.Rect.Dy()-2))
	x0, y0 := int(x), int(y)
	fx, fy := x-float64(x0), y-float64(y0)
	mix := func(c int) uint8 {
		at := func(x, y int) float64 { return float64(im.Pix[y*im.Stride+4*x+c]) }
		return uint8((at(x0, y0)*(1-fx)+at(x0+1, y0)*fx)*(1-fy) + (at(x0, y0+1)*(1-fx)+at(x0+1, y0+1)*fx)*fy)
	}
	return color.RGBA{mix(0), mix(1), mix(2), 255}
}
