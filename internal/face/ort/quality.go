package ort

import (
	"math"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/models"
)

// Limits of usable faces. They pass every picture of ORL and all but a handful
// of LFW; see the model card.
const (
	minInterEye  = 16 // pixels between the eyes, below: FACE_TOO_SMALL
	minScore     = 8  // unified quality, below: FACE_LOW_QUALITY
	warnScore    = 35 // the twentieth part of LFW lies below
	warnSharp    = 30 // variance of the Laplacian
	warnYaw      = 35 // degrees
	warnInterEye = 24 // pixels
)

// unified maps the length of a template to 0..100. The length of the vector
// before normalising predicts errors better than blur or pose do.
func unified(norm float64, r models.Recogniser) float64 {
	return 100 * max(0, min(1, (norm-r.WorstNorm)/(r.BestNorm-r.WorstNorm)))
}

// sharpness returns the variance of the Laplacian over the middle of an
// aligned face of w pixels a side; values are 8.8 fixed point.
func sharpness(lum []int32, w int) float64 {
	var sum, squares float64
	n := 0
	for y := w / 5; y < w-w/5; y++ {
		for x := w / 5; x < w-w/5; x++ {
			i := y*w + x
			v := float64(4*lum[i]-lum[i-1]-lum[i+1]-lum[i-w]-lum[i+w]) / 256
			sum += v
			squares += v * v
			n++
		}
	}
	m := sum / float64(n)
	return squares/float64(n) - m*m
}

// landmarkYaw estimates yaw in degrees from how far the nose tip stands off
// the middle of the eyes; it has the sign of face.Pose.
func landmarkYaw(l *face.Landmarks) float64 {
	eyes := l.RightEye().Sub(l.LeftEye())
	d := l[30].Sub(l.LeftEye().Mid(l.RightEye()))
	along := (d.X*eyes.X + d.Y*eyes.Y) / (eyes.X*eyes.X + eyes.Y*eyes.Y + 1e-9)
	return -math.Asin(max(-1, min(1, along/0.6))) * 180 / math.Pi
}

// issues names the weaknesses of a face.
func issues(f *face.Face, picture face.Box, want face.Want) []face.Issue {
	q := f.Quality
	yaw := landmarkYaw(&f.Landmarks)
	if want.Has(face.WantPose) {
		yaw = f.Pose.Yaw
	}
	var found []face.Issue
	note := func(weak bool, i face.Issue) {
		if weak {
			found = append(found, i)
		}
	}
	note(q.InterEye < warnInterEye, face.IssueSmall)
	note(math.Abs(yaw) > warnYaw, face.IssueTurned)
	note(cut(f.Box, picture) > 0.1, face.IssueCut)
	if want.Has(face.WantTemplate) && f.Vector != nil {
		note(q.Sharpness < warnSharp, face.IssueBlurred)
		note(q.Score < warnScore, face.IssueUnreliable)
	}
	return found
}

// cut returns the share of the box outside the picture.
func cut(b, picture face.Box) float64 {
	in := face.Box{X0: max(b.X0, 0), Y0: max(b.Y0, 0), X1: min(b.X1, picture.X1), Y1: min(b.Y1, picture.Y1)}
	return 1 - in.Area()/b.Area()
}
