package liveness

import "slices"

// stance is how the face was held before a move: its pose in degrees and the
// height of its box in pixels.
type stance struct{ yaw, pitch, height float64 }

// restFrames is over how many of the first frames the stance is taken.
const restFrames = 3

// rest returns the stance at the start: the medians of the first frontal
// frames, which must be among the first five.
func rest(list []*Observation) (stance, bool) {
	var yaw, pitch, height []float64
	for _, o := range list[:min(len(list), MedianFrames)] {
		if o.atRest() && len(yaw) < restFrames {
			yaw, pitch, height = append(yaw, o.Pose.Yaw), append(pitch, o.Pose.Pitch), append(height, o.Box.Height())
		}
	}
	if len(yaw) == 0 {
		return stance{}, false
	}
	return stance{median(yaw), median(pitch), median(height)}, true
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[(len(v)-1)/2]
}

// grown is the factor by which a face is closer, or further away.
const grown = 1.5

// move returns what a frame shows against a stance, "" for a face at rest, and
// whether the head is turned the least.
func (s stance) move(o *Observation) (m Move, home bool) {
	switch direction(o.Pose.Yaw-s.yaw, o.Pose.Pitch-s.pitch) {
	case Left:
		return TurnLeft, false
	case Right:
		return TurnRight, false
	case Up:
		return LookUp, false
	case Down:
		return LookDown, false
	case Forward:
		home = true
	}
	switch size := o.Box.Height() / s.height; {
	case home && size >= grown:
		return Closer, true
	case home && size <= 1/grown:
		return Away, true
	}
	return "", home
}

// goOn lets a face that came closer, or went away, as far as was asked for do
// so further: the way back is measured from where it turns, not from the frame
// that happened to be the first beyond the limit.
func (s *stance) goOn(last, next Move, height float64) {
	switch {
	case last == Closer && next == Away:
		s.height = max(s.height, height)
	case last == Away && next == Closer:
		s.height = min(s.height, height)
	}
}

// moved demands the moves in their order, each from a head at rest, and no
// other between them.
func (j *judge) moved(asked []Move) {
	j.result.Asked = asked
	at, ok := rest(j.frames)
	if !ok {
		j.fail(Turned)
		return
	}
	home := true
	for _, o := range j.frames {
		done := len(j.result.Done)
		if done == len(asked) {
			return
		}
		if !o.seen() {
			continue
		}
		m, atRest := at.move(o)
		home = home || atRest
		if done > 0 && atRest {
			at.goOn(asked[done-1], asked[done], o.Box.Height())
		}
		switch {
		case m == "" || done > 0 && m == asked[done-1]: // the last one is on its way back
		case m != asked[done]:
			j.fail(WrongMove)
			return
		case home:
			j.result.Done = append(j.result.Done, o.index)
			if home = atRest; atRest {
				at.height = o.Box.Height() // closer or away: from here on
			}
		}
	}
	if len(j.result.Done) < len(asked) {
		j.fail(MovesMissing)
	}
}
