package specimen

import (
	"image"
	"math"
	"math/rand/v2"
)

// photo is a picture in the making: red, green and blue by pixel, 0..255. It
// belongs to one call of Photograph, so the race detector, which makes these
// loops ten times as slow, has nothing to find in them.
type photo struct{ pix []float32 }

// tops are the colours of tables.
var tops = [][3]float64{{120, 90, 60}, {60, 65, 70}, {180, 175, 165}, {40, 60, 50}, {150, 120, 90}}

// table is an empty table with a wavy grain.
//
//go:norace
func table(r *rand.Rand) *photo {
	p := &photo{make([]float32, 3*FrameWidth*FrameHeight)}
	top := tops[r.IntN(len(tops))]
	angle, k, depth := math.Pi*r.Float64(), .02+.13*r.Float64(), 2+10*r.Float64()
	sin, cos := math.Sincos(angle)
	for y := range FrameHeight {
		sway := 3 * math.Sin(float64(y)*.01)
		for x := range FrameWidth {
			v := depth*math.Sin((float64(x)*cos+float64(y)*sin)*k+sway) + 4*r.NormFloat64()
			for c := range 3 {
				p.pix[3*(y*FrameWidth+x)+c] = float32(top[c] + v)
			}
		}
	}
	return p
}

// lay puts a side into the quad, over its shadow. Each pixel is the mean of as
// many samples as the side has dots there.
//
//go:norace
func (p *photo) lay(side *image.RGBA, q Quad) {
	p.shadow(q)
	m := q.toUnit()
	w, h := float64(side.Rect.Dx()), float64(side.Rect.Dy())
	n := max(2, int(math.Ceil(w/q.side(0))))
	lo, hi := q.bounds()
	for y := lo[1]; y < hi[1]; y++ {
		for x := lo[0]; x < hi[0]; x++ {
			var sum [3]float64
			hits := 0
			for i := range n * n {
				u, v := m.apply(float64(x)+(float64(i%n)+.5)/float64(n), float64(y)+(float64(i/n)+.5)/float64(n))
				if u < 0 || u >= 1 || v < 0 || v >= 1 {
					continue
				}
				hits++
				bilinear(side, u*w-.5, v*h-.5, &sum)
			}
			p.mix(x, y, sum, hits, n*n)
		}
	}
}

// mix lets the table through where samples missed the side.
//
//go:norace
func (p *photo) mix(x, y int, sum [3]float64, hits, of int) {
	at := p.pix[3*(y*FrameWidth+x):]
	for c := range 3 {
		at[c] = (float32(sum[c]) + at[c]*float32(of-hits)) / float32(of)
	}
}

// bounds returns the pixels that the quad may touch.
func (q Quad) bounds() (lo, hi [2]int) {
	lo, hi = [2]int{FrameWidth, FrameHeight}, [2]int{}
	for _, c := range q {
		for i, most := range [2]int{FrameWidth, FrameHeight} {
			lo[i] = max(0, min(lo[i], int(math.Floor(c[i]))))
			hi[i] = min(most, max(hi[i], int(math.Ceil(c[i]))+1))
		}
	}
	return lo, hi
}

// bilinear adds the colour at a place between pixels.
//
//go:norace
func bilinear(im *image.RGBA, x, y float64, sum *[3]float64) {
	x, y = min(max(x, 0), float64(im.Rect.Dx()-1)), min(max(y, 0), float64(im.Rect.Dy()-1))
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, im.Rect.Dx()-1), min(y0+1, im.Rect.Dy()-1)
	fx, fy := x-float64(x0), y-float64(y0)
	for c := range 3 {
		at := func(x, y int) float64 { return float64(im.Pix[y*im.Stride+4*x+c]) }
		sum[c] += (at(x0, y0)*(1-fx)+at(x1, y0)*fx)*(1-fy) + (at(x0, y1)*(1-fx)+at(x1, y1)*fx)*fy
	}
}

