package liveness

import (
	"slices"

	"github.com/idem-id/idem/internal/face"
)

// flat is the change of proportions above which a face grew like a picture. A
// picture that is enlarged changes by less than 0.018 in 98 of 100 single
// frames; a head rendered at 50 and 25 cm by -0.034 in the median.
const flat = -0.01

// inPerspective compares the proportions of the nearest and the furthest
// frontal frames where the face grew enough. It is a weak sign, never measured
// on living heads, so it only warns.
func (j *judge) inPerspective() {
	var far, near []*Observation
	for _, o := range j.frames {
		if o.atRest() {
			near = append(near, o)
		}
	}
	slices.SortStableFunc(near, func(a, b *Observation) int {
		if a.Box.Height() < b.Box.Height() {
			return -1
		}
		return 1
	})
	if len(near) < 2*restFrames {
		return
	}
	far, near = near[:restFrames], near[len(near)-restFrames:]
	if near[0].Box.Height() < grown*far[restFrames-1].Box.Height() {
		return
	}
	change := breadth(near)/breadth(far) - 1
	j.result.Perspective = &change
	if change > flat {
		j.warnings = append(j.warnings, FlatPerspective)
	}
}

// breadth returns the median width of the head, ear to ear, in eye distances.
func breadth(list []*Observation) float64 {
	var v []float64
	for _, o := range list {
		v = append(v, headWidth(&o.face.Landmarks))
	}
	return median(v)
}

func headWidth(l *face.Landmarks) float64 { return l[0].Dist(l[16]) / max(l.InterEye(), 1) }
