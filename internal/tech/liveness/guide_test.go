package liveness_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"slices"
	"testing"
	"time"

	xdraw "golang.org/x/image/draw"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/face/ort"
	"github.com/idem-id/idem/internal/models"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/liveness"
)

// fixed is an engine that always sees the same.
type fixed struct {
	facetest.Fake
	face.Analysis
	asked face.Want
}

func (e *fixed) Analyse(_ context.Context, _ image.Image, want face.Want) (face.Analysis, error) {
	e.asked = want
	return e.Analysis, nil
}

// seen is a good face of 200 pixels in the middle of a picture of 640 x 480.
func seen() face.Analysis {
	box := face.Box{X0: 320, Y0: 240, X1: 320, Y1: 240}.Square(200)
	return face.Analysis{Faces: 1, Code: face.OK, Primary: &face.Face{Box: box, Quality: face.Quality{InterEye: 80}}}
}

// checkered is a picture with detail of two luminances.
func checkered(a, b uint8) image.Image {
	img := image.NewGray(image.Rect(0, 0, 640, 480))
	for y := range 480 {
		for x := range 640 {
			v := a
			if (x/8+y/8)%2 == 0 {
				v = b
			}
			img.SetGray(x, y, color.Gray{Y: v})
		}
	}
	return img
}

func guide(t *testing.T, e face.Engine, img image.Image) tech.Guidance {
	t.Helper()
	for _, c := range liveness.New(e, time.Now) {
		g, ok := c.(tech.Guide)
		if !ok {
			t.Fatalf("%s does not guide", c.Code())
		}
		if c.Code() == idem.TechLivenessHead {
			out, err := g.Guide(t.Context(), img)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
	}
	return tech.Guidance{}
}

func TestGuideNamesWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*face.Analysis)
		img    image.Image
		want   []tech.Reason
	}{
		"good":       {func(*face.Analysis) {}, checkered(60, 160), nil},
		"nobody":     {func(a *face.Analysis) { *a = face.Analysis{Code: face.NotFound} }, checkered(60, 160), []tech.Reason{liveness.FaceNotFound}},
		"two":        {func(a *face.Analysis) { a.Faces, a.Code = 2, face.Multiple }, checkered(60, 160), []tech.Reason{liveness.SeveralFaces}},
		"far":        {func(a *face.Analysis) { a.Primary.Quality.InterEye = 20 }, checkered(60, 160), []tech.Reason{liveness.FaceTooSmall}},
		"tiny":       {func(a *face.Analysis) { a.Code = face.TooSmall }, checkered(60, 160), []tech.Reason{liveness.FaceTooSmall}},
		"near":       {func(a *face.Analysis) { a.Primary.Box = a.Primary.Box.Square(450) }, checkered(60, 160), []tech.Reason{liveness.FaceTooLarge}},
		"aside":      {func(a *face.Analysis) { a.Primary.Box.X0, a.Primary.Box.X1 = 20, 220 }, checkered(60, 160), []tech.Reason{liveness.NotCentred}},
		"outside":    {func(a *face.Analysis) { a.Primary.Box.X0, a.Primary.Box.X1 = 900, 1100 }, checkered(60, 160), []tech.Reason{liveness.NotCentred, liveness.Dark, liveness.Blurred}},
		"turned":     {func(a *face.Analysis) { a.Primary.Pose.Yaw = -30 }, checkered(60, 160), []tech.Reason{liveness.Turned}},
		"dark":       {func(*face.Analysis) {}, checkered(10, 60), []tech.Reason{liveness.Dark}},
		"bright":     {func(*face.Analysis) {}, checkered(180, 255), []tech.Reason{liveness.Bright}},
		"blurred":    {func(*face.Analysis) {}, checkered(120, 120), []tech.Reason{liveness.Blurred}},
		"no use":     {func(a *face.Analysis) { a.Code = face.LowQuality }, checkered(60, 160), []tech.Reason{liveness.LowQuality}},
		"two faults": {func(a *face.Analysis) { a.Faces, a.Primary.Pose.Pitch = 2, 40 }, checkered(60, 160), []tech.Reason{liveness.SeveralFaces, liveness.Turned}},
	} {
		e := &fixed{Analysis: seen()}
		c.change(&e.Analysis)
		got := guide(t, e, c.img)
		if !slices.Equal(got.Hints, c.want) || (got.Face == nil) != (e.Primary == nil) || got.Document != nil {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if e.asked.Has(face.WantPAD) || e.asked.Has(face.WantTemplate) {
			t.Errorf("%s: attacks were looked for or faces compared", name)
		}
	}
}

