//go:build cgo

package ort

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/models"
	"github.com/idem-id/idem/internal/onnx"
	"github.com/idem-id/idem/match"
)

// Input sizes of the networks whose parameters are not configurable.
const (
	landmarkSide = 64
	livenessSide = 128
	poseSide     = 224
	poseBins     = 66
	// padContext is the crop of presentation attack detection in face heights.
	padContext = 2.7
)

// worker holds one set of sessions and buffers. One analysis at a time.
type worker struct {
	config                                  models.Config
	model                                   face.Model
	detect, landmark, feature, living, pose *onnx.Net
	memory                                  arena
	scratch                                 scratch
	lum                                     []int32
}

func (w *worker) close() error {
	var err error
	for _, n := range []*onnx.Net{w.detect, w.landmark, w.feature, w.living, w.pose} {
		if n != nil {
			err = errors.Join(err, n.Close())
		}
	}
	return err
}

// analyse runs the stages; between two of them it looks whether the caller is
// still there.
func (w *worker) analyse(ctx context.Context, img image.Image, want face.Want) (face.Analysis, error) {
	w.memory.reset()
	s := newSource(img, &w.memory)
	all, err := w.find(ctx, s)
	if err != nil || len(all) == 0 {
		return face.Analysis{Code: face.NotFound}, err
	}
	a := face.Analysis{Faces: len(all)}
	for _, o := range all {
		a.Boxes = append(a.Boxes, o.box)
	}
	a.Primary, a.Code, err = w.choose(ctx, s, ranked(all, s.bounds()), want)
	if err != nil {
		return face.Analysis{}, err
	}
	return a, nil
}

// choose describes the first face of a ranked list. If its template is
// unreliable, which a false detection's is, it takes the next face of
// comparable size that has a good one.
func (w *worker) choose(ctx context.Context, s *source, order []found, want face.Want) (*face.Face, face.Code, error) {
	others := rivals(order)
	first, code, err := w.describe(ctx, s, order[0], want)
	if err != nil || len(others) == 0 {
		return first, code, err
	}
	if code == face.LowQuality {
		second, better, err := w.describe(ctx, s, others[0], want)
		if err != nil {
			return nil, "", err
		}
		if better == face.OK {
			first, code = second, better
		}
	}
	if code == face.OK {
		code = face.Multiple
	}
	return first, code, nil
}

// find detects faces, and looks again with a margin around the picture when
// there are none.
func (w *worker) find(ctx context.Context, s *source) ([]found, error) {
	all, err := w.detectIn(ctx, s, s.bounds(), repeat)
	if err != nil || len(all) > 0 {
		return all, err
	}
	return w.detectIn(ctx, s, padded(s.bounds()), blank)
}

func (w *worker) detectIn(ctx context.Context, s *source, region face.Box, e edge) ([]found, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d := w.config.Detector
	box := fitInto(region, d.Width, d.Height)
	t := pixels(d.Input, w.detect.In, d.Width, d.Height)
	clear(t.data) // the margin is the mean grey
	t.x0, t.y0, t.ww, t.wh = box.x0, box.y0, box.ww, box.wh
	s.crop(region, e, t, &w.scratch)
	if err := w.detect.Run(); err != nil {
		return nil, fmt.Errorf("detect faces: %w", err)
	}
	scores, corners := w.detect.Out[0], w.detect.Out[1]
	if len(scores) > len(corners) {
		scores, corners = corners, scores
	}
	return box.faces(scores, corners, d), nil
}

// pixels describes a whole tensor for an input.
func pixels(in models.Input, data []float32, w, h int) tensor {
	m, g := float32(in.Mean), float32(1/in.Scale)
	t := tensor{data: data, w: w, h: h, ww: w, wh: h, order: [3]int{0, 1, 2}, mean: [3]float32{m, m, m}, gain: [3]float32{g, g, g}}
	if in.Order == models.BGR {
		t.order = [3]int{2, 1, 0}
	}
	return t
}

// describe computes everything about one face that is wanted.
func (w *worker) describe(ctx context.Context, s *source, at found, want face.Want) (*face.Face, face.Code, error) {
	f, code := &face.Face{Box: at.box, DetectionScore: at.score}, face.OK
	if err := w.landmarks(ctx, s, f); err != nil {
		return nil, "", err
	}
	f.Quality.FaceSize, f.Quality.InterEye = f.Box.Height(), f.Landmarks.InterEye()
	f.Pose.Roll = f.Landmarks.Roll()
	if want.Has(face.WantPose) {
		if err := w.posture(ctx, s, f); err != nil {
			return nil, "", err
		}
	}
	if want.Has(face.WantPAD) {
		if err := w.attack(ctx, s, f); err != nil {
			return nil, "", err
		}
	}
	if f.Quality.InterEye < minInterEye {
		code = face.TooSmall
	} else if want.Has(face.WantTemplate) {
		if err := w.template(ctx, s, f, &code); err != nil {
			return nil, "", err
		}
	}
	f.Quality.Issues = issues(f, s.bounds(), want)
	return f, code, nil
}