// shadow darkens the table around the quad, a little to the lower right.
//
//go:norace
func (p *photo) shadow(q Quad) {
	const reach = 24
	moved := q
	for i := range moved {
		moved[i][0] += 8
		moved[i][1] += 10
	}
	m := moved.toUnit()
	w, h := moved.side(0), moved.side(1)
	p.each(func(x, y float64, at []float32) {
		u, v := m.apply(x, y)
		// The distance to the outside, positive within, in pixels.
		inside := min(u*w, (1-u)*w, v*h, (1-v)*h)
		dark := min(max(.5+inside/reach, 0), 1)
		scale(at, 1-.35*dark)
	})
}

// each visits the pixels at their centres.
//
//go:norace
func (p *photo) each(f func(x, y float64, at []float32)) {
	for y := range FrameHeight {
		for x := range FrameWidth {
			i := 3 * (y*FrameWidth + x)
			f(float64(x)+.5, float64(y)+.5, p.pix[i:i+3])
		}
	}
}

//go:norace
func scale(at []float32, by float64) {
	for c := range at {
		at[c] *= float32(by)
	}
}

// shade lets the light fall off in a direction.
//
//go:norace
func (p *photo) shade(by, angle float64) {
	sin, cos := math.Sincos(angle)
	p.each(func(x, y float64, at []float32) {
		g := ((x-FrameWidth/2)*cos + (y-FrameHeight/2)*sin) / (FrameWidth / 2)
		scale(at, 1-by*(g/2+.5))
	})
}

// glare adds a spot of reflected light, wider than high.
//
//go:norace
func (p *photo) glare(by, cx, cy float64) {
	p.each(func(x, y float64, at []float32) {
		u, v := (x-cx)/140, (y-cy)/70
		add := float32(by * math.Exp(-u*u-v*v))
		for c := range at {
			at[c] += add
		}
	})
}

//go:norace
func (p *photo) clip() {
	for i, v := range p.pix {
		p.pix[i] = min(max(v, 0), 255)
	}
}

// blur applies a Gaussian along both axes.
func (p *photo) blur(sigma float64) {
	radius := int(math.Ceil(3 * sigma))
	kernel := make([]float32, 2*radius+1)
	var total float64
	for i := range kernel {
		total += gauss(i-radius, sigma)
	}
	for i := range kernel {
		kernel[i] = float32(gauss(i-radius, sigma) / total)
	}
	p.convolve(kernel, 1, 0)
	p.convolve(kernel, 0, 1)
}

func gauss(i int, sigma float64) float64 { return math.Exp(-float64(i*i) / (2 * sigma * sigma)) }

// smear moves the camera sideways during the exposure.
func (p *photo) smear(n int) {
	kernel := make([]float32, n|1)
	for i := range kernel {
		kernel[i] = 1 / float32(len(kernel))
	}
	p.convolve(kernel, 1, 0)
}

// convolve applies a kernel along one axis; the border repeats.
//
//go:norace
func (p *photo) convolve(kernel []float32, dx, dy int) {
	out := make([]float32, len(p.pix))
	radius := len(kernel) / 2
	for k, weight := range kernel {
		for y := range FrameHeight {
			from := p.row(y + dy*(k-radius))
			addShifted(out[3*FrameWidth*y:][:3*FrameWidth], from, weight, dx*(k-radius))
		}
	}
	p.pix = out
}

// row returns a row of pixels, the nearest one beyond the border.
func (p *photo) row(y int) []float32 {
	y = min(max(y, 0), FrameHeight-1)
	return p.pix[3*FrameWidth*y:][:3*FrameWidth]
}

// addShifted adds to each pixel of a row the weighted one shift to its right.
//
//go:norace
func addShifted(to, from []float32, weight float32, shift int) {
	last := len(from) - 3
	for i := range to {
		at := i + 3*shift
		if at < 0 {
			at = i % 3
		} else if at >= len(from) {
			at = last + i%3
		}
		to[i] += weight * from[at]
	}
}

//go:norace
func (p *photo) noise(sigma float64, r *rand.Rand) {
	for i := range p.pix {
		p.pix[i] += float32(sigma * r.NormFloat64())
	}
}

//go:norace
func (p *photo) image() *image.RGBA {
	im := image.NewRGBA(image.Rect(0, 0, FrameWidth, FrameHeight))
	for i := range FrameWidth * FrameHeight {
		for c := range 3 {
			im.Pix[4*i+c] = level8(float64(p.pix[3*i+c]))
		}
		im.Pix[4*i+3] = 255
	}
	return im
}
