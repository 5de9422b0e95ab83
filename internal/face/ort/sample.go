package ort

import (
	"math"

	"github.com/idem-id/idem/internal/face"
)

// edge says what lies outside the picture.
type edge uint8

const (
	repeat edge = iota // the nearest sample
	blank              // black
)

// rows resamples one plane row by row: bilinear, half-pixel centres. Values
// are 8.8 fixed point.
type rows struct {
	l      level
	x      []tap
	y0, dy float64 // source row of output row i is y0 + i*dy
	edge   edge
	out    int32      // value outside, 8.8
	cache  [2][]int32 // the last two source rows, resampled across
	at     [2]int     // which rows these are
}

// tap is one output column: source columns a and b, b weighted f/256. A column
// outside a blank edge is -1.
type tap struct{ a, b, f int32 }

// scratch is the sampling memory of a worker.
type scratch struct {
	taps  [3][]tap
	cache [3][2][]int32
	row   [3][]int32
}

// plan prepares plane i of s for w x h outputs over box b.
func (s *source) plan(i int, b face.Box, w, h int, e edge, m *scratch) *rows {
	px, py := b.Width()/float64(w), b.Height()/float64(h)
	l, sx, sy := s.planes[i].at(px, py)
	r := &rows{l: l, edge: e, out: s.black(i) << 8, at: [2]int{math.MinInt, math.MinInt}}
	r.dy = py * sy
	r.y0 = (b.Y0+py/2)*sy - 0.5
	m.taps[i] = grow(m.taps[i], w)
	r.x = m.taps[i]
	for x := range r.x {
		r.x[x] = tapAt((b.X0+(float64(x)+0.5)*px)*sx-0.5, l.w, e)
	}
	for c := range m.cache[i] {
		m.cache[i][c] = grow(m.cache[i][c], w)
		r.cache[c] = m.cache[i][c]
	}
	m.row[i] = grow(m.row[i], w)
	return r
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func tapAt(pos float64, n int, e edge) tap {
	low := math.Floor(pos)
	t := tap{int32(low), int32(low) + 1, int32((pos - low) * 256)}
	t.a, t.b = inside(t.a, n, e), inside(t.b, n, e)
	return t
}

func inside(i int32, n int, e edge) int32 {
	switch {
	case i >= 0 && int(i) < n:
		return i
	case e == blank:
		return -1
	}
	return max(0, min(i, int32(n)-1))
}

// read writes output row i.
func (r *rows) read(i int, dst []int32) {
	t := tapAt(r.y0+float64(i)*r.dy, r.l.h, r.edge)
	top := r.across(int(t.a), int(t.b))
	low := r.across(int(t.b), int(t.a))
	if t.f == 0 || t.a == t.b {
		copy(dst, top)
		return
	}
	f, g := t.f, 256-t.f
	top, low = top[:len(dst)], low[:len(dst)]
	for x := range dst {
		dst[x] = (top[x]*g + low[x]*f) >> 8
	}
}

// across returns source row y resampled across, without throwing the row that
// is needed beside it out of the cache.
func (r *rows) across(y, beside int) []int32 {
	for c := range r.at {
		if r.at[c] == y {
			return r.cache[c]
		}
	}
	c := 0
	if r.at[0] == beside {
		c = 1
	}
	r.at[c] = y
	r.fill(y, r.cache[c])
	return r.cache[c]
}

func (r *rows) fill(y int, dst []int32) {
	if y < 0 {
		for x := range dst {
			dst[x] = r.out
		}
		return
	}
	row := r.l.pix[y*r.l.stride:][:r.l.w]
	for x, t := range r.x {
		if t.a|t.b >= 0 {
			a := int32(row[t.a])
			dst[x] = a<<8 + (int32(row[t.b])-a)*t.f
			continue
		}
		a, b := r.out, r.out
		if t.a >= 0 {
			a = int32(row[t.a]) << 8
		}
		if t.b >= 0 {
			b = int32(row[t.b]) << 8
		}
		dst[x] = (a*(256-t.f) + b*t.f) >> 8
	}
}

// tensor is a window of a [1,3,H,W] input and how pixels become numbers.
type tensor struct {
	data       []float32
	w, h       int    // of the whole tensor
	order      [3]int // channel of R, G and B
	mean, gain [3]float32
	x0, y0     int // the window
	ww, wh     int
}

// crop fills the window with the box of the picture.
func (s *source) crop(b face.Box, e edge, t tensor, m *scratch) {
	var plans [3]*rows
	for i := range s.planes {
		plans[i] = s.plan(i, b, t.ww, t.wh, e, m)
	}
	for y := range t.wh {
		for i := range s.planes {
			plans[i].read(y, m.row[i])
		}
		s.write(m.row, t.at(0, y), t)
	}
}

// at is the offset of a window position within a channel.
func (t tensor) at(x, y int) int { return (t.y0+y)*t.w + t.x0 + x }

// Constants of the JFIF colour transform, divided by 256 for 8.8 values.
const (
	crR = 1.402 / 256
	cbG = -0.344136 / 256
	crG = -0.714136 / 256
	cbB = 1.772 / 256
)

// write turns one row of plane values into numbers from offset at on.
func (s *source) write(row [3][]int32, at int, t tensor) {
	var out [3][]float32
	n := len(row[0])
	for c := range out {
		out[c] = t.data[t.order[c]*t.w*t.h+at:][:n]
	}
	switch s.kind {
	case ycc:
		writeYCC(row, out, t)
	case rgb:
		for c := range out {
			writeGrey(row[c], out[c], t.mean[c], t.gain[c])
		}
	default:
		for c := range out {
			writeGrey(row[0], out[c], t.mean[c], t.gain[c])
		}
	}
}

func writeYCC(row [3][]int32, out [3][]float32, t tensor) {
	n := len(row[0])
	ys, cbs, crs := row[0], row[1][:n], row[2][:n]
	r, g, b := out[0][:n], out[1][:n], out[2][:n]
	for x, v := range ys {
		y := float32(v) * (1.0 / 256)
		cb, cr := float32(cbs[x]-128<<8), float32(crs[x]-128<<8)
		r[x] = (limit(y+crR*cr) - t.mean[0]) * t.gain[0]
		g[x] = (limit(y+cbG*cb+crG*cr) - t.mean[1]) * t.gain[1]
		b[x] = (limit(y+cbB*cb) - t.mean[2]) * t.gain[2]
	}
}

func limit(v float32) float32 {
	if v < 0 {
		return 0
	}
	if v > 255 {
		return 255
	}
	return v
}

func writeGrey(row []int32, out []float32, mean, gain float32) {
	out = out[:len(row)]
	for x, v := range row {
		out[x] = (float32(v)*(1.0/256) - mean) * gain
	}
}

// greyCrop fills w x h values of 0..255 times gain with the luminance of the
// box, black outside the picture.
func (s *source) greyCrop(b face.Box, w, h int, gain float32, dst []float32, m *scratch) {
	weights := [3]float32{1}
	used := 1
	if s.kind == rgb {
		weights, used = [3]float32{0.299, 0.587, 0.114}, 3
	}
	for i := range used {
		plan := s.plan(i, b, w, h, blank, m)
		scale := weights[i] * gain / 256
		for y := range h {
			plan.read(y, m.row[i])
			out := dst[y*w:][:w]
			for x, v := range m.row[i] {
				if i == 0 {
					out[x] = 0
				}
				out[x] += float32(v) * scale
			}
		}
	}
}

// warp fills the whole tensor: output pixel (x, y) shows picture pixel
// back(x, y), black outside. Alignment counts in pixel indices on both sides,
// as the recogniser's training did; half a pixel off costs accuracy. Luminance
// of the result goes to lum.
func (s *source) warp(back similarity, t tensor, lum []int32, m *scratch) {
	scale := back.scale()
	n := t.w * t.h
	for i := range s.planes {
		m.row[i] = grow(m.row[i], n)
		l, sx, sy := s.planes[i].at(scale, scale)
		l.warp(back, sx, sy, s.black(i), t.w, m.row[i])
	}
	s.write(m.row, 0, t)
	copy(lum, m.row[0])
	if s.kind == rgb {
		for i := range lum {
			lum[i] = (77*m.row[0][i] + 150*m.row[1][i] + 29*m.row[2][i]) >> 8
		}
	}
}

// warp samples one plane; sx and sy are its samples per picture pixel. Positions
// advance in 16.16 fixed point.
func (l level) warp(back similarity, sx, sy float64, out int32, w int, dst []int32) {
	const one = 1 << 16
	dx, dy := int(back.a*sx*one), int(back.b*sy*one)
	for y := range len(dst) / w {
		p := back.apply(face.Point{Y: float64(y)})
		px, py := int(((p.X+0.5)*sx-0.5)*one), int(((p.Y+0.5)*sy-0.5)*one)
		row := dst[y*w:][:w]
		for x := range row {
			row[x] = l.bilinear(px>>16, py>>16, int32(px>>8)&255, int32(py>>8)&255, out)
			px, py = px+dx, py+dy
		}
	}
}

// bilinear reads between four samples from (x, y) on, weights in 1/256, and
// returns 8.8 fixed point.
func (l level) bilinear(x, y int, f, g, out int32) int32 {
	if x < 0 || y < 0 || x+1 >= l.w || y+1 >= l.h {
		return blend(l.get(x, y, out), l.get(x+1, y, out), l.get(x, y+1, out), l.get(x+1, y+1, out), f, g)
	}
	top := l.pix[y*l.stride+x:][:2]
	low := l.pix[(y+1)*l.stride+x:][:2]
	return blend(int32(top[0]), int32(top[1]), int32(low[0]), int32(low[1]), f, g)
}

func blend(a, b, c, d, f, g int32) int32 {
	t := a<<8 + (b-a)*f
	return t + ((c<<8+(d-c)*f-t)*g)>>8
}

func (l level) get(x, y int, out int32) int32 {
	if x < 0 || y < 0 || x >= l.w || y >= l.h {
		return out
	}
	return int32(l.pix[y*l.stride+x])
}
