package tech

import (
	"context"
	"image"

	"github.com/idem-id/idem"
)

// Guide is a technology that tells from one picture of a running camera what
// the user can do better, before evidence is taken. It decides nothing: what it
// finds good may fail later.
type Guide interface {
	// Guide looks at a decoded, upright picture. What it tells is shown to
	// whoever holds the camera, so no score of a judgement is in it. Errors are
	// those of Technology.Run.
	Guide(ctx context.Context, img image.Image) (Guidance, error)
}

// Guidance is what one picture shows. Places are shares of its width and
// height, 0..1, from its top left corner.
type Guidance struct {
	Hints    []Reason // the gravest first; none when the picture is good
	Face     *FacePlace
	Document *Quad
}

// FacePlace is where a face is and where it looks.
type FacePlace struct {
	X, Y, Width, Height float64 // of its box, which may reach over the border
	Yaw, Pitch          float64 // degrees, as face.Pose has them
}

// Quad is the corners of a document, clockwise from the one that is nearest to
// the picture's top left.
type Quad [4][2]float64

// ErrNoGuidance is the refusal of a technology that looks at no camera.
var ErrNoGuidance = idem.Errorf(idem.Unprocessable, "GUIDANCE_NOT_OFFERED", "the step takes no picture of a camera")
