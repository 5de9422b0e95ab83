package document

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/tech/document/ocr"
)

// minInterEye is how many pixels between the eyes a portrait needs to be
// compared.
const minInterEye = 60

// uprightSide is the longer side of the picture in which faces are looked for.
const uprightSide = 1200

// findPortrait looks on every page for the holder's face and a second, smaller
// one. Without a face engine there is none.
func (t *Technology) findPortrait(ctx context.Context, sheets []*sheet, r *Result) error {
	if t.options.ZoneOnly || t.faces.Ready() != nil {
		return nil
	}
	var found []*Portrait
	for _, s := range sheets {
		all, err := t.portraits(ctx, s)
		if err != nil {
			return fmt.Errorf("find the portrait: %w", err)
		}
		found = append(found, all...)
	}
	slices.SortStableFunc(found, func(a, b *Portrait) int { return cmp.Compare(b.Quad.Width(), a.Quad.Width()) })
	if len(found) > 0 {
		r.Portrait = found[0]
	}
	if len(found) > 1 && found[1].Quad.Width() < ghostly*found[0].Quad.Width() {
		r.Ghost = found[1]
	}
	return nil
}

// ghostly is how wide a second face is at most, relative to the first.
const ghostly = 0.8

// portraits returns the faces of a page, which is turned upright first: the
// detector knows no faces that stand on their heads.
func (t *Technology) portraits(ctx context.Context, s *sheet) ([]*Portrait, error) {
	region := s.upright()
	scale := min(1, uprightSide/max(region.Width(), region.Height()))
	w, h := max(1, int(region.Width()*scale)), max(1, int(region.Height()*scale))
	a, err := t.faces.Analyse(ctx, s.img.Warp(region, w, h).Image(), face.DetectOnly)
	if err != nil {
		return nil, err
	}
	var out []*Portrait
	for _, box := range a.Boxes[:min(len(a.Boxes), maxFaces)] {
		crop := threeByFour(box)
		q := ocr.Quad{}
		for i, c := range [][2]float64{{crop.X0, crop.Y0}, {crop.X1, crop.Y0}, {crop.X1, crop.Y1}, {crop.X0, crop.Y1}} {
			q[i] = region.Map(c[0], c[1], float64(w), float64(h))
		}
		p, err := t.portrait(ctx, s, q)
		if err != nil {
			return nil, err
		}
		if p != nil {
			out = append(out, p)
		}
	}
	return out, nil
}

// maxFaces is how many faces of a page are looked at.
const maxFaces = 3

// headHeight is how much of a portrait's height the detector's box takes.
const headHeight = 0.5

// threeByFour returns the frame of a portrait around a face.
func threeByFour(box face.Box) face.Box {
	c := box.Centre()
	h := box.Height() / headHeight
	w := h * 3 / 4
	return face.Box{X0: c.X - w/2, Y0: c.Y - h/2, X1: c.X + w/2, Y1: c.Y + h/2}
}

// maxPortrait is the height of a cut portrait in pixels.
const maxPortrait = 640

// portrait cuts a portrait out of the original pixels and measures it; nil
// when the face is not found again.
func (t *Technology) portrait(ctx context.Context, s *sheet, q ocr.Quad) (*Portrait, error) {
	h := min(max(4, int(q.Height())), maxPortrait)
	p := &Portrait{Image: s.img.Warp(q, h*3/4, h).Image(), Page: s.page, Quad: q}
	a, err := t.faces.Analyse(ctx, p.Image, face.DetectOnly)
	if err != nil || a.Primary == nil {
		return nil, err
	}
	p.InterEye = a.Primary.Quality.InterEye
	if p.InterEye == 0 {
		p.InterEye = a.Primary.Landmarks.InterEye()
	}
	p.InterEye *= q.Height() / float64(h)
	return p, nil
}

// upright returns the document turned so that its text can be read, or the
// whole picture when there is no text.
func (s *sheet) upright() ocr.Quad {
	q, u := s.region(), s.axis()
	for range 3 {
		if q.Axis().Dot(u) > 0.7 {
			break
		}
		q = q.Turn()
	}
	if s.quad == nil {
		q = q.Grow(0.1*q.Width(), 0.15*q.Height())
	}
	return q
}
