package ocr

import (
	"cmp"
	"math"
	"slices"
)

// Point is a position in pixels of the picture, origin at its top left corner.
type Point struct{ X, Y float64 }

// Sub returns p - q.
func (p Point) Sub(q Point) Point { return Point{p.X - q.X, p.Y - q.Y} }

// Add returns p + q.
func (p Point) Add(q Point) Point { return Point{p.X + q.X, p.Y + q.Y} }

// Mul returns s p.
func (p Point) Mul(s float64) Point { return Point{s * p.X, s * p.Y} }

// Dot returns the inner product.
func (p Point) Dot(q Point) float64 { return p.X*q.X + p.Y*q.Y }

// Len returns the distance to the origin.
func (p Point) Len() float64 { return math.Hypot(p.X, p.Y) }

func cross(o, a, b Point) float64 { return (a.X-o.X)*(b.Y-o.Y) - (a.Y-o.Y)*(b.X-o.X) }

// Quad is a four-sided region: top left, top right, bottom right, bottom left
// as its content is read, whatever way up it lies in the picture.
type Quad [4]Point

// Width returns the mean length of top and bottom.
func (q Quad) Width() float64 { return (q[1].Sub(q[0]).Len() + q[2].Sub(q[3]).Len()) / 2 }

// Height returns the mean length of the two sides.
func (q Quad) Height() float64 { return (q[3].Sub(q[0]).Len() + q[2].Sub(q[1]).Len()) / 2 }

// Centre returns the mean of the corners.
func (q Quad) Centre() Point { return q[0].Add(q[1]).Add(q[2]).Add(q[3]).Mul(0.25) }

// Axis returns the unit vector of the reading direction.
func (q Quad) Axis() Point {
	d := q[1].Sub(q[0]).Add(q[2].Sub(q[3]))
	if n := d.Len(); n > 0 {
		return d.Mul(1 / n)
	}
	return Point{1, 0}
}

// Flip returns the quad read the other way up.
func (q Quad) Flip() Quad { return Quad{q[2], q[3], q[0], q[1]} }

// Turn returns the quad read with its left side as top.
func (q Quad) Turn() Quad { return Quad{q[3], q[0], q[1], q[2]} }

// Grow moves the sides of a rectangle outwards: left and right by dx, top and
// bottom by dy pixels.
func (q Quad) Grow(dx, dy float64) Quad {
	u := q.Axis()
	v := Point{-u.Y, u.X}
	u, v = u.Mul(dx), v.Mul(dy)
	return Quad{q[0].Sub(u).Sub(v), q[1].Add(u).Sub(v), q[2].Add(u).Add(v), q[3].Sub(u).Add(v)}
}

// Rect returns the rectangle around points with its sides along the unit
// vector u and, to the right of it, its normal.
func Rect(points []Point, u Point) Quad {
	v := Point{-u.Y, u.X}
	x0, y0 := math.Inf(1), math.Inf(1)
	x1, y1 := math.Inf(-1), math.Inf(-1)
	for _, p := range points {
		x, y := p.Dot(u), p.Dot(v)
		x0, x1, y0, y1 = min(x0, x), max(x1, x), min(y0, y), max(y1, y)
	}
	at := func(x, y float64) Point { return u.Mul(x).Add(v.Mul(y)) }
	return Quad{at(x0, y0), at(x1, y0), at(x1, y1), at(x0, y1)}
}

// Hull returns the convex hull of points, clockwise in picture coordinates.
func Hull(points []Point) []Point {
	sorted := slices.Clone(points)
	slices.SortFunc(sorted, func(a, b Point) int { return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Y, b.Y)) })
	sorted = slices.Compact(sorted)
	if len(sorted) < 3 {
		return sorted
	}
	half := func(in []Point) []Point {
		var out []Point
		for _, p := range in {
			for len(out) > 1 && cross(out[len(out)-2], out[len(out)-1], p) <= 0 {
				out = out[:len(out)-1]
			}
			out = append(out, p)
		}
		return out[:len(out)-1]
	}
	lower := half(sorted)
	slices.Reverse(sorted)
	return append(lower, half(sorted)...)
}

// minRect returns the smallest rectangle around a hull. One of its sides lies
// on a side of the hull.
func minRect(hull []Point) Quad {
	best, area := Rect(hull, Point{1, 0}), math.Inf(1)
	for i, p := range hull {
		d := hull[(i+1)%len(hull)].Sub(p)
		if d.Len() == 0 {
			continue
		}
		q := Rect(hull, d.Mul(1/d.Len()))
		if a := q.Width() * q.Height(); a < area {
			best, area = q, a
		}
	}
	return best
}

// homography is a projective map of the plane, row by row; the last number
// is 1.
type homography [8]float64

func (m homography) apply(x, y float64) Point {
	w := m[6]*x + m[7]*y + 1
	return Point{(m[0]*x + m[1]*y + m[2]) / w, (m[3]*x + m[4]*y + m[5]) / w}
}

// homography maps the rectangle 0..w x 0..h to the quad. A degenerate quad
// gives an affine map of its first three corners.
func (q Quad) homography(w, h float64) homography {
	d1, d2 := q[1].Sub(q[2]), q[3].Sub(q[2])
	s := q[0].Sub(q[1]).Add(q[2]).Sub(q[3])
	g, k := 0.0, 0.0
	if det := d1.X*d2.Y - d2.X*d1.Y; math.Abs(det) > 1e-9 {
		g, k = (s.X*d2.Y-d2.X*s.Y)/det, (d1.X*s.Y-s.X*d1.Y)/det
	}
	return homography{
		(q[1].X - q[0].X + g*q[1].X) / w, (q[3].X - q[0].X + k*q[3].X) / h, q[0].X,
		(q[1].Y - q[0].Y + g*q[1].Y) / w, (q[3].Y - q[0].Y + k*q[3].Y) / h, q[0].Y,
		g / w, k / h,
	}
}

// Map returns where the point (x, y) of a w x h picture of the quad's content
// lies in the picture that holds the quad.
func (q Quad) Map(x, y, w, h float64) Point { return q.homography(w, h).apply(x, y) }
