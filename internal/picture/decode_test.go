package picture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"sync"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/picture"
)

func mustDecode(t *testing.T, data []byte) picture.Picture {
	t.Helper()
	p, err := picture.Decode(context.Background(), data, picture.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// upright is what each orientation of a stored "rgbw" looks like when shown.
var upright = [...]string{1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb"}

func TestOrientationJPEG(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for turn := 1; turn <= 8; turn++ {
			p := mustDecode(t, photo(t, quarters(160, 96), order, turn))
			if got := shown(p.Image); got != upright[turn] {
				t.Errorf("orientation %d shows %s, want %s", turn, got, upright[turn])
			}
			want := image.Pt(160, 96)
			if turn >= 5 {
				want = image.Pt(96, 160)
			}
			if p.Image.Bounds().Size() != want || p.Width != want.X || p.Height != want.Y {
				t.Errorf("orientation %d: %v, %d x %d", turn, p.Image.Bounds(), p.Width, p.Height)
			}
		}
	}
}

func TestOrientationPNG(t *testing.T) {
	for turn := 1; turn <= 8; turn++ {
		p := mustDecode(t, taggedPNG(t, quarters(101, 77), turn))
		if got := shown(p.Image); got != upright[turn] || p.Format != picture.PNG {
			t.Errorf("orientation %d shows %s, want %s", turn, got, upright[turn])
		}
	}
}

func TestOrientationWebP(t *testing.T) {
	p := mustDecode(t, taggedWebP(100, 70, 6))
	if p.Width != 70 || p.Height != 100 || p.Format != picture.WebP {
		t.Errorf("%s %d x %d", p.Format, p.Width, p.Height)
	}
	if r, _, _, _ := p.Image.At(5, 5).RGBA(); r>>8 != 90 {
		t.Errorf("grey is %d, want 90", r>>8)
	}
}

func TestOrientationOfSubsampledChroma(t *testing.T) {
	for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio440} {
		for turn := 1; turn <= 8; turn++ {
			if got := picture.TurnForTest(ycbcr(quarters(90, 70), ratio), turn); shown(got) != upright[turn] {
				t.Errorf("%v orientation %d shows %s", ratio, turn, shown(got))
			}
		}
	}
}

func ycbcr(src image.Image, ratio image.YCbCrSubsampleRatio) image.Image {
	b := src.Bounds()
	img := image.NewYCbCr(b, ratio)
	for y := range b.Dy() {
		for x := range b.Dx() {
			c := color.YCbCrModel.Convert(src.At(x, y)).(color.YCbCr)
			img.Y[img.YOffset(x, y)] = c.Y
			img.Cb[img.COffset(x, y)], img.Cr[img.COffset(x, y)] = c.Cb, c.Cr
		}
	}
	return img
}

func TestShrinkKeepsContent(t *testing.T) {
	for _, size := range []image.Point{{900, 500}, {401, 303}, {1601, 77}, {210, 199}} {
		for name, data := range map[string][]byte{"jpeg": encodeJPEG(t, quarters(size.X, size.Y)), "png": encodePNG(t, quarters(size.X, size.Y))} {
			l := picture.DefaultLimits()
			l.WorkingSide = 200
			p, err := picture.Decode(context.Background(), data, l)
			if err != nil {
				t.Fatal(err)
			}
			got := p.Image.Bounds().Size()
			if max(got.X, got.Y) > 200 || max(got.X, got.Y) < 180 || shown(p.Image) != "rgbw" {
				t.Errorf("%s %v became %v showing %s", name, size, got, shown(p.Image))
			}
			if p.Width != size.X || p.Height != size.Y {
				t.Errorf("size of the file reported as %d x %d", p.Width, p.Height)
			}
		}
	}
}

func TestTransparentBecomesWhite(t *testing.T) {
	p := mustDecode(t, encodePNG(t, image.NewNRGBA(image.Rect(0, 0, 80, 80))))
	if got := color.RGBAModel.Convert(p.Image.At(40, 40)); got != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("transparent pixel is %v", got)
	}
}

