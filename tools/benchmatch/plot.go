package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// The plot in pixels: its size and the margins of the axes.
const (
	plotWidth, plotHeight = 760, 480
	leftEdge, rightEdge   = 80, 20
	topEdge, bottomEdge   = 80, 50
)

// style is readable on light and dark pages.
const style = `<style>
text { font: 13px sans-serif; fill: #24292f }
.grid { stroke: #d0d7de }
.d0 { stroke: #0969da } .d1 { stroke: #bc4c00 }
.read { stroke-dasharray: 6 4 } .top { stroke-dasharray: 1 4; stroke-linecap: round; stroke-width: 3 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .grid { stroke: #30363d } .d0 { stroke: #58a6ff } .d1 { stroke: #ffa657 }
}
</style>
`

// axes turn rows and milliseconds into pixels; both scales are logarithmic.
type axes struct{ x0, x1, y0, y1 float64 }

func newAxes(all []course) axes {
	var rows, times []float64
	for _, c := range all {
		for _, p := range c.points {
			rows, times = append(rows, float64(p.rows)), append(times, p.read, p.floor, p.top)
		}
	}
	var a axes
	a.x0, a.x1 = extent(rows)
	a.y0, a.y1 = extent(times)
	return a
}

func (a axes) x(rows float64) float64 {
	return leftEdge + (math.Log10(rows)-a.x0)/(a.x1-a.x0)*(plotWidth-leftEdge-rightEdge)
}

func (a axes) y(ms float64) float64 {
	return plotHeight - bottomEdge - (math.Log10(ms)-a.y0)/(a.y1-a.y0)*(plotHeight-bottomEdge-topEdge)
}

// draw writes the plot as SVG.
func draw(out io.Writer, all []course) error {
	a := newAxes(all)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="Time of a search against the rows of the gallery">`+"\n%s",
		plotWidth, plotHeight, style)
	a.grid(&b)
	for i, c := range all {
		a.legend(&b, i, c.name)
		for _, l := range lines {
			fmt.Fprintf(&b, `<polyline class="d%d %s" fill="none" stroke-width="2" points="`, i, l.class)
			for _, p := range c.points {
				fmt.Fprintf(&b, "%.1f,%.1f ", a.x(float64(p.rows)), a.y(l.of(p)))
			}
			b.WriteString("\"/>\n")
		}
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// line is one of the curves of a course.
type line struct {
	class, name string
	of          func(point) float64
}

var lines = []line{
	{"read", "plain read", func(p point) float64 { return p.read }},
	{"floor", "search with a floor", func(p point) float64 { return p.floor }},
	{"top", "top 50, no floor", func(p point) float64 { return p.top }},
}

// legend is one row for each course above the plot.
func (a axes) legend(b *strings.Builder, i int, name string) {
	y := 24 + 22*i
	fmt.Fprintf(b, `<text x="%d" y="%d">%s</text>`+"\n", leftEdge, y+4, name)
	for j, l := range lines {
		x := leftEdge + 120 + 190*j
		fmt.Fprintf(b, `<line class="d%d %s" stroke-width="2" x1="%d" y1="%d" x2="%d" y2="%d"/><text x="%d" y="%d">%s</text>`+"\n",
			i, l.class, x, y, x+26, y, x+32, y+4, l.name)
	}
}

func (a axes) grid(b *strings.Builder) {
	for e := a.x0; e <= a.x1; e++ {
		x := a.x(math.Pow(10, e))
		fmt.Fprintf(b, `<line class="grid" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/><text text-anchor="middle" x="%.1f" y="%d">%s</text>`+"\n",
			x, topEdge, x, plotHeight-bottomEdge, x, plotHeight-bottomEdge+20, short(math.Pow(10, e)))
	}
	for e := a.y0; e <= a.y1; e++ {
		y := a.y(math.Pow(10, e))
		fmt.Fprintf(b, `<line class="grid" x1="%d" y1="%.1f" x2="%d" y2="%.1f"/><text text-anchor="end" x="%d" y="%.1f">%g ms</text>`+"\n",
			leftEdge, y, plotWidth-rightEdge, y, leftEdge-8, y+4, math.Pow(10, e))
	}
	fmt.Fprintf(b, `<text text-anchor="middle" x="%d" y="%d">rows of the gallery</text>`+"\n", (leftEdge+plotWidth-rightEdge)/2, plotHeight-8)
}

// short writes a power of ten.
func short(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%gM", n/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%gk", n/1e3)
	}
	return fmt.Sprint(n)
}
