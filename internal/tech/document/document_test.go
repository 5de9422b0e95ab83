package document

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/ort"
	"github.com/idem-id/idem/internal/models"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/specimen"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/document/ocr"
	xdraw "golang.org/x/image/draw"
)

var today = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// modelsDir is IDEM_MODELS or the repository's cache.
var modelsDir = func() string {
	dir := os.Getenv("IDEM_MODELS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", ".cache", "models")
	}
	dir, _ = filepath.Abs(dir) // fails only without a working directory
	return dir
}()

// reader and portraits are loaded once for all tests; the process ends them.
var (
	reader    = sync.OnceValue(func() *ocr.Engine { return ocr.Open(modelsDir, ocr.Options{}) })
	portraits = sync.OnceValue(func() *ort.Engine { return ort.Open(modelsDir, ort.Options{Workers: 1}) })
)

// recogniser returns the technology, with the face engine if faces are wanted.
func recogniser(t testing.TB, faces bool, o Options) *Technology {
	t.Helper()
	o.Specimen = true
	var engine face.Engine = face.None{Reason: "not wanted"}
	if faces {
		engine = portraits()
	}
	if err := reader().Ready(); err != nil {
		t.Fatalf("%v\nrun: make models", err)
	}
	return New(reader(), engine, o)
}

func run(t testing.TB, d *Technology, pages ...image.Image) (tech.Outcome, *Result) {
	t.Helper()
	out, err := d.Run(t.Context(), tech.Evidence{Pages: pages, Now: today})
	if err != nil {
		t.Fatal(err)
	}
	return out, out.Details.(*Result)
}

func fonts(t testing.TB) *specimen.Fonts {
	t.Helper()
	f, err := specimen.LoadFonts(specimen.FontFolder)
	if err != nil {
		t.Fatal(err, "(make test installs what is missing)")
	}
	return f
}

func card(t testing.TB, k specimen.Kind, p specimen.Person, portrait image.Image) specimen.Card {
	t.Helper()
	c, err := specimen.Draw(fonts(t), k, p, portrait, random())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func random() *rand.Rand { return rand.New(rand.NewPCG(5, 5)) }

// photo photographs a card as well as most cameras do.
func photo(t testing.TB, c *image.RGBA) image.Image {
	t.Helper()
	shot, ok := specimen.Level("L1", random())
	if !ok {
		t.Fatal("no level L1")
	}
	img, _ := specimen.Photograph(c, shot, random())
	return img
}

// passport is the photograph of the common holder's passport, for the many
// tests that need any; it is taken once, as under the race detector that takes
// as long as reading it.
func passport(t testing.TB) image.Image {
	t.Helper()
	photographed.Do(func() { photographed.image = photo(t, card(t, specimen.TD3, person(), nil).Image) })
	return photographed.image
}

var photographed struct {
	sync.Once
	image image.Image
}

func person() specimen.Person { return specimen.NewPerson(random()) }

// wants compares fields with what the document says.
func wants(t testing.TB, r *Result, p specimen.Person) {
	t.Helper()
	for n, want := range map[Name]string{
		DocumentNumber: p.Number, PersonalNumber: p.PersonalNumber, Surname: p.Surname, GivenNames: p.Given,
		BirthDate: p.Birth.String(), ExpiryDate: p.Expiry.String(), Sex: string(p.Sex), Nationality: "UTO", Issuer: "UTO",
	} {
		f, ok := r.Field(n)
		if !ok || f.Value != want || f.Source != FromZone || f.Confidence <= 0.3 || f.Confidence > 1 || !f.Agreed {
			t.Errorf("%s is %+v, want %s", n, f, want)
		}
	}
}

func TestDOC_1_PassportIsReadWithItsSources(t *testing.T) {
	t.Parallel()
	p := person()
	out, r := run(t, recogniser(t, false, Options{}), passport(t))
	if !out.Passed || r.Kind != Passport || r.Country != "UTO" || !r.Zone.Valid() || len(r.Zone.Rows) != 2 || len(r.Pages[0].Lines) < 8 {
		t.Errorf("%+v, %+v", out, r)
	}
	wants(t, r, p)
	for _, n := range []Name{DocumentNumber, PersonalNumber, Surname, GivenNames, BirthDate, ExpiryDate} {
		if f, _ := r.Field(n); len(f.Others) != 1 || f.Others[0].Source != FromVisual {
			t.Errorf("%s was not found in the visual zone: %+v", n, f)
		}
	}
	if q := r.Pages[0].Quality; q.Width < 1000 || q.Blur > 1.5 || q.Blur < 0.3 || q.Brightness < 100 || len(out.Warnings) > 0 {
		t.Errorf("quality %+v, warnings %v", q, out.Warnings)
	}
}

func TestDOC_2_AnyWayUp(t *testing.T) {
	t.Parallel()
	p := person()
	img := passport(t)
	d := recogniser(t, false, Options{ZoneOnly: true})
	for range 3 {
		img = quarter(img)
		out, r := run(t, d, img)
		if !out.Passed {
			t.Errorf("%+v", out)
		}
		wants(t, r, p)
	}
}

// quarter turns a picture by 90 degrees.
func quarter(img image.Image) image.Image {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dy(), b.Dx()))
	src := ocr.NewRaster(img)
	for y := range src.H {
		for x := range src.W {
			p := out.Pix[out.PixOffset(src.H-1-y, x):]
			copy(p[:3], src.Pix[3*(y*src.W+x):])
			p[3] = 255
		}
	}
	return out
}

