package liveness

import (
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/tech"
)

// The reasons of these technologies.
const (
	FaceNotFound     tech.Reason = "face_not_found"
	FaceTooSmall     tech.Reason = "face_too_small"
	LowQuality       tech.Reason = "face_low_quality"
	SeveralFaces     tech.Reason = "several_faces"
	NotCentred       tech.Reason = "face_not_centred"
	Turned           tech.Reason = "face_turned"    // not facing the camera where it must
	LowPrediction    tech.Reason = "low_prediction" // the network takes it for an attack
	TooFewFrames     tech.Reason = "too_few_frames" // after those that show the same picture again were left out
	FramesOutOfOrder tech.Reason = "frames_out_of_order"
	FramesMissing    tech.Reason = "frames_missing" // a gap in which anything may have happened
	TooFast          tech.Reason = "too_fast"
	TooSlow          tech.Reason = "too_slow"
	FaceLost         tech.Reason = "face_lost"
	FaceJumped       tech.Reason = "face_jumped"
	FaceChanged      tech.Reason = "face_changed" // another person's
	WrongMove        tech.Reason = "wrong_move"
	MovesMissing     tech.Reason = "moves_missing"
	FlatPerspective  tech.Reason = "flat_perspective" // warning: the face grew as a picture does
)

// Direction is where a face looks, as the person says it.
type Direction string

// The directions.
const (
	Forward Direction = "forward"
	Left    Direction = "left"
	Right   Direction = "right"
	Up      Direction = "up"
	Down    Direction = "down"
)

// Result is what a liveness check saw.
type Result struct {
	Type idem.TechCode
	// Prediction is the probability that a living person is seen, 0..1: the
	// median over five frames and more, the lowest of fewer.
	Prediction float64
	Threshold  float64 // of Prediction
	Centred    bool    // the best frame's face is in the middle
	Direction  Direction
	EyesClosed *bool // nil: not judged
	Best       int   // index of the best frame, -1 without a face
	Frames     []Observation
	Asked      []Move
	Done       []int // for each move done, the frame that shows it
	// Perspective is by how much the width of the head against the distance of
	// the eyes changed from far to near, -1..; a head shrinks by a few
	// hundredths, a picture does not. nil when it was not asked for.
	Perspective *float64
}

// Observation is what one frame shows.
type Observation struct {
	At      time.Duration
	Code    face.Code
	Faces   int
	Box     face.Box
	Pose    face.Pose
	Live    float64 // 0..1
	Quality float64 // 0..100
	// Repeated marks the very picture of an earlier frame; it is not judged.
	Repeated bool

	index   int
	face    *face.Face
	centred bool
}

// seen reports whether the frame shows one face that can be followed; of one
// that is turned away the quality is low.
func (o *Observation) seen() bool {
	return o.face != nil && o.face.Template != nil && o.Faces == 1
}

// good reports whether the face is fit to be judged and kept.
func (o *Observation) good() bool { return o.seen() && o.Code == face.OK }

// atRest reports whether the frame shows a good face that looks at the camera.
func (o *Observation) atRest() bool { return o.good() && o.frontal() }

// frontal reports whether the face looks at the camera as far as the networks
// that judge it demand.
func (o *Observation) frontal() bool {
	return o.face != nil && abs(o.Pose.Yaw) <= frontalYaw && abs(o.Pose.Pitch) <= frontalPitch
}

func abs(x float64) float64 { return max(x, -x) }

// The limits of poses, in degrees.
const (
	frontalYaw   = 20
	frontalPitch = 25
)

// direction names a pose that is away from another by dy and dp degrees, or
// returns "" in between.
func direction(yaw, pitch float64) Direction {
	switch {
	case abs(yaw) >= turnYaw && abs(yaw) >= abs(pitch):
		if yaw > 0 {
			return Right
		}
		return Left
	case abs(pitch) >= turnPitch && abs(pitch) > abs(yaw):
		if pitch > 0 {
			return Up
		}
		return Down
	case abs(yaw) <= homeAngle && abs(pitch) <= homeAngle:
		return Forward
	}
	return ""
}

// The angles from the pose at the start at which the head has turned, and
// within which it is back, in degrees.
const (
	turnYaw   = 18
	turnPitch = 12
	homeAngle = 10
)
