package specimen

import (
	"image"
	"math"
	"math/rand/v2"
)

// The size of a photograph.
const (
	FrameWidth  = 1600
	FrameHeight = 1200
)

// Shot says how a side is photographed.
type Shot struct {
	Width   float64 // of the document in the picture, pixels
	Turn    float64 // degrees in the picture's plane
	Tilt    float64 // degrees about the horizontal axis
	Pan     float64 // degrees about the vertical axis
	Blur    float64 // standard deviation, pixels
	Motion  int     // pixels
	Noise   float64 // standard deviation, grey levels
	Light   float64 // share of the light that the dark side lacks, 0..1
	Glare   float64 // grey levels at the brightest spot
	Quality int     // of the JPEG, 1..100
}

// Levels are the difficulties from flat and clean to the worst.
var Levels = []string{"L0", "L1", "L2", "L3", "L4"}

var levels = map[string]Shot{
	"L0": {Width: 1400, Quality: 95},
	"L1": {Width: 1250, Turn: 3, Tilt: 6, Pan: 5, Blur: .6, Noise: 3, Light: .15, Quality: 88},
	"L2": {Width: 1100, Turn: 8, Tilt: 14, Pan: 12, Blur: 1, Noise: 6, Light: .3, Quality: 80},
	"L3": {Width: 950, Turn: 15, Tilt: 22, Pan: 18, Blur: 1.3, Noise: 10, Light: .45, Glare: 60, Quality: 70},
	"L4": {Width: 800, Turn: 22, Tilt: 28, Pan: 22, Blur: 1.6, Noise: 14, Light: .55, Glare: 110, Quality: 60},
}

// Level returns the shot of a level with its angles drawn between 60 % and all
// of their size, to either side.
func Level(name string, r *rand.Rand) (Shot, bool) {
	s, ok := levels[name]
	for _, angle := range []*float64{&s.Turn, &s.Tilt, &s.Pan} {
		*angle *= .6 + .4*r.Float64()
		if r.IntN(2) == 0 {
			*angle = -*angle
		}
	}
	return s, ok
}

// Quad is the corners of a document in a picture, pixels: its own top left
// first, then clockwise.
type Quad [4][2]float64

// Photograph puts a side on a table and takes its picture.
func Photograph(side *image.RGBA, s Shot, r *rand.Rand) (*image.RGBA, Quad) {
	w, h := float64(side.Rect.Dx()), float64(side.Rect.Dy())
	q := s.project(h / w)
	p := table(r)
	p.lay(side, q)
	if s.Light > 0 {
		p.shade(s.Light, 2*math.Pi*r.Float64())
	}
	if s.Glare > 0 {
		x, y := .3*q[0][0]+.7*q[2][0]+200*r.Float64()-100, .5*q[0][1]+.5*q[2][1]+120*r.Float64()-60
		p.glare(s.Glare, x, y)
	}
	p.clip()
	if s.Blur > 0 {
		p.blur(s.Blur)
	}
	if s.Motion > 1 {
		p.smear(s.Motion)
	}
	if s.Noise > 0 {
		p.noise(s.Noise, r)
	}
	return p.image(), q
}

// project sees a rectangle of the given aspect through a pinhole whose focal
// length is 1.2 widths, and fits it into the frame.
func (s Shot) project(aspect float64) Quad {
	const focal = 1.2 * FrameWidth
	var q Quad
	x, y := s.Width/2, s.Width*aspect/2
	for i, c := range [4][2]float64{{-x, -y}, {x, -y}, {x, y}, {-x, y}} {
		u, v, w := s.rotate(c[0], c[1])
		q[i] = [2]float64{u * focal / (focal + w), v * focal / (focal + w)}
	}
	return q.fit()
}

// rotate turns a point of the document's plane by tilt, pan and turn.
func (s Shot) rotate(x, y float64) (u, v, w float64) {
	sin := func(d float64) float64 { return math.Sin(d * math.Pi / 180) }
	cos := func(d float64) float64 { return math.Cos(d * math.Pi / 180) }
	y, w = y*cos(s.Tilt), y*sin(s.Tilt)
	x, w = x*cos(s.Pan)+w*sin(s.Pan), w*cos(s.Pan)-x*sin(s.Pan)
	return x*cos(s.Turn) - y*sin(s.Turn), x*sin(s.Turn) + y*cos(s.Turn), w
}

// fit shrinks the quad into the frame, ten pixels from its border, and centres
// it.
func (q Quad) fit() Quad {
	lo, hi := q[0], q[0]
	for _, c := range q {
		for i := range c {
			lo[i], hi[i] = min(lo[i], c[i]), max(hi[i], c[i])
		}
	}
	scale := min(1, (FrameWidth-20)/(hi[0]-lo[0]), (FrameHeight-20)/(hi[1]-lo[1]))
	frame := [2]float64{FrameWidth, FrameHeight}
	for k := range q {
		for i := range q[k] {
			q[k][i] = (q[k][i]-(lo[i]+hi[i])/2)*scale + frame[i]/2
		}
	}
	return q
}
