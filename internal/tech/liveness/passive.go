package liveness

import (
	"slices"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/match"
)

// MedianFrames is from how many frames on the median decides.
const MedianFrames = 5

// fault returns why a frame cannot be judged, "" when it can.
func (o *Observation) fault() tech.Reason {
	switch {
	case o.face == nil:
		return FaceNotFound
	case o.Faces > 1:
		return SeveralFaces
	case o.Code == face.TooSmall:
		return FaceTooSmall
	case o.Code == face.LowQuality:
		return LowQuality
	case !o.frontal():
		return Turned
	}
	return ""
}

// Predict returns the probability over frontal frames that a living person is
// seen, 0..1, and of how many it is: the median of five and more, the lowest of
// fewer, 0 without any.
func Predict(list []*Observation) (live float64, frames int) {
	var all []float64
	for _, o := range list {
		if o.atRest() {
			all = append(all, o.Live)
		}
	}
	slices.Sort(all)
	switch {
	case len(all) == 0:
		return 0, 0
	case len(all) < MedianFrames:
		return all[0], len(all)
	}
	return all[(len(all)-1)/2], len(all)
}

// passive judges frames that show a face at rest: every one must be good, the
// best one in the middle, and all of one person.
func (j *judge) passive() {
	for _, o := range j.frames {
		if reason := o.fault(); reason != "" {
			j.fail(reason)
		}
	}
	if j.failed() {
		return
	}
	if !j.best().centred {
		j.fail(NotCentred)
	}
	j.samePerson()
	j.believe()
}

// believe fails what the network takes for an attack.
func (j *judge) believe() {
	j.result.Prediction, _ = Predict(j.frames)
	if j.result.Prediction < j.result.Threshold {
		j.fail(LowPrediction)
	}
}

// samePerson compares every frontal frame with the best one, and each frame
// with the one before, as far as turned heads can be compared.
func (j *judge) samePerson() {
	best := j.best()
	if best == nil {
		return
	}
	var before *Observation
	for _, o := range j.frames {
		if !o.seen() {
			continue
		}
		if o.atRest() && !j.alike(o, best, j.strict) || before != nil && !j.alike(o, before, j.loose) {
			j.fail(FaceChanged)
			return
		}
		before = o
	}
}

func (j *judge) alike(a, b *Observation, threshold float64) bool {
	score, err := match.Score(*a.face.Template, *b.face.Template)
	return err == nil && score >= threshold
}
