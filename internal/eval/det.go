package eval

import (
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"slices"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// Curve is a detection error trade-off (Martin et al. 1997): pairs of error
// rates over falling thresholds.
type Curve struct {
	X, Y   string // names of the two rates
	Points []Trade
}

// Trade is one point of a Curve, both 0..1.
type Trade struct{ X, Y float64 }

// detCurve walks all thresholds where one of the rates changes; sorted scores.
// A rate of 0 says only that there were too few trials, and is left out.
func detCurve(x, y string, genuine, impostor []float64) Curve {
	c := Curve{X: x, Y: y}
	last := Trade{-1, -1}
	add := func(t float64) {
		p := Trade{float64(atLeast(impostor, t)) / float64(len(impostor)), 1 - float64(atLeast(genuine, t))/float64(len(genuine))}
		if p != last && p.X > 0 && p.Y > 0 {
			c.Points = append(c.Points, p)
			last = p
		}
	}
	for _, t := range thresholds(genuine, impostor) {
		add(t)
	}
	return c
}

// Size of the plot and of its margins in pixels.
const (
	plotSide   = 560
	marginLeft = 80
	marginTop  = 30
	marginEnd  = 70
	plotWidth  = marginLeft + plotSide + 30
	plotHeight = marginTop + plotSide + marginEnd
)

// ticks of both axes.
func ticks() []float64 {
	return []float64{1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.2, 0.4}
}

func tickName(p float64) string { return fmt.Sprintf("%g %%", p*100) }

// The axes reach from lowest to highest.
const (
	lowest  = 5e-6
	highest = 0.5
)

// deviate is the normal quantile, which makes the curve of two normal
// distributions a straight line.
func deviate(p float64) float64 {
	return math.Sqrt2 * math.Erfinv(2*min(max(p, lowest), highest)-1)
}

func along(p float64) float64 {
	return (deviate(p) - deviate(lowest)) / (deviate(highest) - deviate(lowest))
}

// place returns a point in pixels.
func place(t Trade) (x, y float64) {
	return marginLeft + plotSide*along(t.X), marginTop + plotSide*(1-along(t.Y))
}

// line returns the curve in pixels, thinned to what can be seen.
func (c Curve) line() [][2]float64 {
	var line [][2]float64
	for i, p := range c.Points {
		x, y := place(p)
		if n := len(line); n > 0 && i+1 < len(c.Points) && math.Hypot(x-line[n-1][0], y-line[n-1][1]) < 0.5 {
			continue
		}
		line = append(line, [2]float64{x, y})
	}
	return line
}

// SVG writes the plot as a vector drawing.
func (c Curve) SVG(w io.Writer) error {
	p := printer{w: w}
	p.line(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`, plotWidth, plotHeight)
	p.line(`<rect width="100%%" height="100%%" fill="white"/>`)
	for _, t := range ticks() {
		x, y := place(Trade{t, t})
		p.line(`<path d="M%.1f %dv%dM%d %.1fh%d" stroke="#ddd"/>`, x, marginTop, plotSide, marginLeft, y, plotSide)
		p.line(`<text x="%.1f" y="%d" text-anchor="middle">%s</text>`, x, marginTop+plotSide+18, tickName(t))
		p.line(`<text x="%d" y="%.1f" text-anchor="end">%s</text>`, marginLeft-8, y+4, tickName(t))
	}
	p.line(`<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#333"/>`, marginLeft, marginTop, plotSide, plotSide)
	p.line(`<text x="%d" y="%d" text-anchor="middle">%s</text>`, marginLeft+plotSide/2, plotHeight-20, c.X)
	p.line(`<text x="%d" y="20">%s</text>`, marginLeft, c.Y)
	path := ""
	for i, q := range c.line() {
		op := "L"
		if i == 0 {
			op = "M"
		}
		path += fmt.Sprintf("%s%.1f %.1f", op, q[0], q[1])
	}
	p.line(`<path d="%s" fill="none" stroke="#1558b0" stroke-width="2"/>`, path)
	p.line(`</svg>`)
	return p.err
}

// PNG writes the plot as pixels.
func (c Curve) PNG(w io.Writer) error {
	img := image.NewRGBA(image.Rect(0, 0, plotWidth, plotHeight))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	for _, t := range ticks() {
		x, y := place(Trade{t, t})
		pale := color.RGBA{221, 221, 221, 255}
		stroke(img, [][2]float64{{x, marginTop}, {x, marginTop + plotSide}}, 1, pale)
		stroke(img, [][2]float64{{marginLeft, y}, {marginLeft + plotSide, y}}, 1, pale)
		name := tickName(t)
		label(img, int(x)-7*len(name)/2, marginTop+plotSide+18, name)
		label(img, marginLeft-8-7*len(name), int(y)+4, name)
	}
	const right, bottom = marginLeft + plotSide, marginTop + plotSide
	frame := [][2]float64{{marginLeft, marginTop}, {right, marginTop}, {right, bottom}, {marginLeft, bottom}, {marginLeft, marginTop}}
	stroke(img, frame, 1, color.RGBA{51, 51, 51, 255})
	label(img, marginLeft+plotSide/2-7*len(c.X)/2, plotHeight-20, c.X)
	label(img, marginLeft, 20, c.Y)
	stroke(img, c.line(), 2, color.RGBA{21, 88, 176, 255})
	return png.Encode(w, img)
}

func label(img draw.Image, x, y int, text string) {
	d := font.Drawer{Dst: img, Src: image.Black, Face: basicfont.Face7x13, Dot: fixed.P(x, y)}
	d.DrawString(text)
}

// stroke draws a line of a width, each segment as a quadrangle.
func stroke(img draw.Image, line [][2]float64, width float64, c color.Color) {
	b := img.Bounds()
	r := vector.NewRasterizer(b.Dx(), b.Dy())
	for i := 1; i < len(line); i++ {
		p, q := line[i-1], line[i]
		dx, dy := q[0]-p[0], q[1]-p[1]
		n := math.Hypot(dx, dy)
		if n == 0 {
			continue
		}
		ox, oy := -dy/n*width/2, dx/n*width/2
		r.MoveTo(float32(p[0]+ox), float32(p[1]+oy))
		r.LineTo(float32(q[0]+ox), float32(q[1]+oy))
		r.LineTo(float32(q[0]-ox), float32(q[1]-oy))
		r.LineTo(float32(p[0]-ox), float32(p[1]-oy))
		r.ClosePath()
	}
	r.Draw(img, b, image.NewUniform(c), image.Point{})
}

// thresholds returns falling scores: all genuine ones, and of the impostors
// the highest one by one and the rest ever more thinly.
func thresholds(genuine, impostor []float64) []float64 {
	var all []float64
	for step, i := 1, len(impostor)-1; i >= 0; i -= step {
		all = append(all, impostor[i])
		if n := len(impostor) - i; n > 200 {
			step = n / 200
		}
	}
	all = append(all, genuine...)
	slices.SortFunc(all, func(a, b float64) int { return cmp.Compare(b, a) })
	return all
}
