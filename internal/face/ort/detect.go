package ort

import (
	"cmp"
	"math"
	"slices"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/models"
)

// letterbox is how a region of the picture lies in the detector's canvas.
type letterbox struct {
	region         face.Box
	x0, y0, ww, wh int // the window of the canvas
}

// fitInto places the region in the middle of a w x h canvas at its own aspect.
func fitInto(region face.Box, w, h int) letterbox {
	s := min(float64(w)/region.Width(), float64(h)/region.Height())
	ww := max(1, min(w, int(math.Round(region.Width()*s))))
	wh := max(1, min(h, int(math.Round(region.Height()*s))))
	return letterbox{region, (w - ww) / 2, (h - wh) / 2, ww, wh}
}

// back maps canvas coordinates to the picture.
func (l letterbox) back(x, y float64) face.Point {
	return face.Point{
		X: l.region.X0 + (x-float64(l.x0))*l.region.Width()/float64(l.ww),
		Y: l.region.Y0 + (y-float64(l.y0))*l.region.Height()/float64(l.wh),
	}
}

// padded returns the picture with half its longer side around it, for faces
// that fill it.
func padded(picture face.Box) face.Box {
	m := max(picture.Width(), picture.Height()) / 2
	return face.Box{X0: picture.X0 - m, Y0: picture.Y0 - m, X1: picture.X1 + m, Y1: picture.Y1 + m}
}

type found struct {
	box   face.Box
	score float64
}

// faces reads the outputs of the detector: scores [n][2] (other, face) and
// corners [n][4] in 0..1 of the canvas, already decoded.
func (l letterbox) faces(scores, corners []float32, d models.Detector) []found {
	var all []found
	w, h := float64(d.Width), float64(d.Height)
	for i := range len(scores) / 2 {
		p := float64(scores[2*i+1])
		if p < d.MinScore {
			continue
		}
		c := corners[4*i : 4*i+4]
		a, b := l.back(float64(c[0])*w, float64(c[1])*h), l.back(float64(c[2])*w, float64(c[3])*h)
		box := face.Box{X0: a.X, Y0: a.Y, X1: b.X, Y1: b.Y}
		if box.Width() >= 1 && box.Height() >= 1 {
			all = append(all, found{box, p})
		}
	}
	return suppress(all, d.MaxIoU)
}

// suppress keeps the best of boxes that overlap by more than maxIoU, best first.
func suppress(all []found, maxIoU float64) []found {
	slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(b.score, a.score) })
	var kept []found
	for _, f := range all {
		if !slices.ContainsFunc(kept, func(k found) bool { return k.box.IoU(f.box) > maxIoU }) {
			kept = append(kept, f)
		}
	}
	return kept
}

// ranked sorts faces by how much they are what the picture is of: area minus
// twice the squared distance of their centre to the picture's, falling.
func ranked(all []found, picture face.Box) []found {
	weight := func(f found) float64 {
		d := f.box.Centre().Dist(picture.Centre())
		return f.box.Area() - 2*d*d
	}
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(a, b found) int { return cmp.Compare(weight(b), weight(a)) })
	return order
}

// rival is how tall another face must be, relative to the primary one, to make
// the picture one of several people rather than one with a background.
const rival = 0.5

// rivals returns the other faces of a ranked list that are about as large as
// the first.
func rivals(order []found) []found {
	var others []found
	for _, f := range order[1:] {
		if f.box.Height() >= rival*order[0].box.Height() {
			others = append(others, f)
		}
	}
	return others
}
