package liveness

import (
	"slices"
	"time"

	"github.com/idem-id/idem/internal/tech"
)

// judge collects what speaks against a sequence of frames.
type judge struct {
	result        *Result
	frames        []*Observation // without repeated ones
	reasons       []tech.Reason
	warnings      []tech.Reason
	strict, loose float64 // comparison scores: of frontal faces, and of faces that turn
}

func (j *judge) fail(r tech.Reason) {
	if !slices.Contains(j.reasons, r) {
		j.reasons = append(j.reasons, r)
	}
}

func (j *judge) failed() bool { return len(j.reasons) > 0 }

// best returns the frame to be kept: facing the camera, then of the best
// quality; nil without a good one.
func (j *judge) best() *Observation {
	var best *Observation
	for _, o := range j.frames {
		if o.good() && (best == nil || o.merit() > best.merit()) {
			best = o
		}
	}
	return best
}

// merit takes a point of quality for each degree away from the camera.
func (o *Observation) merit() float64 { return o.Quality - abs(o.Pose.Yaw) - abs(o.Pose.Pitch) }

// active judges frames that answer a challenge.
func (j *judge) active(m memo, now time.Time) {
	if len(j.frames) < MedianFrames {
		j.fail(TooFewFrames)
		return
	}
	j.inTime(m, now)
	j.unbroken()
	j.samePerson()
	j.moved(m.Moves)
	if countAtRest(j.frames) < MedianFrames {
		j.fail(TooFewFrames)
	}
	j.believe()
	j.inPerspective()
}

func countAtRest(list []*Observation) (n int) {
	for _, o := range list {
		if o.atRest() {
			n++
		}
	}
	return n
}

// The limits of time. The client's clock may run ahead of the server's by skew.
const (
	leastForMove = 300 * time.Millisecond
	longestGap   = 3 * time.Second
	skew         = 2 * time.Second
)

// inTime holds the times of the frames against each other and against the
// server's clock: nobody films longer than since the challenge was drawn.
func (j *judge) inTime(m memo, now time.Time) {
	for i, o := range j.frames[1:] {
		switch gap := o.At - j.frames[i].At; {
		case gap <= 0:
			j.fail(FramesOutOfOrder)
		case gap > longestGap:
			j.fail(FramesMissing)
		}
	}
	took := j.frames[len(j.frames)-1].At - j.frames[0].At
	switch {
	case took < time.Duration(len(m.Moves))*leastForMove:
		j.fail(TooFast)
	case took > now.Sub(m.At)+skew:
		j.fail(TooSlow)
	}
}

// mostLost is how many frames in a row may show no face that can be judged.
const mostLost = 2

// unbroken demands that the face is in sight and moves as a face does from one
// frame to the next: by at most its own height, and by at most this factor in size.
func (j *judge) unbroken() {
	const factor = 1.6
	lost := 0
	var before *Observation
	for _, o := range j.frames {
		if o.Faces > 1 {
			j.fail(SeveralFaces)
		}
		if !o.seen() {
			if lost++; lost > mostLost {
				j.fail(FaceLost)
			}
			continue
		}
		lost = 0
		if before != nil {
			grew := o.Box.Height() / before.Box.Height()
			if before.Box.Centre().Dist(o.Box.Centre()) > max(before.Box.Height(), o.Box.Height()) || grew > factor || grew < 1/factor {
				j.fail(FaceJumped)
			}
		}
		before = o
	}
}