func TestGuidePlace(t *testing.T) {
	e := &fixed{Analysis: seen()}
	e.Primary.Pose = face.Pose{Yaw: 4, Pitch: -7}
	want := tech.FacePlace{X: 220. / 640, Y: 140. / 480, Width: 200. / 640, Height: 200. / 480, Yaw: 4, Pitch: -7}
	if got := guide(t, e, checkered(60, 160)); *got.Face != want {
		t.Errorf("the face is at %+v, want %+v", *got.Face, want)
	}
}

// TestGuideOnPhotographs guides by real networks and a real face.
func TestGuideOnPhotographs(t *testing.T) {
	dir := os.Getenv("IDEM_MODELS")
	e := ort.Open(dir, ort.Options{Workers: 1})
	if err := e.Ready(); err != nil {
		t.Fatal(err, "(make test installs what is missing)")
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	portrait := portrait(t, e, models.Files(dir, models.Sample)[0])
	for name, c := range map[string]struct {
		img  image.Image
		want tech.Reason
	}{
		"as it is": {portrait, ""},
		"dark":     {toned(portrait, 0, 0.3), liveness.Dark},
		"burnt":    {toned(portrait, 150, 1.2), liveness.Bright},
		"night":    {toned(portrait, 0, 0.02), liveness.FaceNotFound},
		"blurred":  {smeared(portrait, 9), liveness.Blurred},
		"empty":    {checkered(100, 101), liveness.FaceNotFound},
	} {
		if got := guide(t, e, c.img); (c.want == "") != (len(got.Hints) == 0) || c.want != "" && !slices.Contains(got.Hints, c.want) {
			t.Errorf("%s: %v, want %s", name, got.Hints, c.want)
		}
	}
}

// portrait cuts the primary face of a group picture out, with the room around
// it that a camera of a phone shows.
func portrait(t *testing.T, e face.Engine, file string) image.Image {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	a, err := e.Analyse(t.Context(), img, face.DetectOnly)
	if err != nil {
		t.Fatal(err)
	}
	b := a.Primary.Box.Square(1.7 * a.Primary.Box.Height())
	out := image.NewRGBA(image.Rect(0, 0, 480, 480))
	xdraw.CatmullRom.Scale(out, out.Rect, img, image.Rect(int(b.X0), int(b.Y0), int(b.X1), int(b.Y1)), xdraw.Src, nil)
	return out
}

// toned adds to every value and multiplies it.
func toned(img image.Image, add, by float64) image.Image {
	out := image.NewRGBA(img.Bounds())
	xdraw.Copy(out, image.Point{}, img, img.Bounds(), xdraw.Src, nil)
	for i := range out.Pix {
		if i%4 < 3 {
			out.Pix[i] = uint8(min(255, (float64(out.Pix[i])+add)*by))
		}
	}
	return out
}

// smeared loses detail of so many pixels.
func smeared(img image.Image, by int) image.Image {
	b := img.Bounds()
	small, out := image.NewRGBA(image.Rect(0, 0, b.Dx()/by, b.Dy()/by)), image.NewRGBA(b)
	xdraw.BiLinear.Scale(small, small.Rect, img, b, xdraw.Src, nil)
	xdraw.BiLinear.Scale(out, b, small, small.Rect, xdraw.Src, nil)
	return out
}
