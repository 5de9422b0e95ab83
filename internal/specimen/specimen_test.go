package specimen_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/mrz"
	"github.com/idem-id/idem/internal/specimen"
)

func fonts(t *testing.T) *specimen.Fonts {
	t.Helper()
	f, err := specimen.LoadFonts(specimen.FontFolder)
	if err != nil {
		t.Fatal(err, "(make test installs what is missing)")
	}
	return f
}

func TestLoadFontsNamesTheMissingPackages(t *testing.T) {
	_, err := specimen.LoadFonts(t.TempDir())
	if idem.CodeOf(err) != "SPECIMEN_FONTS_MISSING" || !strings.Contains(err.Error(), "fonts-ocr-b") {
		t.Error(err)
	}
}

func TestEveryKindHasAValidZoneInItsPicture(t *testing.T) {
	f := fonts(t)
	for kind, format := range map[specimen.Kind]mrz.Format{specimen.TD1: mrz.TD1, specimen.TD2: mrz.TD2, specimen.TD3: mrz.TD3} {
		r := rand.New(rand.NewPCG(1, 1))
		p := specimen.NewPerson(r)
		c, err := specimen.Draw(f, kind, p, nil, r)
		if err != nil {
			t.Fatal(err)
		}
		z, err := mrz.Parse(c.Lines, mrz.Options{Now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), Specimen: true})
		if err != nil || z.Format != format || !z.Valid() || z.Surname != p.Surname || z.Number != p.Number || z.Birth != p.Birth || z.Expiry != p.Expiry {
			t.Errorf("%s: %+v, %v", kind, z, err)
		}
		if !c.Portrait.In(c.Image.Rect) || c.Portrait.Empty() {
			t.Errorf("%s: portrait %v outside the card", kind, c.Portrait)
		}
		everyCharacterInks(t, c)
	}
}

// everyCharacterInks looks for ink at each place of the zone's lowest line,
// which stands at a pitch of 40 dots.
func everyCharacterInks(t *testing.T, c specimen.Card) {
	t.Helper()
	const pitch = 40
	last := c.Lines[len(c.Lines)-1]
	low := c.Image.Rect.Dy() - 160
	var blank []int
	start := 0
	for start = range c.Image.Rect.Dx() {
		if inked(c.Image, image.Rect(start, low, start+1, c.Image.Rect.Dy()-50)) {
			break
		}
	}
	for i := range last {
		if !inked(c.Image, image.Rect(start+i*pitch, low, start+i*pitch+pitch-8, c.Image.Rect.Dy()-50)) {
			blank = append(blank, i)
		}
	}
	if len(blank) > 0 {
		t.Errorf("no ink at %v of %q", blank, last)
	}
}

func inked(im *image.RGBA, r image.Rectangle) bool {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if im.RGBAAt(x, y).G < 80 {
				return true
			}
		}
	}
	return false
}

func TestTakeGivesTheSamePhotographTwice(t *testing.T) {
	f := fonts(t)
	o := specimen.Order{Kind: specimen.TD1, Level: "L1", Seed: 5}
	a, err := specimen.Take(f, o)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := specimen.Take(f, o); err != nil || !bytes.Equal(a.JPEG, b.JPEG) {
		t.Errorf("the second photograph differs (%v)", err)
	}
	front := o
	front.Kind = specimen.TD1Front
	if b, err := specimen.Take(f, front); err != nil || b.Person != a.Person || len(b.Card.Lines) != 0 {
		t.Errorf("the front is of %+v (%v)", b.Person, err)
	}
}

// The corners of the quad must be where the card is: a card of one bright
// colour ends there.
func TestPhotographPutsTheCardIntoItsQuad(t *testing.T) {
	card := image.NewRGBA(image.Rect(0, 0, 500, 350))
	for i := range card.Pix {
		card.Pix[i] = 255
	}
	r := rand.New(rand.NewPCG(3, 4))
	picture, q := specimen.Photograph(card, specimen.Shot{Width: 900, Turn: 30, Tilt: 25, Pan: -20}, r)
	var centre [2]float64
	for _, c := range q {
		centre[0] += c[0] / 4
		centre[1] += c[1] / 4
	}
	for i, c := range q {
		d := math.Hypot(c[0]-centre[0], c[1]-centre[1])
		at := func(by float64) uint8 {
			return picture.RGBAAt(int(centre[0]+(c[0]-centre[0])*(1+by/d)), int(centre[1]+(c[1]-centre[1])*(1+by/d))).G
		}
		if at(-6) < 250 || at(6) > 220 {
			t.Errorf("corner %d at %v: %d within, %d outside", i, c, at(-6), at(6))
		}
	}
}

func TestTakeRefusesWhatItDoesNotKnow(t *testing.T) {
	f := fonts(t)
	if _, err := specimen.Take(f, specimen.Order{Kind: specimen.TD3, Level: "L9"}); idem.CodeOf(err) != "SPECIMEN_LEVEL" {
		t.Error(err)
	}
	if _, err := specimen.Take(f, specimen.Order{Kind: "TD9", Level: "L0"}); idem.CodeOf(err) != "SPECIMEN_KIND" {
		t.Error(err)
	}
}

func TestWriteAndReadManifest(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "out")
	if err := specimen.Write(t.Context(), fonts(t), folder, specimen.Batch{Seed: 1, Count: 1, Levels: []string{"L0"}}); err != nil {
		t.Fatal(err)
	}
	entries, err := specimen.ReadManifest(folder)
	if err != nil || len(entries) != len(specimen.Kinds) {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	for _, e := range entries {
		if (e.Front != "") != (e.Kind == specimen.TD1) {
			t.Errorf("%s: front %q", e.File, e.Front)
		}
		data, err := os.ReadFile(filepath.Join(folder, e.File))
		if err != nil {
			t.Fatal(err)
		}
		if c, err := jpeg.DecodeConfig(bytes.NewReader(data)); err != nil || c.Width != specimen.FrameWidth || c.Height != specimen.FrameHeight {
			t.Errorf("%s: %+v, %v", e.File, c, err)
		}
	}
}

func TestReadManifestRefusesForeignFiles(t *testing.T) {
	for _, text := range []string{`{`, `[{"file":"../x.jpg","mrz":["P<"]}]`, `[{"file":"x.jpg"}]`} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, specimen.ManifestName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := specimen.ReadManifest(folder); idem.CodeOf(err) != "SPECIMEN_MANIFEST" {
			t.Errorf("%s: %v", text, err)
		}
	}
}
