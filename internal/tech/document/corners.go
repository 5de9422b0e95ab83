package document

import (
	"math"
	"slices"

	"github.com/idem-id/idem/internal/tech/document/ocr"
)

// coarse is the longer side of the picture in which the document's edges are
// looked for.
const coarse = 320

// Conditions for a region to be a document.
const (
	leastArea   = 0.06 // of the picture
	hullInQuad  = 0.90
	blobInHull  = 0.80
	otsuClasses = 64
)

// corners finds the document by its colour against the background around it;
// nil when that shows no clear quad. The first corner is the top left of the
// text.
func (s *sheet) corners() *ocr.Quad {
	scale := min(1, coarse/float64(max(s.img.W, s.img.H)))
	w, h := max(8, int(float64(s.img.W)*scale)), max(8, int(float64(s.img.H)*scale))
	fw, fh := float64(s.img.W), float64(s.img.H)
	blob := largestBlob(threshold(contrast(s.img.Scale(w, h))), w, h)
	rows, filled := outline(blob, w)
	if filled < leastArea*float64(w*h) {
		return nil
	}
	hull := ocr.Hull(rows)
	q, ok := fourSides(hull)
	if !ok || area(hull) < hullInQuad*area(q[:]) || filled < blobInHull*area(hull) {
		return nil
	}
	for i, p := range q {
		q[i] = ocr.Point{X: p.X * fw / float64(w), Y: p.Y * fh / float64(h)}
	}
	u := s.axis()
	for range 3 {
		if q.Axis().Dot(u) > math.Sqrt(0.5) {
			break
		}
		q = q.Turn()
	}
	return &q
}

// contrast returns how far each pixel's colour is from the background, which
// is interpolated between the borders of its row and its column.
func contrast(img *ocr.Raster) []float64 {
	side := func(x, y, dx, dy int) (c [3]float64) {
		const n = 9
		for i := -n / 2; i <= n/2; i++ {
			px, py := min(max(x+i*dx, 0), img.W-1), min(max(y+i*dy, 0), img.H-1)
			for k := range c {
				c[k] += float64(img.Pix[3*(py*img.W+px)+k]) / n
			}
		}
		return c
	}
	left, right := make([][3]float64, img.H), make([][3]float64, img.H)
	for y := range img.H {
		left[y], right[y] = side(1, y, 0, 1), side(img.W-2, y, 0, 1)
	}
	out := make([]float64, img.W*img.H)
	for x := range img.W {
		top, bottom := side(x, 1, 1, 0), side(x, img.H-2, 1, 0)
		fx := float64(x) / float64(img.W)
		for y := range img.H {
			fy, sum := float64(y)/float64(img.H), 0.0
			for k := range 3 {
				across := left[y][k]*(1-fx) + right[y][k]*fx
				along := top[k]*(1-fy) + bottom[k]*fy
				d := float64(img.Pix[3*(y*img.W+x)+k]) - (across+along)/2
				sum += d * d
			}
			out[y*img.W+x] = math.Sqrt(sum)
		}
	}
	return out
}

// threshold parts values by Otsu's method: where the variance between the two
// parts is greatest.
func threshold(v []float64) []bool {
	top := slices.Max(v) + 1e-9
	var counts [otsuClasses]float64
	total := 0.0
	for _, x := range v {
		i := int(x / top * otsuClasses)
		counts[i]++
		total += float64(i)
	}
	best, at, n, sum := -1.0, 0, 0.0, 0.0
	for i, c := range counts {
		n, sum = n+c, sum+c*float64(i)
		rest := float64(len(v)) - n
		if n == 0 || rest == 0 {
			continue
		}
		if d := sum/n - (total-sum)/rest; n*rest*d*d > best {
			best, at = n*rest*d*d, i
		}
	}
	out := make([]bool, len(v))
	for i, x := range v {
		out[i] = int(x/top*otsuClasses) > at
	}
	return out
}

// largestBlob returns the pixels of the largest connected region, its holes
// left out.
func largestBlob(set []bool, w, h int) []int {
	var best []int
	for start := range set {
		if !set[start] {
			continue
		}
		set[start] = false
		blob := []int{start}
		for i := 0; i < len(blob); i++ {
			x, y := blob[i]%w, blob[i]/w
			for _, n := range [4][2]int{{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}} {
				if to := n[1]*w + n[0]; n[0] >= 0 && n[0] < w && n[1] >= 0 && n[1] < h && set[to] {
					set[to] = false
					blob = append(blob, to)
				}
			}
		}
		if len(blob) > len(best) {
			best = blob
		}
	}
	return best
}

// outline returns the corners of the first and last pixel of a blob in each
// row, and how many pixels lie between: a code's bars may be as dark as the
// table, and are holes then.
func outline(blob []int, w int) (out []ocr.Point, filled float64) {
	first, last := map[int]int{}, map[int]int{}
	for _, i := range blob {
		x, y := i%w, i/w
		if f, ok := first[y]; !ok || x < f {
			first[y] = x
		}
		last[y] = max(last[y], x)
	}
	for y, x := range first {
		x0, x1, fy := float64(x), float64(last[y]+1), float64(y)
		filled += x1 - x0
		out = append(out, ocr.Point{X: x0, Y: fy}, ocr.Point{X: x1, Y: fy}, ocr.Point{X: x0, Y: fy + 1}, ocr.Point{X: x1, Y: fy + 1})
	}
	return out, filled
}

func area(polygon []ocr.Point) float64 {
	sum := 0.0
	for i, p := range polygon {
		q := polygon[(i+1)%len(polygon)]
		sum += p.X*q.Y - q.X*p.Y
	}
	return math.Abs(sum) / 2
}

// fourSides takes sides out of a hull, each time the one whose neighbours
// meet with the least area added, until four are left.
func fourSides(hull []ocr.Point) (ocr.Quad, bool) {
	points := slices.Clone(hull)
	for len(points) > 4 {
		best, at, corner := math.Inf(1), -1, ocr.Point{}
		for i := range points {
			n := len(points)
			a, b, c, d := points[(i+n-1)%n], points[i], points[(i+1)%n], points[(i+2)%n]
			p, ok := meet(a, b, d, c)
			if !ok {
				continue
			}
			if added := area([]ocr.Point{b, p, c}); added < best {
				best, at, corner = added, i, p
			}
		}
		if at < 0 {
			return ocr.Quad{}, false
		}
		points[at] = corner
		next := (at + 1) % len(points)
		points = slices.Delete(points, next, next+1)
	}
	if len(points) < 4 {
		return ocr.Quad{}, false
	}
	return ocr.Quad(points), true
}

// meet returns where the line from a beyond b and the one from d beyond c
// meet; false when they part.
func meet(a, b, d, c ocr.Point) (ocr.Point, bool) {
	u, v := b.Sub(a), c.Sub(d)
	det := u.X*v.Y - u.Y*v.X
	if math.Abs(det) < 1e-9 {
		return ocr.Point{}, false
	}
	w := d.Sub(a)
	s, t := (w.X*v.Y-w.Y*v.X)/det, (w.X*u.Y-w.Y*u.X)/det
	return a.Add(u.Mul(s)), s >= 1 && t >= 1
}