func TestDOC_3_FrontAndBackAreMerged(t *testing.T) {
	t.Parallel()
	p := person()
	back, front := photo(t, card(t, specimen.TD1, p, nil).Image), photo(t, card(t, specimen.TD1Front, p, nil).Image)
	d := recogniser(t, false, Options{})
	out, r := run(t, d, front, back)
	if !out.Passed || r.Kind != Card || r.Zone.Page != 1 || len(r.Zone.Lines()) != 3 || len(r.Pages) != 2 {
		t.Errorf("%+v", out)
	}
	wants(t, r, p)
	if f, _ := r.Field(ExpiryDate); len(f.Others) == 0 || f.Others[0].Page != 0 {
		t.Errorf("the front's expiry is not among %+v", f)
	}
	other := p
	other.Number, other.Expiry = "K77777777", idem.Date{Year: 2029, Month: 9, Day: 9}
	out, r = run(t, d, photo(t, card(t, specimen.TD1Front, other, nil).Image), back)
	if f, _ := r.Field(DocumentNumber); f.Agreed || f.Value != p.Number || !slices.Contains(out.Warnings, FieldMismatch) {
		t.Errorf("disagreement: %+v, %v", f, out.Warnings)
	}
}

// TestPagesOfTwoDocuments: the portrait of one must not go with the fields of
// the other.
func TestPagesOfTwoDocuments(t *testing.T) {
	t.Parallel()
	r := random()
	_ = specimen.NewPerson(r) // the holder of the common passport
	second := specimen.NewPerson(r)
	first := passport(t)
	d := recogniser(t, false, Options{ZoneOnly: true})
	out, _ := run(t, d, first, photo(t, card(t, specimen.TD3, second, nil).Image))
	if out.Passed || !slices.Equal(out.Reasons, []tech.Reason{PagesDiffer}) {
		t.Errorf("two passports: %v", out.Reasons)
	}
	if out, _ := run(t, d, first, first); !out.Passed {
		t.Errorf("one passport twice: %v", out.Reasons)
	}
}

