package facetest

import (
	"context"
	"image"
	"math"
	"math/rand/v2"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/match"
)

// Dim is the length of the fake's templates.
const Dim = 512

// spread is the length of a variant's own part beside the identity's unit
// part: two variants compare at 1/(1+spread²) = 0.86.
const spread = 0.4

// Fake is a deterministic engine that reads the pictures of this package. The
// zero value works; Err, when set, makes it unavailable.
type Fake struct{ Err error }

// Model returns the identity of the fake recogniser, with the calibration of
// the default one so that the usual thresholds apply.
func (f Fake) Model() face.Model {
	m := face.Model{ID: "facetest", Short: 0x577e4efa, Dim: Dim, TemplateVersion: 1, Calibration: Calibration()}
	m.Hash = [32]byte{0xfa, 0x4e, 0x7e, 0x57}
	return m
}

// Calibration returns the fake's table: 1e-2 at 0.248 to 1e-6 at 0.56.
func Calibration() face.Calibration {
	return face.Calibration{
		Anchors: []face.Anchor{{Score: 0.248, FMR: 1e-2}, {Score: 0.34, FMR: 1e-3}, {Score: 0.42, FMR: 1e-4}, {Score: 0.49, FMR: 1e-5}, {Score: 0.56, FMR: 1e-6}},
		Live:    0.3,
	}
}

// Ready returns nil or the configured error.
func (f Fake) Ready() error {
	if f.Err != nil {
		return face.Unavailable("the fake was told so", f.Err)
	}
	return nil
}

// Analyse reads the identity out of a picture of this package; any other
// picture shows no face.
func (f Fake) Analyse(ctx context.Context, img image.Image, want face.Want) (face.Analysis, error) {
	if err := f.Ready(); err != nil {
		return face.Analysis{}, err
	}
	if err := ctx.Err(); err != nil {
		return face.Analysis{}, err
	}
	c, ok := read(img)
	if !ok {
		return face.Analysis{Code: face.NotFound}, nil
	}
	return f.answer(c, img.Bounds(), want)
}

func (f Fake) answer(c code, b image.Rectangle, want face.Want) (face.Analysis, error) {
	a := face.Analysis{Faces: 1, Code: face.OK, Primary: portraitOf(b)}
	a.Boxes = []face.Box{a.Primary.Box}
	switch c.kind {
	case group:
		a.Faces, a.Code = 3, face.Multiple
		a.Boxes = append(a.Boxes, shifted(a.Primary.Box, 1), shifted(a.Primary.Box, -1))
	case blurred:
		a.Code, a.Primary.Quality.Score = face.LowQuality, 8
		a.Primary.Quality.Issues = []face.Issue{face.IssueBlurred}
	case tiny:
		a.Code, a.Primary.Quality.InterEye = face.TooSmall, 6
		a.Primary.Quality.Issues = []face.Issue{face.IssueSmall}
	}
	if want.Has(face.WantTemplate) && c.kind != tiny {
		v := vector(c)
		t, err := match.Quantise(f.Model().Short, v)
		if err != nil {
			return face.Analysis{}, err
		}
		a.Primary.Vector, a.Primary.Template = v, &t
	}
	if want.Has(face.WantPAD) {
		a.Primary.PAD = pad(c.kind)
	}
	return a, nil
}

// shifted moves a box by its own width.
func shifted(b face.Box, times float64) face.Box {
	d := times * b.Width()
	return face.Box{X0: b.X0 + d, Y0: b.Y0, X1: b.X1 + d, Y1: b.Y1}
}

func portraitOf(b image.Rectangle) *face.Face {
	side := float64(b.Dy()) / 2
	at := face.Point{X: float64(b.Dx()) / 2, Y: float64(b.Dy()) / 2}
	p := &face.Face{DetectionScore: 0.99, Box: face.Box{X0: at.X, Y0: at.Y, X1: at.X, Y1: at.Y}.Square(side)}
	p.Quality = face.Quality{Score: 80, Norm: 4, Sharpness: 130, FaceSize: side, InterEye: side / 2.5}
	for i := range p.Landmarks {
		turn := 2 * math.Pi * float64(i) / float64(len(p.Landmarks))
		p.Landmarks[i] = face.Point{X: at.X + side/3*math.Cos(turn), Y: at.Y + side/3*math.Sin(turn)}
	}
	return p
}

func pad(k kind) *face.PAD {
	if k == attack {
		return &face.PAD{Live: 0.02, Attack2D: 0.97, Attack3D: 0.01}
	}
	return &face.PAD{Live: 0.97, Attack2D: 0.02, Attack3D: 0.01}
}

// vector is the identity's own direction plus a smaller one of the variant.
func vector(c code) []float32 {
	base := direction(uint64(c.identity), 0)
	own := direction(uint64(c.identity), 1+uint64(c.variant)+uint64(c.kind)<<8)
	v := make([]float32, Dim)
	sum := 0.0
	for i := range v {
		x := base[i] + spread*own[i]
		v[i] = float32(x)
		sum += x * x
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

func direction(seed, stream uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, stream))
	v := make([]float64, Dim)
	sum := 0.0
	for i := range v {
		v[i] = r.NormFloat64()
		sum += v[i] * v[i]
	}
	for i := range v {
		v[i] /= math.Sqrt(sum)
	}
	return v
}