// hugeJPEG claims 65500 x 65500 pixels in a few hundred bytes.
func hugeJPEG(t testing.TB) []byte {
	data := encodeJPEG(t, quarters(64, 64))
	at := bytes.Index(data, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(data[at+5:], 65500)
	binary.BigEndian.PutUint16(data[at+7:], 65500)
	return data
}

// hiddenWebP has a small canvas and a frame of 16383 x 16383.
func hiddenWebP() []byte {
	frame := make([]byte, 10)
	copy(frame[3:], "\x9d\x01\x2a\xff\x3f\xff\x3f")
	head := make([]byte, 10)
	head[4], head[7] = 99, 99
	return riff(webpChunk("VP8X", head), webpChunk("VP8 ", frame))
}

func hugePNG(t testing.TB) []byte {
	data := encodePNG(t, quarters(64, 64))
	head := append([]byte{}, data[16:29]...)
	binary.BigEndian.PutUint32(head, 30000)
	return append(append(append([]byte{}, data[:8]...), pngChunk("IHDR", head)...), data[33:]...)
}

// manyScans repeats the only scan of a JPEG.
func manyScans(t testing.TB) []byte {
	data := encodeJPEG(t, quarters(64, 64))
	at := bytes.Index(data, []byte{0xff, 0xda})
	scan := data[at : len(data)-2]
	return append(append(data[:at:at], bytes.Repeat(scan, 101)...), 0xff, 0xd9)
}

func TestRefusals(t *testing.T) {
	cases := map[string]struct {
		data []byte
		want error
	}{
		"bytes":        {make([]byte, 10<<20+1), picture.ErrTooLarge},
		"huge jpeg":    {hugeJPEG(t), picture.ErrTooLarge},
		"huge png":     {hugePNG(t), picture.ErrTooLarge},
		"hidden webp":  {hiddenWebP(), picture.ErrTooLarge},
		"small":        {encodePNG(t, quarters(63, 200)), picture.ErrTooSmall},
		"gif":          {[]byte("GIF89a0000000000000"), picture.ErrUnsupported},
		"svg":          {[]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), picture.ErrUnsupported},
		"empty":        {nil, picture.ErrUnsupported},
		"cut jpeg":     {encodeJPEG(t, quarters(200, 200))[:400], picture.ErrUndecodable},
		"cut png":      {encodePNG(t, quarters(200, 200))[:100], picture.ErrUndecodable},
		"only a mark":  {[]byte("\xff\xd8\xff\xe0"), picture.ErrUndecodable},
		"many scans":   {manyScans(t), picture.ErrUndecodable},
		"no worker":    {heicSample(t, "test8.heic"), picture.ErrUnsupported},
		"avif":         {[]byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00avifmif1"), picture.ErrUnsupported},
		"empty webp":   {riff(), picture.ErrUndecodable},
		"broken chunk": {riff([]byte("VP8L\xff\xff\xff\x7f")), picture.ErrUndecodable},
	}
	for name, c := range cases {
		_, err := picture.Decode(context.Background(), c.data, picture.DefaultLimits())
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestErrorKinds(t *testing.T) {
	for err, kind := range map[error]idem.Kind{picture.ErrTooLarge: idem.TooLarge, picture.ErrUnsupported: idem.Unsupported, picture.ErrUndecodable: idem.Unprocessable, picture.ErrTooSmall: idem.Unprocessable} {
		if idem.KindOf(err) != kind {
			t.Errorf("%v has kind %d", err, idem.KindOf(err))
		}
	}
}

func TestCancelledDecode(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	data := encodeJPEG(t, quarters(200, 200))
	if _, err := picture.Decode(ctx, data, picture.DefaultLimits()); !errors.Is(err, context.Canceled) {
		t.Errorf("Decode: %v", err)
	}
	if _, err := picture.NewDecoder(picture.DefaultLimits(), nil).Decode(ctx, data); !errors.Is(err, context.Canceled) {
		t.Errorf("Decoder: %v", err)
	}
}

func TestDecoderManyAtOnce(t *testing.T) {
	d := picture.NewDecoder(picture.DefaultLimits(), nil)
	data := encodeJPEG(t, quarters(300, 200))
	var group sync.WaitGroup
	errs := make(chan error, 20)
	for range 20 {
		group.Go(func() {
			p, err := d.Decode(context.Background(), data)
			if err == nil && shown(p.Image) != "rgbw" {
				err = fmt.Errorf("shows %s", shown(p.Image))
			}
			errs <- err
		})
	}
	group.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encodeJPEG(f, quarters(64, 64)))
	f.Add(photo(f, quarters(80, 64), binary.LittleEndian, 6))
	f.Add(taggedPNG(f, quarters(64, 64), 3))
	f.Add(taggedWebP(64, 64, 2))
	f.Add(hiddenWebP())
	f.Fuzz(func(t *testing.T, data []byte) {
		l := picture.DefaultLimits()
		l.Pixels, l.MinSide = 1<<20, 1
		p, err := picture.Decode(context.Background(), data, l)
		if err != nil {
			if idem.CodeOf(err) == "INTERNAL" {
				t.Fatalf("unclassified: %v", err)
			}
			return
		}
		if b := p.Image.Bounds(); b.Min != (image.Point{}) || b.Empty() || b.Dx()*b.Dy() > 1<<20 {
			t.Fatalf("bounds %v", b)
		}
		p.Image.At(p.Image.Bounds().Max.X-1, p.Image.Bounds().Max.Y-1)
	})
}