func TestDOC_5_NamesOfZoneAndVisualZoneDiffer(t *testing.T) {
	t.Parallel()
	p := person()
	p.Surname = "KASSYMOVA"
	other := p
	other.Surname = "KASIMOVA"
	c, forged := card(t, specimen.TD3, p, nil).Image, card(t, specimen.TD3, other, nil).Image
	strip := c.Rect
	strip.Min.Y = strip.Max.Y - c.Rect.Dy()/4
	draw.Draw(c, strip, forged, strip.Min, draw.Src)
	out, r := run(t, recogniser(t, false, Options{}), photo(t, c))
	f, _ := r.Field(Surname)
	if !out.Passed || !slices.Contains(out.Warnings, NameMismatch) || f.Value != "KASIMOVA" || len(f.Others) != 1 || f.Others[0].Value != "KASSYMOVA" {
		t.Errorf("%v, %+v", out.Warnings, f)
	}
}

func TestDOC_6_PersonalNumberContradictsTheZone(t *testing.T) {
	t.Parallel()
	p := person()
	r := random()
	for range 3 {
		p.PersonalNumber = specimen.NewPerson(r).PersonalNumber
	}
	out, _ := run(t, recogniser(t, false, Options{ZoneOnly: true}), photo(t, card(t, specimen.TD3, p, nil).Image))
	if !slices.Contains(out.Warnings, PersonalMismatch) {
		t.Errorf("%v", out.Warnings)
	}
}

