package ocr

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idem-id/idem"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

func openEngine(t testing.TB) *Engine {
	t.Helper()
	dir := os.Getenv("IDEM_MODELS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", ".cache", "models")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	e := Open(dir, Options{})
	if err := e.Ready(); err != nil {
		t.Fatalf("%v\nrun: make models", err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// page draws lines of text on grey paper.
func page(t testing.TB, lines ...string) *image.RGBA {
	t.Helper()
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: 32, DPI: 72})
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewRGBA(image.Rect(0, 0, 640, 60+80*len(lines)))
	draw.Draw(img, img.Rect, image.NewUniform(color.Gray{225}), image.Point{}, draw.Src)
	for i, l := range lines {
		d := font.Drawer{Dst: img, Src: image.Black, Face: face, Dot: fixed.P(50, 80+80*i)}
		d.DrawString(l)
	}
	return img
}

// turned returns a picture turned by degrees on grey ground, with the corners
// of the original in it.
func turned(img image.Image, degrees float64) *Raster {
	r := NewRaster(img)
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	w, h := float64(r.W), float64(r.H)
	side := math.Hypot(w, h)
	u, v := Point{cos, -sin}, Point{sin, cos}
	c := Point{w / 2, h / 2}
	a := c.Sub(u.Mul(side / 2)).Sub(v.Mul(side / 2))
	q := Quad{a, a.Add(u.Mul(side)), a.Add(u.Mul(side)).Add(v.Mul(side)), a.Add(v.Mul(side))}
	return r.Warp(q, int(side), int(side))
}

func TestReadsAnyWayUp(t *testing.T) {
	e := openEngine(t)
	want := []string{"GIVEN NAME 4711", "UTOPIA 29.02.1988", "SPECIMEN AB123456"}
	img := page(t, want...)
	for _, degrees := range []float64{0, 15, 90, 180, 250} {
		r := turned(img, degrees)
		boxes, err := e.Detect(context.Background(), r, 960)
		if err != nil || len(boxes) != len(want) {
			t.Errorf("%v degrees: %d boxes, %v", degrees, len(boxes), err)
			continue
		}
		var quads []Quad
		for _, b := range boxes {
			quads = append(quads, b.Quad)
		}
		inverted, err := e.Inverted(context.Background(), r, quads)
		if err != nil {
			t.Fatal(err)
		}
		all := ""
		for i, q := range quads {
			if inverted[i] > 0.5 {
				q = q.Flip()
			}
			l, err := e.Read(context.Background(), r, q)
			if err != nil || l.Confidence < 0.8 {
				t.Errorf("%v degrees: %q with %.2f, %v", degrees, l.Text, l.Confidence, err)
			}
			all += l.Text + "\n"
		}
		for _, w := range want {
			if !strings.Contains(strings.ReplaceAll(all, " ", ""), strings.ReplaceAll(w, " ", "")) {
				t.Errorf("%v degrees: %q lacks %q", degrees, all, w)
			}
		}
	}
}

func TestNoTextNoBoxes(t *testing.T) {
	e := openEngine(t)
	for name, size := range map[string][2]int{"page": {400, 300}, "dot": {1, 1}, "thread": {3000, 2}} {
		boxes, err := e.Detect(context.Background(), NewRaster(image.NewGray(image.Rect(0, 0, size[0], size[1]))), 960)
		if err != nil || len(boxes) > 0 {
			t.Errorf("%s: %v, %v", name, boxes, err)
		}
	}
	if l, err := e.Read(context.Background(), NewRaster(image.NewGray(image.Rect(0, 0, 9, 9))), Quad{}); err != nil || l.Text != "" || l.Confidence != 0 {
		t.Errorf("a quad without area: %+v, %v", l, err)
	}
}

func TestUnavailableWithoutModels(t *testing.T) {
	e := Open(t.TempDir(), Options{})
	if _, err := e.Detect(t.Context(), &Raster{W: 8, H: 8, Pix: make([]uint8, 192)}, 960); idem.CodeOf(err) != "DOCUMENT_ENGINE_UNAVAILABLE" || idem.KindOf(e.Ready()) != idem.Unavailable {
		t.Errorf("%v, %v", err, e.Ready())
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func TestCancelled(t *testing.T) {
	e := openEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Detect(ctx, NewRaster(page(t, "TEXT")), 960); err == nil {
		t.Error("a cancelled detection went on")
	}
}

func TestHomographyMapsCorners(t *testing.T) {
	q := Quad{{10, 20}, {110, 25}, {100, 90}, {5, 70}}
	for i, at := range [][2]float64{{0, 0}, {50, 0}, {50, 30}, {0, 30}} {
		if p := q.Map(at[0], at[1], 50, 30); p.Sub(q[i]).Len() > 1e-9 {
			t.Errorf("corner %d lies at %v, not %v", i, p, q[i])
		}
	}
}

func TestMinRectOfATurnedBox(t *testing.T) {
	u := Point{math.Cos(0.3), math.Sin(0.3)}
	want := Rect([]Point{{0, 0}, u.Mul(200), u.Mul(200).Add(Point{-u.Y, u.X}.Mul(30))}, u)
	var points []Point
	for i := range 21 {
		for j := range 4 {
			points = append(points, want.Map(float64(i), float64(j), 20, 3))
		}
	}
	got := minRect(Hull(points))
	w, h := max(got.Width(), got.Height()), min(got.Width(), got.Height())
	if math.Abs(w-200) > 1e-6 || math.Abs(h-30) > 1e-6 {
		t.Errorf("%.3f x %.3f", w, h)
	}
}

func TestRastersAgree(t *testing.T) {
	gray := image.NewGray(image.Rect(2, 3, 9, 8))
	for i := range gray.Pix {
		gray.Pix[i] = uint8(7 * i)
	}
	rgba := image.NewRGBA(gray.Rect)
	draw.Draw(rgba, rgba.Rect, gray, gray.Rect.Min, draw.Src)
	yuv := image.NewYCbCr(gray.Rect, image.YCbCrSubsampleRatio444)
	for i := range yuv.Y {
		yuv.Y[i], yuv.Cb[i], yuv.Cr[i] = gray.Pix[i], 128, 128
	}
	want := NewRaster(gray)
	for name, img := range map[string]image.Image{"RGBA": rgba, "YCbCr": yuv, "again": want.Image()} {
		if got := NewRaster(img); string(got.Pix) != string(want.Pix) || got.W != 7 || got.H != 5 {
			t.Errorf("%s: %v", name, got)
		}
	}
	if g := want.Grey(); string(g) != string(gray.Pix) {
		t.Errorf("grey: %v", g)
	}
}

// TestScaleKeepsTheMeanOfWhatItCovers compares with the exact mean of the
// pixels below each one.
func TestScaleKeepsTheMeanOfWhatItCovers(t *testing.T) {
	r := &Raster{12, 9, make([]uint8, 3*12*9)}
	for i := range r.Pix {
		r.Pix[i] = uint8(37 * i)
	}
	small := r.Scale(4, 3)
	for i := range small.Pix {
		x, y, c, sum := i/3%4, i/12, i%3, 0
		for k := range 9 {
			sum += int(r.Pix[3*((3*y+k/3)*12+3*x+k%3)+c])
		}
		if got := int(small.Pix[i]); math.Abs(float64(got)-float64(sum)/9) > 0.51 {
			t.Errorf("value %d is %d, not %.1f", i, got, float64(sum)/9)
		}
	}
	flat := &Raster{100, 70, bytes.Repeat([]uint8{10, 120, 255}, 7000)}
	for _, size := range [][2]int{{33, 17}, {99, 70}, {100, 1}, {150, 90}, {1, 1}} {
		if got := flat.Scale(size[0], size[1]); string(got.Pix) != string(bytes.Repeat([]uint8{10, 120, 255}, size[0]*size[1])) {
			t.Errorf("%v: a flat picture is not flat", size)
		}
	}
}