func (w *worker) landmarks(ctx context.Context, s *source, f *face.Face) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	box := f.Box.Square(f.Box.Height())
	s.greyCrop(box, landmarkSide, landmarkSide, 1.0/256, w.landmark.In, &w.scratch)
	if err := w.landmark.Run(); err != nil {
		return fmt.Errorf("find landmarks: %w", err)
	}
	out := w.landmark.Out[0]
	for i := range f.Landmarks {
		f.Landmarks[i] = face.Point{X: box.X0 + float64(out[2*i])*box.Width(), Y: box.Y0 + float64(out[2*i+1])*box.Height()}
	}
	return nil
}

func (w *worker) template(ctx context.Context, s *source, f *face.Face, code *face.Code) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := w.config.Recogniser
	back, ok := alignment(&f.Landmarks, r.Side)
	if !ok {
		*code = face.LowQuality
		return nil
	}
	s.warp(back, pixels(r.Input, w.feature.In, r.Side, r.Side), w.lum, &w.scratch)
	if err := w.feature.Run(); err != nil {
		return fmt.Errorf("compute template: %w", err)
	}
	f.Quality.Sharpness = sharpness(w.lum, r.Side)
	f.Vector, f.Quality.Norm = unit(w.feature.Out[0])
	f.Quality.Score = unified(f.Quality.Norm, r)
	t, err := match.Quantise(w.model.Short, f.Vector)
	if err != nil { // a zero or broken vector: the network saw nothing
		f.Vector, *code = nil, face.LowQuality
		return nil
	}
	f.Template = &t
	if f.Quality.Score < minScore {
		*code = face.LowQuality
	}
	return nil
}

// unit copies a vector at length 1 and returns its length.
func unit(v []float32) ([]float32, float64) {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	norm := math.Sqrt(sum)
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(float64(x) / norm)
	}
	return out, norm
}

func (w *worker) posture(ctx context.Context, s *source, f *face.Face) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := pixels(models.Input{Order: models.RGB, Scale: 1}, w.pose.In, poseSide, poseSide)
	// Mean and deviation of ImageNet, on 0..255.
	t.mean = [3]float32{0.485 * 255, 0.456 * 255, 0.406 * 255}
	t.gain = [3]float32{1 / (0.229 * 255), 1 / (0.224 * 255), 1 / (0.225 * 255)}
	s.crop(f.Box.Square(f.Box.Height()), blank, t, &w.scratch)
	if err := w.pose.Run(); err != nil {
		return fmt.Errorf("estimate pose: %w", err)
	}
	f.Pose.Yaw, f.Pose.Pitch = angle(w.pose.Out[0]), angle(w.pose.Out[1])
	return nil
}

// angle is the expectation over bins of 3 degrees from -99 on.
func angle(logits []float32) float64 {
	p := softmax(logits)
	sum := 0.0
	for i, v := range p {
		sum += float64(i) * v
	}
	return sum*3 - 99
}

func softmax(logits []float32) []float64 {
	top := math.Inf(-1)
	for _, v := range logits {
		top = max(top, float64(v))
	}
	p, sum := make([]float64, len(logits)), 0.0
	for i, v := range logits {
		p[i] = math.Exp(float64(v) - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// attack averages the probabilities of the face with its surroundings and of
// their mirror image.
func (w *worker) attack(ctx context.Context, s *source, f *face.Face) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := pixels(models.Input{Order: models.BGR, Scale: 1}, w.living.In, livenessSide, livenessSide)
	s.crop(contextBox(f.Box, padContext, s.bounds()), repeat, t, &w.scratch)
	var p [3]float64
	for range 2 {
		if err := w.living.Run(); err != nil {
			return fmt.Errorf("detect presentation attack: %w", err)
		}
		for i, v := range softmax(w.living.Out[0][:3]) {
			p[i] += v / 2
		}
		mirror(t.data, livenessSide)
	}
	f.PAD = &face.PAD{Live: p[0], Attack2D: p[1], Attack3D: p[2]}
	return nil
}

// mirror turns every row of w values around.
func mirror(data []float32, w int) {
	for ; len(data) >= w; data = data[w:] {
		for i, j := 0, w-1; i < j; i, j = i+1, j-1 {
			data[i], data[j] = data[j], data[i]
		}
	}
}
