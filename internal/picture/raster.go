package picture

import (
	"image"
	"image/color"
	"image/draw"
)

// plane is w x h samples of n bytes each.
type plane struct {
	pix          []byte
	stride, w, h int
	n            int
}

func newPlane(w, h, n int) plane { return plane{make([]byte, w*h*n), w * n, w, h, n} }

// raster is an image as planes: one grey, one RGBA, or Y, Cb and Cr.
type raster struct {
	w, h   int
	planes []plane
	ratio  image.YCbCrSubsampleRatio
}

// rasterOf takes planes over without copying where the type allows it;
// everything else becomes RGBA on white.
func rasterOf(img image.Image) raster {
	b := img.Bounds()
	r := raster{w: b.Dx(), h: b.Dy()}
	switch m := img.(type) {
	case *image.YCbCr:
		if b.Min == (image.Point{}) && m.SubsampleRatio <= image.YCbCrSubsampleRatio440 {
			cw, ch := chroma(m.SubsampleRatio, r.w, r.h)
			r.ratio = m.SubsampleRatio
			r.planes = []plane{{m.Y, m.YStride, r.w, r.h, 1}, {m.Cb, m.CStride, cw, ch, 1}, {m.Cr, m.CStride, cw, ch, 1}}
			return r
		}
	case *image.Gray:
		r.planes = []plane{{m.Pix, m.Stride, r.w, r.h, 1}}
		return r
	case *image.RGBA:
		if m.Opaque() {
			r.planes = []plane{{m.Pix, m.Stride, r.w, r.h, 4}}
			return r
		}
	}
	r.planes = []plane{onWhite(img)}
	return r
}

func onWhite(img image.Image) plane {
	b := img.Bounds()
	dst := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(dst, dst.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(dst, dst.Rect, img, b.Min, draw.Over)
	return plane{dst.Pix, dst.Stride, b.Dx(), b.Dy(), 4}
}

// image gives the planes back as a standard image.
func (r raster) image() image.Image {
	rect := image.Rect(0, 0, r.w, r.h)
	p := r.planes
	switch {
	case len(p) == 3:
		return &image.YCbCr{Y: p[0].pix, Cb: p[1].pix, Cr: p[2].pix, YStride: p[0].stride, CStride: p[1].stride, SubsampleRatio: r.ratio, Rect: rect}
	case p[0].n == 1:
		return &image.Gray{Pix: p[0].pix, Stride: p[0].stride, Rect: rect}
	}
	return &image.RGBA{Pix: p[0].pix, Stride: p[0].stride, Rect: rect}
}

// chroma returns the size of the colour planes.
func chroma(ratio image.YCbCrSubsampleRatio, w, h int) (cw, ch int) {
	switch ratio {
	case image.YCbCrSubsampleRatio422:
		return (w + 1) / 2, h
	case image.YCbCrSubsampleRatio420:
		return (w + 1) / 2, (h + 1) / 2
	case image.YCbCrSubsampleRatio440:
		return w, (h + 1) / 2
	}
	return w, h
}

// shrink makes the longer side at most side pixels: 2 x 2 boxes as long as
// they fit, then bilinear. A side of 0 changes nothing.
func (r raster) shrink(side int) raster {
	if side <= 0 || max(r.w, r.h) <= side {
		return r
	}
	// One more halving is cheaper and sharper than a bilinear step by nearly two.
	for max(r.w, r.h)*10 >= side*19 {
		r = r.resize(r.w/2, r.h/2, plane.halve)
	}
	if long := max(r.w, r.h); long > side {
		r = r.resize(max(1, r.w*side/long), max(1, r.h*side/long), plane.bilinear)
	}
	return r
}

func (r raster) resize(w, h int, step func(plane, int, int) plane) raster {
	w, h = max(1, w), max(1, h)
	out := raster{w: w, h: h, ratio: r.ratio, planes: make([]plane, len(r.planes))}
	for i, p := range r.planes {
		pw, ph := w, h
		if i > 0 {
			pw, ph = chroma(r.ratio, w, h)
		}
		out.planes[i] = step(p, pw, ph)
	}
	return out
}

// halve averages 2 x 2 boxes into w x h samples, repeating the border.
func (p plane) halve(w, h int) plane {
	out := newPlane(w, h, p.n)
	for y := range h {
		top := p.pix[min(2*y, p.h-1)*p.stride:]
		low := p.pix[min(2*y+1, p.h-1)*p.stride:]
		row := out.pix[y*out.stride:]
		for x := range w {
			a, b := min(2*x, p.w-1)*p.n, min(2*x+1, p.w-1)*p.n
			for c := range p.n {
				row[x*p.n+c] = byte((uint(top[a+c]) + uint(top[b+c]) + uint(low[a+c]) + uint(low[b+c]) + 2) / 4)
			}
		}
	}
	return out
}

// bilinear resamples to w x h with half-pixel centres.
func (p plane) bilinear(w, h int) plane {
	out := newPlane(w, h, p.n)
	columns := taps(p.w, w)
	for y, v := range taps(p.h, h) {
		top, low := p.pix[v.a*p.stride:], p.pix[v.b*p.stride:]
		row := out.pix[y*out.stride:]
		for x, u := range columns {
			for c := range p.n {
				t := int(top[u.a*p.n+c])*(256-u.f) + int(top[u.b*p.n+c])*u.f
				l := int(low[u.a*p.n+c])*(256-u.f) + int(low[u.b*p.n+c])*u.f
				row[x*p.n+c] = byte((t*(256-v.f) + l*v.f + 1<<15) >> 16)
			}
		}
	}
	return out
}

// tap is one output position: samples a and b, b weighted by f/256.
type tap struct{ a, b, f int }

func taps(from, to int) []tap {
	t := make([]tap, to)
	for i := range t {
		pos := max(0, (float64(i)+0.5)*float64(from)/float64(to)-0.5)
		a := min(int(pos), from-1)
		t[i] = tap{a, min(a+1, from-1), int((pos - float64(a)) * 256)}
	}
	return t
}
