package liveness

import (
	"context"
	"fmt"
	"image"
	"slices"

	xdraw "golang.org/x/image/draw"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/tech"
)

// The reasons that only guidance has.
const (
	FaceTooLarge tech.Reason = "face_too_large"
	Dark         tech.Reason = "image_dark"
	Bright       tech.Reason = "image_bright"
	Blurred      tech.Reason = "image_blurred"
)

// From where on a face is not good enough to begin with.
const (
	smallEyes  = 32   // pixels between the eyes: twice what the engine demands at least
	largeFace  = 0.85 // share of the picture's height or width
	darkBelow  = 70   // luminance that the lightest tenth of the face does not reach
	burntFrom  = 250  // luminance without detail
	mostBurnt  = 0.25 // share of the face without detail
	blurBelow  = 10   // variance of the Laplacian at faceSide, in luminance squared
	faceSide   = 112
	lightShare = 0.9
)

// Guide implements tech.Guide. It looks for the face, its place and pose and
// the light on it. It neither compares nor looks for attacks: whoever tries out
// pictures here must not learn how the networks judge them.
func (t *technology) Guide(ctx context.Context, img image.Image) (tech.Guidance, error) {
	a, err := t.engine.Analyse(ctx, img, face.WantPose)
	if err != nil {
		return tech.Guidance{}, fmt.Errorf("analyse frame: %w", err)
	}
	if a.Primary == nil {
		return tech.Guidance{Hints: unseen(img)}, nil
	}
	return tech.Guidance{Hints: hints(&a, img), Face: place(a.Primary, img.Bounds())}, nil
}

// unseen says why there is no face, as far as the light tells.
func unseen(img image.Image) []tech.Reason {
	b := img.Bounds()
	whole := face.Box{X0: float64(b.Min.X), Y0: float64(b.Min.Y), X1: float64(b.Max.X), Y1: float64(b.Max.Y)}
	if lookAt(img, whole).high < darkBelow {
		return []tech.Reason{FaceNotFound, Dark}
	}
	return []tech.Reason{FaceNotFound}
}

func hints(a *face.Analysis, img image.Image) (out []tech.Reason) {
	f, frame := a.Primary, img.Bounds()
	o := Observation{face: f, Pose: f.Pose}
	small := a.Code == face.TooSmall || f.Quality.InterEye < smallEyes
	large := f.Box.Height() > largeFace*float64(frame.Dy()) || f.Box.Width() > largeFace*float64(frame.Dx())
	l := lookAt(img, f.Box)
	for _, h := range []struct {
		holds bool
		why   tech.Reason
	}{
		{a.Faces > 1, SeveralFaces}, {small, FaceTooSmall}, {large, FaceTooLarge}, {!centred(f.Box.Centre(), frame), NotCentred},
		{!o.frontal(), Turned}, {l.high < darkBelow, Dark}, {l.burnt > mostBurnt, Bright},
		{!small && l.detail < blurBelow, Blurred}, {a.Code == face.LowQuality, LowQuality},
	} {
		if h.holds {
			out = append(out, h.why)
		}
	}
	return out
}

func place(f *face.Face, frame image.Rectangle) *tech.FacePlace {
	w, h := float64(frame.Dx()), float64(frame.Dy())
	return &tech.FacePlace{X: (f.Box.X0 - float64(frame.Min.X)) / w, Y: (f.Box.Y0 - float64(frame.Min.Y)) / h,
		Width: f.Box.Width() / w, Height: f.Box.Height() / h, Yaw: f.Pose.Yaw, Pitch: f.Pose.Pitch}
}

// look is what the light on a face is like.
type look struct {
	high   uint8   // luminance that nine tenths of the face do not exceed
	burnt  float64 // share of the face that shows no detail, 0..1
	detail float64 // variance of the Laplacian
}

// lookAt measures the inner part of a face at one size, so that the figures do
// not depend on the camera. The lightest tenth tells darkness, not the mean,
// which is that of the skin.
func lookAt(img image.Image, b face.Box) look {
	inner := image.Rect(int(b.X0+0.1*b.Width()), int(b.Y0+0.1*b.Height()), int(b.X1-0.1*b.Width()), int(b.Y1-0.1*b.Height())).Intersect(img.Bounds())
	if inner.Empty() {
		return look{}
	}
	scaled := image.NewRGBA(image.Rect(0, 0, faceSide, faceSide))
	xdraw.BiLinear.Scale(scaled, scaled.Rect, img, inner, xdraw.Src, nil)
	lum := make([]uint8, faceSide*faceSide)
	for i := range lum {
		p := scaled.Pix[4*i:]
		lum[i] = uint8((299*int(p[0]) + 587*int(p[1]) + 114*int(p[2]) + 500) / 1000)
	}
	l := look{detail: laplacianVariance(lum, faceSide)}
	slices.Sort(lum)
	at, _ := slices.BinarySearch(lum, burntFrom)
	l.high, l.burnt = lum[int(lightShare*float64(len(lum)))], 1-float64(at)/float64(len(lum))
	return l
}

// laplacianVariance is over the inside of a square of w pixels a side.
func laplacianVariance(lum []uint8, w int) float64 {
	var sum, squares, n float64
	for y := 1; y < w-1; y++ {
		for x := 1; x < w-1; x++ {
			i := y*w + x
			v := float64(4*int(lum[i]) - int(lum[i-1]) - int(lum[i+1]) - int(lum[i-w]) - int(lum[i+w]))
			sum, squares, n = sum+v, squares+v*v, n+1
		}
	}
	mean := sum / n
	return squares/n - mean*mean
}
