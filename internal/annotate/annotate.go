// Package annotate draws what a check found onto its pictures, for people who
// look into a result: boxes of faces, corners of documents, lines of zones.
package annotate

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// Point is a position in pixels.
type Point struct{ X, Y float64 }

// Mark is one thing to draw: points joined by lines and closed, with a label
// above the first one. A mark of one point is a dot.
type Mark struct {
	Points []Point
	Label  string
	Color  color.RGBA
}

// The colours of marks.
var (
	Good = color.RGBA{0x12, 0xb8, 0x5a, 0xff}
	Bad  = color.RGBA{0xe0, 0x2d, 0x3c, 0xff}
	Note = color.RGBA{0x1f, 0x78, 0xe6, 0xff}
)

// Box is a mark around a rectangle.
func Box(x, y, width, height float64, label string, c color.RGBA) Mark {
	return Mark{[]Point{{x, y}, {x + width, y}, {x + width, y + height}, {x, y + height}}, label, c}
}

// Draw returns a copy of a picture with marks on it. Lines are as thick as the
// picture is large.
func Draw(img image.Image, marks []Mark) *image.RGBA {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Bounds(), img, b.Min, draw.Src)
	pen := max(1, max(b.Dx(), b.Dy())/500)
	for _, m := range marks {
		for i, p := range m.Points {
			line(out, p, m.Points[(i+1)%len(m.Points)], pen, m.Color)
		}
		if m.Label != "" && len(m.Points) > 0 {
			label(out, m.Points[0], m.Label, m.Color)
		}
	}
	return out
}

// line stamps a square pen along the way; both ends are brought near the
// picture first, for boxes may reach far over its border.
func line(dst *image.RGBA, from, to Point, pen int, c color.RGBA) {
	from, to = near(dst, from), near(dst, to)
	steps := max(1, int(math.Ceil(max(math.Abs(to.X-from.X), math.Abs(to.Y-from.Y)))))
	for i := range steps + 1 {
		t := float64(i) / float64(steps)
		x, y := int(from.X+(to.X-from.X)*t), int(from.Y+(to.Y-from.Y)*t)
		draw.Draw(dst, image.Rect(x-pen, y-pen, x+pen, y+pen), image.NewUniform(c), image.Point{}, draw.Src)
	}
}

func near(dst *image.RGBA, p Point) Point {
	w, h := float64(dst.Bounds().Dx()), float64(dst.Bounds().Dy())
	return Point{min(max(p.X, -w), 2*w), min(max(p.Y, -h), 2*h)}
}

// label writes on a ground of the mark's colour, inside the picture.
func label(dst *image.RGBA, at Point, text string, c color.RGBA) {
	face := basicfont.Face7x13
	w := font.MeasureString(face, text).Ceil() + 6
	p := near(dst, at)
	x := min(max(int(p.X), 0), max(0, dst.Bounds().Dx()-w))
	y := min(max(int(p.Y)-16, 0), max(0, dst.Bounds().Dy()-16))
	draw.Draw(dst, image.Rect(x, y, x+w, y+16), image.NewUniform(c), image.Point{}, draw.Src)
	d := font.Drawer{Dst: dst, Src: image.White, Face: face, Dot: fixed.P(x+3, y+12)}
	d.DrawString(text)
}
