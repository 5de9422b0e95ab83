//go:build cgo

package ort

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/models"
	"github.com/idem-id/idem/match"
	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// cutOut copies a square of the picture around a face, scaled and turned about
// its middle by degrees, at the given size.
func cutOut(img image.Image, box face.Box, margin, degrees float64, side int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, side, side))
	c := box.Centre()
	s := float64(side) / (box.Height() * margin)
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	half := float64(side) / 2
	m := f64.Aff3{s * cos, -s * sin, half - s*(cos*c.X-sin*c.Y), s * sin, s * cos, half - s*(sin*c.X+cos*c.Y)}
	draw.BiLinear.Transform(out, m, img, img.Bounds(), draw.Src, nil)
	return out
}

// again photographs a picture anew: darker and saved coarsely.
func again(t testing.TB, img *image.RGBA) image.Image {
	t.Helper()
	dark := image.NewRGBA(img.Rect)
	for i, v := range img.Pix {
		dark.Pix[i] = uint8(float64(v) * 0.8)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, dark, &jpeg.Options{Quality: 60}); err != nil {
		t.Fatal(err)
	}
	back, err := jpeg.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func score(t testing.TB, a, b face.Analysis) float64 {
	t.Helper()
	if a.Primary == nil || b.Primary == nil || a.Primary.Template == nil || b.Primary.Template == nil {
		t.Fatalf("no template: %s, %s", a.Code, b.Code)
	}
	s, err := match.Score(*a.Primary.Template, *b.Primary.Template)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestGoldenFace holds the whole pipeline to values that were measured once;
// the tolerances cover other processors' arithmetic.
func TestGoldenFace(t *testing.T) {
	e := openEngine(t, 1)
	f := mustAnalyse(t, e, sampleImage(t, 1), face.Everything).Primary
	for name, v := range map[string][3]float64{
		"left": {f.Box.X0, goldenLeft, 4}, "top": {f.Box.Y0, goldenTop, 4}, "height": {f.Box.Height(), goldenHeight, 6},
		"inter-eye": {f.Quality.InterEye, goldenEyes, 3}, "norm": {f.Quality.Norm, goldenNorm, 0.15},
		"yaw": {f.Pose.Yaw, goldenYaw, 2}, "pitch": {f.Pose.Pitch, goldenPitch, 2}, "roll": {f.Pose.Roll, goldenRoll, 2},
		"live": {f.PAD.Live, goldenLive, 0.05}, "detection": {f.DetectionScore, 1, 0.02},
	} {
		if math.Abs(v[0]-v[1]) > v[2] {
			t.Errorf("%s is %.3f, want %.3f +- %g", name, v[0], v[1], v[2])
		}
	}
	if sum := f.PAD.Live + f.PAD.Attack2D + f.PAD.Attack3D; math.Abs(sum-1) > 1e-6 {
		t.Errorf("probabilities add up to %v", sum)
	}
}

// TestPeopleOfTheSamples counts the people of each picture and photographs
// them twice.
func TestPeopleOfTheSamples(t *testing.T) {
	e := openEngine(t, 1)
	people := 0
	for i, want := range []int{3, 3, 3, 4, 5, 4} {
		n, img := i+1, sampleImage(t, i+1)
		all := mustAnalyse(t, e, img, face.DetectOnly)
		if all.Faces != want || len(all.Boxes) != want || all.Code != face.Multiple || all.Primary.Template != nil || all.Primary.PAD != nil {
			t.Errorf("sample %d: %d faces, %s; want %d", n, all.Faces, all.Code, want)
		}
		var first, second []face.Analysis
		for _, box := range all.Boxes {
			a := mustAnalyse(t, e, cutOut(img, box, 1.8, 0, 300), face.WantTemplate)
			if a.Code != face.OK || a.Primary.Quality.Score < warnScore {
				continue
			}
			first = append(first, a)
			second = append(second, mustAnalyse(t, e, again(t, cutOut(img, box, 2.2, 12, 240)), face.WantTemplate))
		}
		people += len(first)
		for i := range first {
			for j := range second {
				s := score(t, first[i], second[j])
				if i == j && s <= 0.56 || i != j && s >= 0.42 {
					t.Errorf("sample %d: people %d and %d score %.3f", n, i, j, s)
				}
			}
		}
	}
	if people < 18 {
		t.Errorf("only %d of 22 people are usable", people)
	}
}

func TestTurnedPictureTurnsRoll(t *testing.T) {
	e := openEngine(t, 1)
	img := sampleImage(t, 3)
	box := mustAnalyse(t, e, img, face.DetectOnly).Boxes[1]
	straight := mustAnalyse(t, e, cutOut(img, box, 2, 0, 300), face.Everything).Primary.Pose
	turned := mustAnalyse(t, e, cutOut(img, box, 2, 15, 300), face.Everything).Primary.Pose
	if d := turned.Roll - straight.Roll; math.Abs(d-15) > 4 {
		t.Errorf("roll changed by %.1f degrees, not by 15", d)
	}
}

func TestMirroredPictureMirrorsYaw(t *testing.T) {
	e := openEngine(t, 1)
	img := sampleImage(t, 3)
	for _, box := range mustAnalyse(t, e, img, face.DetectOnly).Boxes {
		cut := cutOut(img, box, 2, 0, 300)
		flipped := image.NewRGBA(cut.Rect)
		draw.NearestNeighbor.Transform(flipped, f64.Aff3{-1, 0, 300, 0, 1, 0}, cut, cut.Rect, draw.Src, nil)
		a, b := mustAnalyse(t, e, cut, face.Everything).Primary, mustAnalyse(t, e, flipped, face.Everything).Primary
		if math.Abs(a.Pose.Yaw+b.Pose.Yaw) > 10 {
			t.Errorf("yaw %.1f, mirrored %.1f", a.Pose.Yaw, b.Pose.Yaw)
		}
		if yaw := landmarkYaw(&a.Landmarks); math.Abs(a.Pose.Yaw) > 12 && yaw*a.Pose.Yaw < 0 {
			t.Errorf("landmarks say yaw %.1f, the network %.1f", yaw, a.Pose.Yaw)
		}
	}
}

func TestTightCropIsFound(t *testing.T) {
	e := openEngine(t, 1)
	img := sampleImage(t, 3)
	for _, box := range mustAnalyse(t, e, img, face.DetectOnly).Boxes {
		if a := mustAnalyse(t, e, cutOut(img, box, 0.95, 0, 112), face.WantTemplate); a.Faces != 1 {
			t.Errorf("a face that fills the picture: %s, %d faces", a.Code, a.Faces)
		}
	}
}

func TestCodes(t *testing.T) {
	e := openEngine(t, 1)
	plain := image.NewRGBA(image.Rect(0, 0, 300, 200))
	draw.Draw(plain, plain.Rect, image.NewUniform(color.RGBA{90, 140, 60, 255}), image.Point{}, draw.Src)
	if a := mustAnalyse(t, e, plain, face.Everything); a.Code != face.NotFound || a.Primary != nil || a.Faces != 0 {
		t.Errorf("plain picture: %+v", a)
	}
	if a := mustAnalyse(t, e, image.NewGray(image.Rectangle{}), face.Everything); a.Code != face.NotFound {
		t.Errorf("empty picture: %+v", a)
	}
	img := sampleImage(t, 3)
	box := mustAnalyse(t, e, img, face.DetectOnly).Boxes[1]
	small := mustAnalyse(t, e, cutOut(img, box, 3, 0, 90), face.Everything)
	if small.Code != face.TooSmall || small.Primary.Template != nil || !slices.Contains(small.Primary.Quality.Issues, face.IssueSmall) {
		t.Errorf("small face: %s, %+v", small.Code, small.Primary)
	}
	// The second person of sample 2 stands in profile.
	profile := sampleImage(t, 2)
	side := mustAnalyse(t, e, cutOut(profile, mustAnalyse(t, e, profile, face.DetectOnly).Boxes[1], 1.8, 0, 300), face.Everything)
	if side.Code != face.LowQuality || !slices.Contains(side.Primary.Quality.Issues, face.IssueTurned) || side.Usable() {
		t.Errorf("profile: %s %v", side.Code, side.Primary.Quality.Issues)
	}
}

// TestUnreliableFirstFaceYields puts a person in profile before a smaller one
// who looks into the camera.
func TestUnreliableFirstFaceYields(t *testing.T) {
	e := openEngine(t, 1)
	img := sampleImage(t, 2)
	boxes := mustAnalyse(t, e, img, face.DetectOnly).Boxes
	both := image.NewRGBA(image.Rect(0, 0, 560, 320))
	draw.Draw(both, image.Rect(0, 0, 320, 320), cutOut(img, boxes[1], 1.8, 0, 320), image.Point{}, draw.Src)
	draw.Draw(both, image.Rect(330, 50, 550, 270), cutOut(img, boxes[0], 1.8, 0, 220), image.Point{}, draw.Src)
	a := mustAnalyse(t, e, both, face.WantTemplate)
	if a.Code != face.Multiple || a.Primary.Box.Centre().X < 330 {
		t.Errorf("%s, primary at %+v", a.Code, a.Primary.Box)
	}
	if b := mustAnalyse(t, e, both, face.DetectOnly); b.Primary.Box.Centre().X > 330 {
		t.Error("the smaller face was first without looking at quality: this test shows nothing")
	}
}

func TestColourModelsAgree(t *testing.T) {
	e := openEngine(t, 1)
	img := sampleImage(t, 3)
	rgba := image.NewRGBA(img.Bounds())
	draw.Draw(rgba, rgba.Rect, img, image.Point{}, draw.Src)
	moved := image.NewNRGBA(rgba.Rect.Add(image.Pt(7, 9)))
	draw.Draw(moved, moved.Rect, img, image.Point{}, draw.Src)
	first := mustAnalyse(t, e, img, face.WantTemplate)
	for _, other := range []image.Image{rgba, moved} {
		if s := score(t, first, mustAnalyse(t, e, other, face.WantTemplate)); s < 0.98 {
			t.Errorf("%T scores %.3f against its JPEG planes", other, s)
		}
	}
}

// TestManyCallers shares two workers among four callers: results must not
// depend on who else is being served.
func TestManyCallers(t *testing.T) {
	e := openEngine(t, 2)
	imgs := []image.Image{sampleImage(t, 1), sampleImage(t, 2), sampleImage(t, 3)}
	var want []face.Analysis
	for _, img := range imgs {
		want = append(want, mustAnalyse(t, e, img, face.Everything))
	}
	var group sync.WaitGroup
	faults := make(chan string, 100)
	for c := range 4 {
		group.Go(func() {
			for i := range imgs {
				k := (c + i) % len(imgs)
				a, err := e.Analyse(context.Background(), imgs[k], face.Everything)
				if err != nil || !slices.Equal(a.Primary.Vector, want[k].Primary.Vector) || *a.Primary.PAD != *want[k].Primary.PAD || a.Primary.Pose != want[k].Primary.Pose {
					faults <- fmt.Sprint("picture ", k, " differs: ", err)
				}
			}
		})
	}
	group.Wait()
	close(faults)
	for f := range faults {
		t.Error(f)
	}
}

func TestCancellation(t *testing.T) {
	e := openEngine(t, 1)
	ctx, cancel := context.WithCancel(context.Background())
	w, err := e.free.take(ctx) // all workers are busy
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan error)
	go func() {
		_, err := e.Analyse(ctx, sampleImage(t, 1), face.Everything)
		waiting <- err
	}()
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("while waiting: %v", err)
	}
	for _, stage := range []func() error{
		func() error { _, err := w.find(ctx, newSource(sampleImage(t, 1), &w.memory)); return err },
		func() error { return w.landmarks(ctx, nil, nil) },
		func() error { return w.template(ctx, nil, nil, nil) },
		func() error { return w.posture(ctx, nil, nil) },
		func() error { return w.attack(ctx, nil, nil) },
	} {
		if err := stage(); !errors.Is(err, context.Canceled) {
			t.Errorf("between stages: %v", err)
		}
	}
	e.free.give(w)
}

