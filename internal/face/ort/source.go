package ort

import (
	"image"

	"github.com/idem-id/idem/internal/face"
)

// kind says what the planes of a source hold.
type kind uint8

const (
	grey kind = iota
	ycc       // full range, ITU-R BT.601, as in JFIF
	rgb
)

// source is a picture as planes of bytes that can be sampled at any scale.
type source struct {
	w, h   int
	kind   kind
	planes []pyramid
}

// level is one plane at one scale.
type level struct {
	pix          []byte
	stride, w, h int
}

// pyramid is a plane and its halvings, made when they are first needed.
type pyramid struct {
	levels []level
	sx, sy float64 // samples of level 0 per picture pixel: 1, or 1/2 for subsampled colour
	memory *arena
}

// arena hands out buffers that live until it is reset, so that a worker
// allocates only when a picture is larger than all before it.
type arena struct {
	buf  []byte
	used int
}

func (a *arena) take(n int) []byte {
	if a.used+n > len(a.buf) {
		a.buf, a.used = make([]byte, max(n, 2*len(a.buf))), 0
	}
	b := a.buf[a.used : a.used+n : a.used+n]
	a.used += n
	return b
}

// maxKept bounds what an arena keeps between pictures.
const maxKept = 64 << 20

func (a *arena) reset() {
	a.used = 0
	if len(a.buf) > maxKept {
		a.buf = nil
	}
}

// newSource takes over the planes of YCbCr and grey pictures; others are taken
// apart into R, G and B once, transparency ignored.
func newSource(img image.Image, memory *arena) *source {
	b := img.Bounds()
	s := &source{w: b.Dx(), h: b.Dy()}
	add := func(pix []byte, stride, w, h int, sx, sy float64) {
		s.planes = append(s.planes, pyramid{[]level{{pix, stride, w, h}}, sx, sy, memory})
	}
	switch m := img.(type) {
	case *image.YCbCr:
		if sx, sy, ok := subsampling(m); ok {
			s.kind = ycc
			cw, ch := int(float64(s.w)*sx+0.5), int(float64(s.h)*sy+0.5)
			add(m.Y, m.YStride, s.w, s.h, 1, 1)
			add(m.Cb, m.CStride, cw, ch, sx, sy)
			add(m.Cr, m.CStride, cw, ch, sx, sy)
			return s
		}
	case *image.Gray:
		add(m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], m.Stride, s.w, s.h, 1, 1)
		return s
	}
	s.kind = rgb
	for _, p := range split(img, memory) {
		add(p, s.w, s.w, s.h, 1, 1)
	}
	return s
}

// subsampling is known only for pictures whose planes start with the picture.
func subsampling(m *image.YCbCr) (sx, sy float64, ok bool) {
	if m.Rect.Min != (image.Point{}) {
		return 0, 0, false
	}
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio444:
		return 1, 1, true
	case image.YCbCrSubsampleRatio422:
		return 0.5, 1, true
	case image.YCbCrSubsampleRatio420:
		return 0.5, 0.5, true
	case image.YCbCrSubsampleRatio440:
		return 1, 0.5, true
	}
	return 0, 0, false
}

func split(img image.Image, memory *arena) [3][]byte {
	b := img.Bounds()
	n := b.Dx() * b.Dy()
	out := [3][]byte{memory.take(n), memory.take(n), memory.take(n)}
	if m, ok := img.(*image.RGBA); ok {
		splitRGBA(m, out)
		return out
	}
	i := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := img.At(x, y).RGBA()
			out[0][i], out[1][i], out[2][i] = byte(r>>8), byte(g>>8), byte(bl>>8)
			i++
		}
	}
	return out
}

func splitRGBA(m *image.RGBA, out [3][]byte) {
	i := 0
	for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
		row := m.Pix[m.PixOffset(m.Rect.Min.X, y):]
		for x := range m.Rect.Dx() {
			out[0][i], out[1][i], out[2][i] = row[4*x], row[4*x+1], row[4*x+2]
			i++
		}
	}
}

// at returns the coarsest level that still has at least half a sample per
// output sample, when each output sample covers px x py picture pixels, and the
// level's samples per picture pixel.
func (p *pyramid) at(px, py float64) (l level, sx, sy float64) {
	k, shrink := 0, min(px*p.sx, py*p.sy)
	sx, sy = p.sx, p.sy
	for shrink > 2 {
		if k+1 == len(p.levels) {
			last := p.levels[k]
			if last.w < 4 || last.h < 4 {
				break
			}
			p.levels = append(p.levels, last.halve(p.memory))
		}
		k, shrink, sx, sy = k+1, shrink/2, sx/2, sy/2
	}
	return p.levels[k], sx, sy
}

// halve averages 2 x 2 boxes. An odd last row or column is dropped: it has no
// partner, and coordinates stay exact halves.
func (l level) halve(memory *arena) level {
	out := level{w: l.w / 2, h: l.h / 2, stride: l.w / 2}
	out.pix = memory.take(out.w * out.h)
	for y := range out.h {
		top := l.pix[2*y*l.stride:][:2*out.w]
		low := l.pix[(2*y+1)*l.stride:][:2*out.w]
		row := out.pix[y*out.stride:][:out.w]
		for x := range row {
			t, b := top[2*x:2*x+2:2*x+2], low[2*x:2*x+2:2*x+2]
			row[x] = byte((uint(t[0]) + uint(t[1]) + uint(b[0]) + uint(b[1]) + 2) >> 2)
		}
	}
	return out
}

// bounds returns the whole picture as a box.
func (s *source) bounds() face.Box { return face.Box{X1: float64(s.w), Y1: float64(s.h)} }

// black returns the value of plane i outside the picture.
func (s *source) black(i int) int32 {
	if s.kind == ycc && i > 0 {
		return 128
	}
	return 0
}
