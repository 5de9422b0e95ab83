package liveness

import (
	"context"
	"fmt"
	"hash/maphash"
	"image"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/tech"
)

// maxFrames bounds the work of one check: some 50 ms of a processor each.
const maxFrames = 40

// ErrTooManyFrames is the refusal of more frames than one check takes.
var ErrTooManyFrames = idem.Errorf(idem.Unprocessable, "FRAMES_TOO_MANY", "at most %d frames", maxFrames).At("frames")

// observe analyses frames one after the other: a check shares the engine with
// others instead of taking all of it.
func observe(ctx context.Context, e face.Engine, frames []tech.Frame) ([]Observation, error) {
	switch {
	case len(frames) == 0:
		return nil, tech.ErrEvidenceMissing.At("frames")
	case len(frames) > maxFrames:
		return nil, ErrTooManyFrames
	}
	seed, seen := maphash.MakeSeed(), map[uint64]bool{}
	list := make([]Observation, len(frames))
	for i, f := range frames {
		list[i].index, list[i].At = i, f.At
		print := fingerprint(seed, f.Image)
		if list[i].Repeated = seen[print]; list[i].Repeated {
			continue
		}
		seen[print] = true
		a, err := e.Analyse(ctx, f.Image, face.Everything)
		if err != nil {
			return nil, fmt.Errorf("analyse frame %d: %w", i, err)
		}
		list[i].take(a, f.Image.Bounds())
	}
	return list, nil
}

// See is what an analysis of everything tells of a frame of these bounds.
func See(a face.Analysis, frame image.Rectangle) *Observation {
	o := &Observation{}
	o.take(a, frame)
	return o
}

func (o *Observation) take(a face.Analysis, frame image.Rectangle) {
	o.Code, o.Faces, o.face = a.Code, a.Faces, a.Primary
	if a.Primary == nil {
		return
	}
	o.Box, o.Pose, o.Quality = a.Primary.Box, a.Primary.Pose, a.Primary.Quality.Score
	if a.Primary.PAD != nil {
		o.Live = a.Primary.PAD.Live
	}
	o.centred = centred(a.Primary.Box.Centre(), frame)
}

// centred reports whether the face is in the middle: a fifth of the width and a
// quarter of the height to each side.
func centred(c face.Point, frame image.Rectangle) bool {
	x := (c.X - float64(frame.Min.X)) / float64(frame.Dx())
	y := (c.Y - float64(frame.Min.Y)) / float64(frame.Dy())
	return abs(x-0.5) <= 0.2 && abs(y-0.5) <= 0.25
}

// fingerprint tells pictures apart that differ anywhere in a grid of points. A
// camera's noise never gives the same twice.
func fingerprint(seed maphash.Seed, img image.Image) uint64 {
	const grid = 64
	var h maphash.Hash
	h.SetSeed(seed)
	b := img.Bounds()
	for y := range grid {
		for x := range grid {
			r, g, bl, _ := img.At(b.Min.X+x*b.Dx()/grid, b.Min.Y+y*b.Dy()/grid).RGBA()
			_, _ = h.Write([]byte{byte(r >> 8), byte(g >> 8), byte(bl >> 8)})
		}
	}
	return h.Sum64()
}

// distinct returns the frames that are not repeated.
func distinct(list []Observation) []*Observation {
	var out []*Observation
	for i := range list {
		if !list[i].Repeated {
			out = append(out, &list[i])
		}
	}
	return out
}
