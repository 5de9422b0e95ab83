package ocr

import (
	"image"
	"image/color"
)

// Raster is a picture of packed RGB bytes, row after row.
type Raster struct {
	W, H int
	Pix  []uint8 // 3 W H values
}

// NewRaster copies a picture. Transparent pixels become as light as their
// premultiplied colour.
func NewRaster(img image.Image) *Raster {
	b := img.Bounds()
	r := &Raster{b.Dx(), b.Dy(), make([]uint8, 3*b.Dx()*b.Dy())}
	switch m := img.(type) {
	case *image.YCbCr:
		r.fromYCbCr(m)
	case *image.RGBA:
		r.fromRGBA(m)
	default:
		r.fromAny(img)
	}
	return r
}

func (r *Raster) fromYCbCr(m *image.YCbCr) {
	out := r.Pix
	for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
		for x := m.Rect.Min.X; x < m.Rect.Max.X; x++ {
			c := m.COffset(x, y)
			out[0], out[1], out[2] = color.YCbCrToRGB(m.Y[m.YOffset(x, y)], m.Cb[c], m.Cr[c])
			out = out[3:]
		}
	}
}

func (r *Raster) fromRGBA(m *image.RGBA) {
	out := r.Pix
	for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
		row := m.Pix[m.PixOffset(m.Rect.Min.X, y):]
		for x := range r.W {
			copy(out[3*x:3*x+3], row[4*x:])
		}
		out = out[3*r.W:]
	}
}

func (r *Raster) fromAny(img image.Image) {
	b, out := img.Bounds(), r.Pix
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			red, green, blue, _ := img.At(x, y).RGBA()
			out[0], out[1], out[2] = uint8(red>>8), uint8(green>>8), uint8(blue>>8)
			out = out[3:]
		}
	}
}

// at interpolates between the four pixels around (x, y), pixel centres at half
// coordinates; beyond the border the border's pixels go on.
func (r *Raster) at(x, y float64) (red, green, blue float32) {
	x, y = min(max(x-0.5, 0), float64(r.W-1)), min(max(y-0.5, 0), float64(r.H-1))
	x0, y0 := int(x), int(y)
	fx, fy := float32(x-float64(x0)), float32(y-float64(y0))
	i := 3 * (y0*r.W + x0)
	right, down := 3, 3*r.W
	if x0 == r.W-1 {
		right = 0
	}
	if y0 == r.H-1 {
		down = 0
	}
	p, q := r.Pix[i:], r.Pix[i+down:]
	a, b, c, d := (1-fx)*(1-fy), fx*(1-fy), (1-fx)*fy, fx*fy
	red = a*float32(p[0]) + b*float32(p[right]) + c*float32(q[0]) + d*float32(q[right])
	green = a*float32(p[1]) + b*float32(p[right+1]) + c*float32(q[1]) + d*float32(q[right+1])
	blue = a*float32(p[2]) + b*float32(p[right+2]) + c*float32(q[2]) + d*float32(q[right+2])
	return red, green, blue
}

// Warp returns the quad's content as an upright picture of w x h pixels.
func (r *Raster) Warp(q Quad, w, h int) *Raster {
	out := &Raster{w, h, make([]uint8, 3*w*h)}
	r.sample(q, w, h, func(x, y int, red, green, blue float32) {
		p := out.Pix[3*(y*w+x):]
		p[0], p[1], p[2] = uint8(red+0.5), uint8(green+0.5), uint8(blue+0.5)
	})
	return out
}

// Scale returns the whole picture as one of w x h pixels.
func (r *Raster) Scale(w, h int) *Raster {
	out := &Raster{w, h, make([]uint8, 3*w*h)}
	r.scale(w, h, func(i int, red, green, blue float32) {
		p := out.Pix[3*i:]
		p[0], p[1], p[2] = uint8(red+0.5), uint8(green+0.5), uint8(blue+0.5)
	})
	return out
}

// scale calls f for each pixel of the whole picture as one of w x h pixels. A
// picture that shrinks is averaged by area, columns before rows, which costs a
// tenth of sampling it.
func (r *Raster) scale(w, h int, f func(i int, red, green, blue float32)) {
	if w > r.W || h > r.H {
		r.sample(r.Whole(), w, h, func(x, y int, red, green, blue float32) { f(y*w+x, red, green, blue) })
		return
	}
	columns, rows := shares(r.W, w), shares(r.H, h)
	sums := make([]float32, 3*r.W)
	for y, s := range rows {
		clear(sums)
		for j, weight := range s.weights {
			for i, v := range r.Pix[3*r.W*(s.from+j):][:len(sums)] {
				sums[i] += weight * float32(v)
			}
		}
		for x, c := range columns {
			var red, green, blue float32
			for j, weight := range c.weights {
				p := sums[3*(c.from+j):]
				red, green, blue = red+weight*p[0], green+weight*p[1], blue+weight*p[2]
			}
			f(y*w+x, red, green, blue)
		}
	}
}

// share is the consecutive pixels that make one, with the share of each.
type share struct {
	from    int
	weights []float32
}

// shares parts n pixels among m of them, m at most n.
func shares(n, m int) []share {
	out := make([]share, m)
	width := float64(n) / float64(m)
	for i := range out {
		a, b := float64(i)*width, min(float64(i+1)*width, float64(n))
		out[i].from = int(a)
		for k := int(a); float64(k) < b-1e-9; k++ {
			out[i].weights = append(out[i].weights, float32((min(b, float64(k+1))-max(a, float64(k)))/width))
		}
	}
	return out
}

// sample calls f with the mean colour under each pixel of a w x h picture that
// the quad is stretched to.
func (r *Raster) sample(q Quad, w, h int, f func(x, y int, red, green, blue float32)) {
	m := q.homography(float64(w), float64(h))
	n := supersampling(q, w, h)
	step, weight := 1/float64(n), 1/float32(n*n)
	for y := range h {
		for x := range w {
			var red, green, blue float32
			for j := range n {
				for i := range n {
					p := m.apply(float64(x)+(float64(i)+0.5)*step, float64(y)+(float64(j)+0.5)*step)
					a, b, c := r.at(p.X, p.Y)
					red, green, blue = red+a, green+b, blue+c
				}
			}
			f(x, y, red*weight, green*weight, blue*weight)
		}
	}
}

// supersampling returns how many samples a pixel's side needs: 1 when the quad
// is stretched, at most 4 when it shrinks.
func supersampling(q Quad, w, h int) int {
	shrink := max(q.Width()/float64(w), q.Height()/float64(h))
	return min(max(int(shrink+0.75), 1), 4)
}

// Image returns the raster as a standard picture.
func (r *Raster) Image() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, r.W, r.H))
	for i := range r.W * r.H {
		copy(img.Pix[4*i:], r.Pix[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return img
}

// Grey returns the luminance of every pixel, 0..255.
func (r *Raster) Grey() []uint8 {
	out := make([]uint8, r.W*r.H)
	for i := range out {
		p := r.Pix[3*i:]
		out[i] = uint8((299*int(p[0]) + 587*int(p[1]) + 114*int(p[2]) + 500) / 1000)
	}
	return out
}

// Whole returns the quad of the picture itself.
func (r *Raster) Whole() Quad {
	w, h := float64(r.W), float64(r.H)
	return Quad{{0, 0}, {w, 0}, {w, h}, {0, h}}
}

// Luminance returns the luminance as a standard picture.
func (r *Raster) Luminance() *image.Gray {
	return &image.Gray{Pix: r.Grey(), Stride: r.W, Rect: image.Rect(0, 0, r.W, r.H)}
}