func TestDOC_7_ExpiredIsSaidAndLeftToPolicy(t *testing.T) {
	t.Parallel()
	p := person()
	img := passport(t)
	out, err := recogniser(t, false, Options{ZoneOnly: true}).Run(t.Context(), tech.Evidence{Pages: []image.Image{img}, Now: today.AddDate(12, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	if r := out.Details.(*Result); !out.Passed || !r.Expired || r.Expiry != p.Expiry || !slices.Contains(out.Warnings, Expired) {
		t.Errorf("%+v", out)
	}
}

func TestDOC_8_WhatCannotBeReadIsRefused(t *testing.T) {
	t.Parallel()
	d := recogniser(t, false, Options{})
	readable := passport(t)
	plain := image.NewRGBA(image.Rect(0, 0, 800, 600))
	draw.Draw(plain, plain.Rect, image.NewUniform(color.Gray{120}), image.Point{}, draw.Src)
	for name, c := range map[string]struct {
		img  image.Image
		want error
	}{
		"no document": {plain, ErrNotFound}, "too small": {scaled(readable, 150, 150), ErrTooSmall}, "too blurred": {scaled(readable, 200, 1600), ErrBlurred},
	} {
		out, err := d.Run(t.Context(), tech.Evidence{Pages: []image.Image{c.img}, Now: today})
		if idem.CodeOf(err) != idem.CodeOf(c.want) || idem.KindOf(err) != idem.Unprocessable {
			t.Errorf("%s: %v, %+v", name, err, out.Details)
		}
	}
}

// TestUnknownIssuerIsReadAndDoesNotPass reads a specimen as if it were a
// document: Utopia is no state, and not Trinidad and Tobago either.
func TestUnknownIssuerIsReadAndDoesNotPass(t *testing.T) {
	t.Parallel()
	d := New(recogniser(t, false, Options{}).text, face.None{}, Options{ZoneOnly: true})
	out, r := run(t, d, passport(t))
	if f, _ := r.Field(Issuer); out.Passed || !slices.Equal(out.Reasons, []tech.Reason{IssuerUnknown, NationalityUnknown}) || f.Value != "UTO" || len(r.Zone.Corrections) > 0 {
		t.Errorf("%v, %+v, %v", out.Reasons, f, r.Zone.Corrections)
	}
}

// scaled shrinks a picture to a width and stretches it to another.
func scaled(img image.Image, width, then int) image.Image {
	b := img.Bounds()
	small := image.NewRGBA(image.Rect(0, 0, width, width*b.Dy()/b.Dx()))
	xdraw.BiLinear.Scale(small, small.Rect, img, b, draw.Src, nil)
	out := image.NewRGBA(image.Rect(0, 0, then, then*b.Dy()/b.Dx()))
	xdraw.CatmullRom.Scale(out, out.Rect, small, small.Rect, draw.Src, nil)
	return out
}

func TestDOC_9_PortraitIsCutOut(t *testing.T) {
	t.Parallel()
	d := recogniser(t, true, Options{})
	p := person()
	turned := quarter(photo(t, card(t, specimen.TD3, p, sampleFace(t, d.faces)).Image))
	out, r := run(t, d, turned)
	if r.Portrait == nil || out.Face == nil || slices.Contains(out.Warnings, PortraitMissing) {
		t.Fatalf("no portrait: %v", out.Warnings)
	}
	b := r.Portrait.Image.Bounds()
	if ratio := float64(b.Dx()) / float64(b.Dy()); ratio < 0.74 || ratio > 0.76 || r.Portrait.InterEye < 30 {
		t.Errorf("%v, %.0f pixels between the eyes", b, r.Portrait.InterEye)
	}
	if a, err := d.faces.Analyse(t.Context(), out.Face, face.DetectOnly); err != nil || a.Faces != 1 {
		t.Errorf("%d faces in the portrait, %v", a.Faces, err)
	}
	blank := image.NewRGBA(image.Rect(0, 0, 30, 40))
	draw.Draw(blank, blank.Rect, image.White, image.Point{}, draw.Src)
	if out, r := run(t, d, photo(t, card(t, specimen.TD3, p, blank).Image)); r.Portrait != nil || !slices.Contains(out.Warnings, PortraitMissing) {
		t.Errorf("a portrait where none is: %v", out.Warnings)
	}
}

// sampleFace cuts the primary face of a sample picture out.
func sampleFace(t testing.TB, e face.Engine) image.Image {
	t.Helper()
	data, err := os.ReadFile(models.Files(modelsDir, models.Sample)[0])
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
	box := threeByFour(a.Primary.Box)
	out := image.NewRGBA(image.Rect(0, 0, 480, 640))
	xdraw.CatmullRom.Scale(out, out.Rect, img, image.Rect(int(box.X0), int(box.Y0), int(box.X1), int(box.Y1)), draw.Src, nil)
	return out
}

func TestDOC_11_HostilePicturesAreRefusedFromTheirHeader(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	huge := b.Bytes()
	size := bytes.Index(huge, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(huge[size+5:], 65500)
	binary.BigEndian.PutUint16(huge[size+7:], 65500)
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"huge": {huge, picture.ErrTooLarge}, "svg": {[]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), picture.ErrUnsupported},
		"cut": {huge[:40], picture.ErrUndecodable}, "empty": {nil, picture.ErrUnsupported}, "long": {make([]byte, 30<<20), picture.ErrTooLarge},
	} {
		if _, err := picture.Decode(t.Context(), c.data, picture.DefaultLimits()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestDOC_12_WithoutModels(t *testing.T) {
	d := New(ocr.Open(t.TempDir(), ocr.Options{}), face.None{}, Options{})
	if err := d.Ready(); idem.CodeOf(err) != "DOCUMENT_ENGINE_UNAVAILABLE" || !strings.Contains(err.Error(), "idem models pull") {
		t.Error(err)
	}
	if _, err := d.Run(t.Context(), tech.Evidence{Pages: []image.Image{image.NewGray(image.Rect(0, 0, 9, 9))}}); idem.KindOf(err) != idem.Unavailable {
		t.Error(err)
	}
}

func TestEvidenceOfNoOrTooManyPages(t *testing.T) {
	d := recogniser(t, false, Options{})
	if _, err := d.Run(t.Context(), tech.Evidence{}); idem.CodeOf(err) != "EVIDENCE_MISSING" {
		t.Error(err)
	}
	if _, err := d.Run(t.Context(), tech.Evidence{Pages: make([]image.Image, maxPages+1)}); idem.CodeOf(err) != "TOO_MANY_PAGES" {
		t.Error(err)
	}
}
