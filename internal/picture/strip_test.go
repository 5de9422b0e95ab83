package picture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"testing"

	"github.com/idem-id/idem/internal/picture"
)

// samePixels compares decoded images exactly: stripping must not encode again.
func samePixels(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if a.At(x, y) != b.At(x, y) {
				return false
			}
		}
	}
	return true
}

func TestStripKeepsPictureAndOrientation(t *testing.T) {
	for turn := 1; turn <= 8; turn++ {
		for name, data := range map[string][]byte{
			"jpeg": photo(t, quarters(160, 96), binary.LittleEndian, turn),
			"png":  taggedPNG(t, quarters(160, 96), turn),
			"webp": taggedWebP(160, 96, turn),
		} {
			out, err := picture.Strip(data)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if bytes.Contains(out, []byte("SECRET")) {
				t.Errorf("%s: metadata is left", name)
			}
			if !samePixels(mustDecode(t, data).Image, mustDecode(t, out).Image) {
				t.Errorf("%s, orientation %d: the picture changed", name, turn)
			}
			again, err := picture.Strip(out)
			if err != nil || !bytes.Equal(out, again) {
				t.Errorf("%s: stripping twice changes the file (%v)", name, err)
			}
		}
	}
}

func TestStripJPEGKeepsColour(t *testing.T) {
	plain := encodeJPEG(t, quarters(64, 64))
	profile := segment(0xe2, []byte("ICC_PROFILE\x00\x01\x01profile"))
	adobe := segment(0xee, []byte("Adobe\x00\x64\x00\x00\x00\x00\x01"))
	other := segment(0xe2, []byte("MPF\x00"+secret))
	data := append([]byte{0xff, 0xd8}, bytes.Join([][]byte{profile, adobe, other, plain[2:]}, nil)...)
	out, err := picture.Strip(data)
	if err != nil || !bytes.Contains(out, profile) || !bytes.Contains(out, adobe) || bytes.Contains(out, []byte("MPF")) {
		t.Fatalf("kept the wrong segments: %q, %v", out[:80], err)
	}
}

func TestStripDropsThumbnail(t *testing.T) {
	plain := encodeJPEG(t, quarters(64, 64))
	head := append([]byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x02\x02"), bytes.Repeat([]byte("abc"), 4)...)
	data := append([]byte{0xff, 0xd8}, append(segment(0xe0, head), plain[2:]...)...)
	out, err := picture.Strip(data)
	if err != nil || bytes.Contains(out, []byte("abcabc")) {
		t.Fatalf("thumbnail left: %v", err)
	}
	mustDecode(t, out)
}

func TestStripRefuses(t *testing.T) {
	whole := photo(t, quarters(64, 64), binary.BigEndian, 1)
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"text": {[]byte("hello"), picture.ErrUnsupported}, "cut jpeg": {whole[:len(whole)/2], picture.ErrUndecodable},
		"cut png": {encodePNG(t, quarters(64, 64))[:60], picture.ErrUndecodable}, "empty webp": {riff(), picture.ErrUndecodable},
		"heic": {heicSample(t, "test8.heic"), picture.ErrUnsupported},
	} {
		if _, err := picture.Strip(c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestIntakeStoresStrippedFile(t *testing.T) {
	d := picture.NewDecoder(picture.DefaultLimits(), nil)
	p, s, err := d.Intake(context.Background(), photo(t, quarters(160, 96), binary.BigEndian, 6))
	if err != nil || s.Format != picture.JPEG || bytes.Contains(s.Data, []byte("SECRET")) {
		t.Fatalf("%v, %s", err, s.Format)
	}
	if shown(p.Image) != upright[6] || shown(mustDecode(t, s.Data).Image) != upright[6] {
		t.Error("the stored file shows something else")
	}
}

func FuzzStrip(f *testing.F) {
	f.Add(photo(f, quarters(64, 64), binary.LittleEndian, 6))
	f.Add(taggedPNG(f, quarters(64, 64), 3))
	f.Add(taggedWebP(64, 64, 5))
	f.Add([]byte("\xff\xd8\xff\xd9"))
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := picture.Strip(data)
		if err != nil {
			return
		}
		again, err := picture.Strip(out)
		if err != nil || !bytes.Equal(out, again) {
			t.Fatalf("not stable: %v", err)
		}
		if len(out) > len(data)+64 {
			t.Fatalf("grew from %d to %d", len(data), len(out))
		}
	})
}
