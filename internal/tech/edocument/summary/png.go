package summary

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

// PNG encodes a sheet: without the filters and at a third of the bytes of true
// colours, it takes a fifth of the time.
func PNG(img *image.Paletted) ([]byte, error) {
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := e.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("encode sheet: %w", err)
	}
	return b.Bytes(), nil
}

// The colours: greys for the texts, paper first so that an empty page is white,
// then red x green x blue for the portrait.
const greys, reds, greens, blues = 16, 6, 8, 5

var colours = palette()

func palette() (p color.Palette) {
	for i := range greys {
		p = append(p, color.Gray{Y: uint8(255 - i*255/(greys-1))})
	}
	for r := range reds {
		for g := range greens {
			for b := range blues {
				p = append(p, color.RGBA{uint8(r * 255 / (reds - 1)), uint8(g * 255 / (greens - 1)), uint8(b * 255 / (blues - 1)), 255})
			}
		}
	}
	return p
}

// bayer is the matrix of an ordered dither, which keeps steps of the few
// colours from showing.
var bayer = [4][4]int{{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}}

// black is the index of full ink.
const black = greys - 1

// ink puts a letter on a page: as dark as its mask is dense.
func ink(page *image.Paletted, area image.Rectangle, mask *image.Alpha, from image.Point) {
	shift := from.Sub(area.Min)
	area = area.Intersect(page.Rect)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			if a := mask.AlphaAt(x+shift.X, y+shift.Y).A; a > 0 {
				page.Pix[page.PixOffset(x, y)] = uint8((int(a)*black + 127) / 255)
			}
		}
	}
}

// paste puts a picture, its origin at 0,0, into a page and finds the index of
// each pixel by arithmetic: a search among 256 colours would take longer than
// all the rest.
func paste(page *image.Paletted, at image.Point, img *image.RGBA) {
	for y := range img.Rect.Dy() {
		row, to := img.Pix[y*img.Stride:], page.Pix[page.PixOffset(at.X, at.Y+y):]
		for x := range img.Rect.Dx() {
			to[x] = index(row[4*x], row[4*x+1], row[4*x+2], (2*bayer[y%4][x%4]+1)*255/32)
		}
	}
}

func index(r, g, b uint8, threshold int) uint8 {
	level := func(v uint8, n int) int { return (int(v)*(n-1) + threshold) / 255 }
	if r == g && g == b {
		return uint8(black - level(r, greys))
	}
	return uint8(greys + (level(r, reds)*greens+level(g, greens))*blues + level(b, blues))
}