// copyModels links the models into a folder of its own.
func copyModels(t *testing.T) string {
	t.Helper()
	from, to := modelsDir(t), t.TempDir()
	for _, p := range models.Manifest() {
		for _, f := range p.Files {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(to, f.Name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Lstat(filepath.Join(to, f.Name)); err == nil {
				continue // the same name for another processor
			}
			if err := os.Symlink(filepath.Join(from, f.Name), filepath.Join(to, f.Name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return to
}

func TestMissingAndAlteredModels(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(path string) error
		file  string
		want  string
	}{
		"missing network": {os.Remove, "fr_feature.onnx", "fr_feature.onnx is missing"},
		"missing runtime": {os.Remove, "libonnxruntime.so.1", "libonnxruntime.so.1 is missing"},
		"altered network": {func(p string) error {
			return errors.Join(os.Remove(p), os.WriteFile(p, []byte("not a network"), 0o644))
		}, "fr_detect.onnx", "fr_detect.onnx is altered"},
	} {
		dir := copyModels(t)
		if err := c.spoil(filepath.Join(dir, c.file)); err != nil {
			t.Fatal(err)
		}
		e := Open(dir, Options{Workers: 1})
		_, err := e.Analyse(context.Background(), sampleImage(t, 1), face.DetectOnly)
		if !errors.Is(err, face.ErrUnavailable) || idem.KindOf(err) != idem.Unavailable || !strings.Contains(err.Error(), c.want) || e.Ready() == nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := e.Close(); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
	}
}

func TestOwnRecogniser(t *testing.T) {
	dir := copyModels(t)
	own := models.Default().Recogniser
	own.ID, own.TemplateVersion, own.Calibration = "own", 2, []face.Anchor{{Score: 0.2, FMR: 1e-2}, {Score: 0.6, FMR: 1e-6}}
	data, err := json.Marshal(map[string]any{"recogniser": own})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "models.json"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	mine, usual := Open(dir, Options{Workers: 1}), openEngine(t, 1)
	if err := mine.Ready(); err != nil {
		t.Fatal(err)
	}
	defer mine.Close()
	if mine.Model().ID != "own" || mine.Model().Short == usual.Model().Short {
		t.Errorf("model %+v", mine.Model())
	}
	a, b := mustAnalyse(t, mine, sampleImage(t, 1), face.WantTemplate), mustAnalyse(t, usual, sampleImage(t, 1), face.WantTemplate)
	if !slices.Equal(a.Primary.Vector, b.Primary.Vector) {
		t.Error("the same network answers differently")
	}
	if _, err := match.Score(*a.Primary.Template, *b.Primary.Template); err == nil {
		t.Error("templates of two models were compared")
	}
}

func TestWrongShapeIsRefused(t *testing.T) {
	dir := copyModels(t)
	own := models.Default().Recogniser
	own.ID, own.Dim = "own", 128
	data, _ := json.Marshal(map[string]any{"recogniser": own})
	if err := os.WriteFile(filepath.Join(dir, "models.json"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	e := Open(dir, Options{Workers: 1})
	if err := e.Ready(); err == nil || !strings.Contains(err.Error(), "512 values, not 128") {
		t.Errorf("err = %v", err)
	}
}

// The primary face of sample 1.
const (
	goldenLeft, goldenTop, goldenHeight = 829.1, 422.8, 230.5
	goldenEyes, goldenNorm, goldenLive  = 78.0, 3.513, 1
	goldenYaw, goldenPitch, goldenRoll  = 12.3, -21.7, -26.2
)
