package ocr

import (
	"context"
	"fmt"
	"math"
)

// Box is a region that holds one line of text, its long side as the reading
// direction; which way up is not known yet.
type Box struct {
	Quad
	Score float64 // mean probability of text, 0..1
}

// The detector's settings.
const (
	textFrom  = 0.3  // a pixel is text from this probability on
	minScore  = 0.5  // of a region's mean probability
	growth    = 1.7  // regions are shrunk in training: grown by this times area over perimeter
	minSide   = 3    // pixels of the network's output
	maxBoxes  = 400  // lines of a page; more is no document
	maxLonger = 2048 // pixels of the network's input
)

// Detect finds lines of text after scaling the picture so that its longer side
// has the given number of pixels, 32..2048; pictures are not enlarged.
func (e *Engine) Detect(ctx context.Context, img *Raster, longer int) ([]Box, error) {
	s := min(1, float64(min(longer, maxLonger))/float64(max(img.W, img.H)))
	w, h := multiple32(float64(img.W)*s), multiple32(float64(img.H)*s)
	out, shape, err := e.run(ctx, e.detect, detectorInput(img, w, h), 1, 3, int64(h), int64(w))
	if err != nil {
		return nil, fmt.Errorf("detect text: %w", err)
	}
	if len(shape) != 4 || shape[2] != int64(h) || shape[3] != int64(w) {
		return nil, fmt.Errorf("detect text: the network answers shape %v", shape)
	}
	p := probability{out, w, h, make([]bool, w*h)}
	boxes := p.boxes(float64(img.W)/float64(w), float64(img.H)/float64(h))
	straighten(boxes)
	return boxes, nil
}

func multiple32(v float64) int { return max(32, int(math.Round(v/32))*32) }

// detectorInput returns the picture as planes B, G, R of w x h.
func detectorInput(img *Raster, w, h int) []float32 {
	in := make([]float32, 3*w*h)
	b, g, r := in[:w*h], in[w*h:2*w*h], in[2*w*h:]
	img.scale(w, h, func(i int, red, green, blue float32) {
		b[i] = (blue/255 - 0.485) / 0.229
		g[i] = (green/255 - 0.456) / 0.224
		r[i] = (red/255 - 0.406) / 0.225
	})
	return in
}

// probability is the detector's output, with the pixels already visited.
type probability struct {
	p    []float32
	w, h int
	seen []bool
}

// boxes returns the regions of text in pixels of the picture, which is sx and
// sy times as large.
func (m probability) boxes(sx, sy float64) []Box {
	var all []Box
	for start := range m.p {
		if m.seen[start] || m.p[start] < textFrom {
			continue
		}
		outline, score := m.region(start)
		if score < minScore {
			continue
		}
		q := minRect(Hull(outline))
		if min(q.Width(), q.Height()) < minSide {
			continue
		}
		d := q.Width() * q.Height() * growth / (2 * (q.Width() + q.Height()))
		q = q.Grow(d, d)
		for i, p := range q {
			q[i] = Point{p.X * sx, p.Y * sy}
		}
		all = append(all, Box{q, score})
		if len(all) == maxBoxes {
			break
		}
	}
	return all
}

// region fills the region at start and returns the first and last pixel of
// each of its runs, as corners, with its mean probability.
func (m probability) region(start int) (outline []Point, score float64) {
	sum, n := 0.0, 0
	stack := []int{start}
	m.seen[start] = true
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		x, y := i%m.w, i/m.w
		sum, n = sum+float64(m.p[i]), n+1
		border := x == 0 || y == 0 || x == m.w-1 || y == m.h-1
		visit := func(inside bool, to int) {
			if !inside || m.p[to] < textFrom {
				border = true
			} else if !m.seen[to] {
				m.seen[to] = true
				stack = append(stack, to)
			}
		}
		visit(x > 0, i-1)
		visit(x < m.w-1, i+1)
		visit(y > 0, i-m.w)
		visit(y < m.h-1, i+m.w)
		if border {
			fx, fy := float64(x), float64(y)
			outline = append(outline, Point{fx, fy}, Point{fx + 1, fy}, Point{fx + 1, fy + 1}, Point{fx, fy + 1})
		}
	}
	return outline, sum / float64(n)
}

// elongated is the aspect from which a box shows the direction of its text.
const elongated = 2

// straighten turns every box so that its reading direction is that of most
// text: along the long side of the long boxes, to the right or downwards.
func straighten(boxes []Box) {
	var main Point // sum of doubled angles, which do not tell up from down
	for i, b := range boxes {
		if b.Height() > b.Width() {
			boxes[i].Quad = b.Turn()
		}
		if q := boxes[i].Quad; q.Width() > elongated*q.Height() {
			u := q.Axis()
			main = main.Add(Point{u.X*u.X - u.Y*u.Y, 2 * u.X * u.Y}.Mul(q.Width()))
		}
	}
	angle := math.Atan2(main.Y, main.X) / 2
	u := Point{math.Cos(angle), math.Sin(angle)}
	for i, b := range boxes {
		if q := b.Quad; q.Width() < elongated*q.Height() && math.Abs(q.Axis().Dot(u)) < math.Sqrt(0.5) {
			boxes[i].Quad = q.Turn()
		}
		if boxes[i].Axis().Dot(u) < 0 {
			boxes[i].Quad = boxes[i].Flip()
		}
	}
}
