package document

import (
	"context"
	"image"
	"math"
	"slices"

	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/document/ocr"
)

// NotFound is the hint of a picture in which no document stands out.
const NotFound tech.Reason = "document_not_found"

// From where on a picture of the camera is not good enough. It is smaller than
// the one that is read, so sizes are shares of it.
const (
	smallShare = 0.55 // the document's longer side against the picture's shorter one
	guideSide  = 480  // pixels across the document at which its sharpness is taken
	guideBlur  = 1.4  // sigma of a Gaussian in pixels at guideSide
	guideRows  = 40   // rows that the sharpness is taken from
)

// Guide implements tech.Guide: it looks for the document's edges and at its
// light and sharpness, and reads nothing. It needs no network.
func (t *Technology) Guide(ctx context.Context, img image.Image) (tech.Guidance, error) {
	if err := ctx.Err(); err != nil {
		return tech.Guidance{}, err
	}
	s := &sheet{img: ocr.NewRaster(img)}
	if s.quad = s.corners(); s.quad == nil {
		g := tech.Guidance{Hints: []tech.Reason{NotFound}}
		if mean, _ := s.light(s.img.Whole()); mean < darkBelow {
			g.Hints = append(g.Hints, Dark)
		}
		return g, nil
	}
	return tech.Guidance{Hints: s.hints(), Document: s.place()}, nil
}

func (s *sheet) hints() (out []tech.Reason) {
	q := *s.quad
	long := max(q.Width(), q.Height()) / float64(min(s.img.W, s.img.H))
	mean, glare := s.light(q)
	for _, h := range []struct {
		holds bool
		why   tech.Reason
	}{
		{long < smallShare, Small}, {s.touchesBorder(q), Cut}, {s.softness() > guideBlur, Blurred},
		{glare > glaring, Glare}, {mean < darkBelow, Dark}, {mean > brightAbove, Bright},
	} {
		if h.holds {
			out = append(out, h.why)
		}
	}
	return out
}

// softness is the blur of whatever the document shows, taken from rows across
// all of it because no lines of text were looked for.
func (s *sheet) softness() float64 {
	q := *s.quad
	w := guideSide
	h := max(guideRows, int(float64(w)*q.Height()/max(q.Width(), 1)))
	grey := s.img.Warp(q, w, h).Grey()
	var widths []float64
	for i := range guideRows {
		y := (2*i + 1) * h / (2 * guideRows)
		widths = edgeWidths(widths, grey[y*w+w/20:(y+1)*w-w/20])
	}
	if len(widths) == 0 {
		return 0
	}
	slices.Sort(widths)
	return widths[len(widths)/2] / math.Sqrt(2*math.Pi)
}

// place is the quad in shares of the picture.
func (s *sheet) place() *tech.Quad {
	var out tech.Quad
	for i, p := range s.quad {
		out[i] = [2]float64{p.X / float64(s.img.W), p.Y / float64(s.img.H)}
	}
	return &out
}
