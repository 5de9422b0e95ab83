package document

import (
	"context"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"
	"testing"

	xdraw "golang.org/x/image/draw"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/specimen"
	"github.com/idem-id/idem/internal/tech"
)

// preview photographs a card and shrinks it as a page does for guidance. It
// returns the corners in shares of the picture.
func preview(t testing.TB, level string) (*image.RGBA, specimen.Quad) {
	t.Helper()
	r := random()
	c := card(t, specimen.TD1, person(), nil)
	shot, _ := specimen.Level(level, r)
	img, truth := specimen.Photograph(c.Image, shot, r)
	for i := range truth {
		truth[i][0] /= float64(img.Rect.Dx())
		truth[i][1] /= float64(img.Rect.Dy())
	}
	return shrunk(img, img.Rect, 960), truth
}

func shrunk(img image.Image, part image.Rectangle, width int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, width, width*part.Dy()/part.Dx()))
	xdraw.BiLinear.Scale(out, out.Rect, img, part, draw.Src, nil)
	return out
}

// spot burns a disc out.
func spot(img *image.RGBA, x, y, radius int) *image.RGBA {
	for dy := -radius; dy <= radius; dy++ {
		for dx := -radius; dx <= radius; dx++ {
			if dx*dx+dy*dy <= radius*radius {
				img.Set(x+dx, y+dy, color.White)
			}
		}
	}
	return img
}

func dimmed(img *image.RGBA, by int) *image.RGBA {
	for i := range img.Pix {
		if i%4 < 3 {
			img.Pix[i] = uint8(int(img.Pix[i]) / by)
		}
	}
	return img
}

func guided(t testing.TB, img image.Image) tech.Guidance {
	t.Helper()
	g, err := New(nil, face.None{}, Options{}).Guide(context.Background(), img)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGuideFindsTheDocument(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"L0", "L1", "L2", "L3", "L4"} {
		img, truth := preview(t, level)
		g := guided(t, img)
		if len(g.Hints) != 0 || g.Document == nil || g.Face != nil {
			t.Errorf("%s: %+v", level, g)
			continue
		}
		for _, want := range truth {
			nearest := math.Inf(1)
			for _, c := range g.Document {
				nearest = min(nearest, math.Hypot(c[0]-want[0], c[1]-want[1]))
			}
			if nearest > 0.03 {
				t.Errorf("%s: a corner is %.3f off", level, nearest)
			}
		}
	}
}

func TestGuideNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	once, _ := preview(t, "L1")
	plain := func() *image.RGBA {
		return &image.RGBA{Pix: slices.Clone(once.Pix), Stride: once.Stride, Rect: once.Rect}
	}
	table := image.NewRGBA(image.Rect(0, 0, 960, 720))
	draw.Draw(table, table.Rect, image.NewUniform(color.Gray{Y: 120}), image.Point{}, draw.Src)
	far := image.NewRGBA(table.Rect)
	draw.Draw(far, far.Rect, image.NewUniform(plain().At(5, 5)), image.Point{}, draw.Src)
	xdraw.BiLinear.Scale(far, image.Rect(300, 220, 660, 490), plain(), plain().Rect, draw.Src, nil)
	for name, c := range map[string]struct {
		img  image.Image
		want tech.Reason
	}{
		"no document": {table, NotFound},
		"night":       {dimmed(table, 9), Dark},
		"far":         {far, Small},
		"cut":         {shrunk(plain(), image.Rect(300, 100, 960, 620), 960), Cut},
		"blurred":     {shrunk(shrunk(plain(), plain().Rect, 160), image.Rect(0, 0, 160, 120), 960), Blurred},
		"glare":       {spot(plain(), 480, 360, 90), Glare},
		"dark":        {dimmed(plain(), 5), Dark},
	} {
		if g := guided(t, c.img); !slices.Contains(g.Hints, c.want) {
			t.Errorf("%s: %v, want %s", name, g.Hints, c.want)
		}
	}
}

func TestGuideStopsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(nil, face.None{}, Options{}).Guide(ctx, image.NewGray(image.Rect(0, 0, 64, 64))); err == nil {
		t.Error("a look without a caller")
	}
}

func BenchmarkGuide(b *testing.B) {
	img, _ := preview(b, "L1")
	for b.Loop() {
		guided(b, img)
	}
}
