package ort

import (
	"math"

	"github.com/idem-id/idem/internal/face"
)

// similarity maps (x, y) to (a x - b y + tx, b x + a y + ty): rotation, uniform
// scale and shift.
type similarity struct{ a, b, tx, ty float64 }

func (s similarity) apply(p face.Point) face.Point {
	return face.Point{X: s.a*p.X - s.b*p.Y + s.tx, Y: s.b*p.X + s.a*p.Y + s.ty}
}

func (s similarity) scale() float64 { return math.Hypot(s.a, s.b) }

func (s similarity) inverse() similarity {
	d := s.a*s.a + s.b*s.b
	i := similarity{a: s.a / d, b: -s.b / d}
	i.tx, i.ty = -(i.a*s.tx - i.b*s.ty), -(i.b*s.tx + i.a*s.ty)
	return i
}

// fit returns the similarity that maps from onto to with the least squared
// error; ok is false when all points of from coincide.
func fit(from, to []face.Point) (s similarity, ok bool) {
	p, q := mean(from), mean(to)
	var a, b, d float64
	for i := range from {
		u, v := from[i].Sub(p), to[i].Sub(q)
		a += u.X*v.X + u.Y*v.Y
		b += u.X*v.Y - u.Y*v.X
		d += u.X*u.X + u.Y*u.Y
	}
	if d < 1e-9 || a*a+b*b < 1e-12 {
		return similarity{}, false
	}
	s = similarity{a: a / d, b: b / d}
	s.tx, s.ty = q.X-(s.a*p.X-s.b*p.Y), q.Y-(s.b*p.X+s.a*p.Y)
	return s, true
}

func mean(points []face.Point) (m face.Point) {
	for _, p := range points {
		m.X += p.X / float64(len(points))
		m.Y += p.Y / float64(len(points))
	}
	return m
}

// canonical returns where the five points belong in an aligned face of the
// given side, in pixel indices: the positions that are customary for 112 pixels
// since ArcFace (Deng et al. 2019).
func canonical(side int) []face.Point {
	points := []face.Point{
		{X: 38.29459953, Y: 51.69630051}, {X: 73.53179932, Y: 51.50139999}, {X: 56.02519989, Y: 71.73660278},
		{X: 41.54930115, Y: 92.3655014}, {X: 70.72990036, Y: 92.20410156},
	}
	for i := range points {
		points[i].X *= float64(side) / 112
		points[i].Y *= float64(side) / 112
	}
	return points
}

// alignment maps pixels of the aligned face back into the picture.
func alignment(l *face.Landmarks, side int) (similarity, bool) {
	five := l.Five()
	there, ok := fit(five[:], canonical(side))
	if !ok {
		return similarity{}, false
	}
	return there.inverse(), true
}

// contextBox returns the square that presentation attack detection looks at:
// the face box enlarged times, as far as the picture allows, moved inside it.
func contextBox(b face.Box, times float64, picture face.Box) face.Box {
	side := min(b.Height()*times, picture.Width(), picture.Height())
	c := b.Square(side)
	dx := max(0, -c.X0) - max(0, c.X1-picture.X1)
	dy := max(0, -c.Y0) - max(0, c.Y1-picture.Y1)
	return face.Box{X0: c.X0 + dx, Y0: c.Y0 + dy, X1: c.X1 + dx, Y1: c.Y1 + dy}
}
