package liveness

import (
	"slices"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/match"
)

// medianFrames is from how many frames on the median decides.
const medianFrames = 5

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

// predict returns the probability over frontal frames that a living person is
// seen.
func predict(list []*Observation) float64 {
	var live []float64
	for _, o := range list {
		if o.atRest() {
			live = append(live, o.Live)
		}
	}
	slices.Sort(live)
	switch {
	case len(live) == 0:
		return 0
	case len(live) < medianFrames:
		return live[0]
	}
	return live[(len(live)-1)/2]
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
	j.result.Prediction = predict(j.frames)
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
