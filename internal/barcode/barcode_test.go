package barcode_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/draw"
	_ "image/png"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/barcode"
)

// qr draws a code on a white page, its top left corner at 40, 30.
func qr(t *testing.T, text string, size int) *image.Gray {
	t.Helper()
	m, err := qrcode.NewQRCodeWriter().Encode(text, gozxing.BarcodeFormat_QR_CODE, size, size, nil)
	if err != nil {
		t.Fatal(err)
	}
	page := image.NewGray(image.Rect(0, 0, size+100, size+80))
	draw.Draw(page, page.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(page, image.Rect(40, 30, 40+size, 30+size), m, image.Point{}, draw.Src)
	return page
}

// page is a PDF417 code of a made-up licence, written by another program.
func page(t *testing.T) image.Image {
	t.Helper()
	f, err := os.Open("testdata/pdf417.png")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// inline runs the worker's body in this process.
type inline struct{}

func (inline) Run(_ context.Context, in io.Reader, limit int) ([]byte, error) {
	var out bytes.Buffer
	err := barcode.Serve(in, &out)
	return out.Bytes()[:min(out.Len(), limit)], err
}

func TestReadFindsQRCodes(t *testing.T) {
	const text = "https://idem.example/c/0193-ÄÖ"
	for name, r := range map[string]*barcode.Reader{"here": barcode.NewReader(nil), "in a worker": barcode.NewReader(inline{})} {
		got, err := r.Read(t.Context(), qr(t, text, 300), barcode.QR)
		if err != nil || len(got) != 1 || got[0].Text != text || got[0].Kind != barcode.QR {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		for i, corner := range []image.Point{{40, 30}, {340, 30}, {340, 330}, {40, 330}} {
			if d := got[0].Corners[i].Sub(corner); max(d.X, -d.X, d.Y, -d.Y) > 90 {
				t.Errorf("%s: corner %d at %v, want it near %v", name, i, got[0].Corners[i], corner)
			}
		}
	}
}

func TestReadFindsNothingOnAnEmptyPage(t *testing.T) {
	empty := image.NewGray(image.Rect(0, 0, 300, 200))
	for _, k := range []barcode.Kind{barcode.QR, barcode.PDF417} {
		if !barcode.Offers(k) {
			continue
		}
		if got, err := barcode.NewReader(nil).Read(t.Context(), empty, k); err != nil || len(got) != 0 {
			t.Errorf("%s: %+v, %v", k, got, err)
		}
	}
}

func TestDOC_13_PDF417IsReadOrClearlyNotOffered(t *testing.T) {
	got, err := barcode.NewReader(inline{}).Read(t.Context(), page(t), barcode.PDF417)
	if !barcode.Offers(barcode.PDF417) {
		if !errors.Is(err, barcode.ErrNotOffered) || idem.KindOf(err) != idem.Unavailable {
			t.Fatal(err)
		}
		t.Log("built without ZXing")
		return
	}
	if err != nil || len(got) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	l, err := barcode.ParseAAMVA(got[0].Text)
	if err != nil {
		t.Fatal(err)
	}
	if l.Number != "T64235789" || l.Surname != "SAMPLE" || l.Given != "MICHAEL JOHN" || l.Birth.String() != "1986-06-06" || l.Expiry.String() != "2030-12-10" {
		t.Errorf("%+v", l)
	}
}

func TestReadBoundsThePicture(t *testing.T) {
	for _, size := range []image.Point{{8000, 6000}, {40000, 10}} {
		huge := image.NewUniform(image.White.C)
		if _, err := barcode.NewReader(nil).Read(t.Context(), sized{huge, size}, barcode.QR); !errors.Is(err, barcode.ErrTooLarge) {
			t.Errorf("%v: %v", size, err)
		}
	}
}

// sized is an image without pixels of its own.
type sized struct {
	image.Image
	size image.Point
}

func (s sized) Bounds() image.Rectangle { return image.Rectangle{Max: s.size} }

func TestServeRefusesBadRequests(t *testing.T) {
	for _, in := range []string{"", "\x01\x00\x00\x00", strings.Repeat("\xff", 12), "\x02\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00abc", strings.Repeat("\x00", 12)} {
		var out bytes.Buffer
		if err := barcode.Serve(strings.NewReader(in), &out); err == nil || out.Len() != 0 {
			t.Errorf("%q: answered %q", in, out.String())
		}
	}
}

// answers is a worker that was taken over.
type answers string

func (a answers) Run(context.Context, io.Reader, int) ([]byte, error) { return []byte(a), nil }

func TestReadTrustsNoWorker(t *testing.T) {
	one := image.NewGray(image.Rect(0, 0, 10, 10))
	for _, a := range []string{"", "{", `[{"Kind":"PDF417","Text":"x"}]`, `[{"Kind":"QR","Text":"` + strings.Repeat("x", 9000) + `"}]`} {
		if got, _ := barcode.NewReader(answers(a)).Read(t.Context(), one, barcode.QR); len(got) != 0 {
			t.Errorf("%.40q: %d symbols", a, len(got))
		}
	}
}
