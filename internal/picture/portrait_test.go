package picture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/picture"
)

// sample reads the test picture (helper quarters, 96 x 128) that OpenJPEG's
// opj_compress wrote.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPortrait(t *testing.T) {
	files := map[string][]byte{"jpeg": encodeJPEG(t, quarters(96, 128))}
	if picture.DecodesJPEG2000() {
		files["jp2"], files["j2k"] = sample(t, "quarters.jp2"), sample(t, "quarters.j2k")
	}
	d := picture.NewDecoder(patient(), selfWorker(t))
	for name, data := range files {
		p, err := d.Portrait(t.Context(), data)
		if err != nil || p.Width != 96 || p.Height != 128 || shown(p.Image) != "rgbw" {
			t.Errorf("%s: %d x %d, %v", name, p.Width, p.Height, err)
		}
	}
}

// TestEDOC_5_WithoutWorker: JPEG 2000 is refused as a format, not as damaged.
func TestEDOC_5_WithoutWorker(t *testing.T) {
	d := picture.NewDecoder(picture.DefaultLimits(), nil)
	if _, err := d.Portrait(t.Context(), sample(t, "quarters.jp2")); !errors.Is(err, picture.ErrUnsupported) {
		t.Errorf("err = %v", err)
	}
	if _, err := d.Decode(t.Context(), sample(t, "quarters.jp2")); !errors.Is(err, picture.ErrUnsupported) {
		t.Errorf("JPEG 2000 as an ordinary picture: %v", err)
	}
}

func TestPortraitLimitsBeforeWorker(t *testing.T) {
	if !picture.DecodesJPEG2000() {
		t.Skip("this build has no decoder of JPEG 2000 (make test has)")
	}
	large := bytes.Clone(sample(t, "quarters.j2k"))
	binary.BigEndian.PutUint32(large[8:], 12_000)
	binary.BigEndian.PutUint32(large[12:], 12_000)
	d := picture.NewDecoder(picture.DefaultLimits(), &picture.Worker{Path: "/nonexistent"})
	if _, err := d.Portrait(t.Context(), large); !errors.Is(err, picture.ErrTooLarge) {
		t.Errorf("err = %v", err)
	}
}

func TestDamagedPortrait(t *testing.T) {
	if !picture.DecodesJPEG2000() {
		t.Skip("this build has no decoder of JPEG 2000 (make test has)")
	}
	d := picture.NewDecoder(patient(), selfWorker(t))
	data := sample(t, "quarters.jp2")
	for _, cut := range []int{60, 200, 900, len(data) - 3} {
		if _, err := d.Portrait(t.Context(), data[:cut]); !errors.Is(err, picture.ErrUndecodable) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
}

// manyPrecincts is a codestream of some hundred bytes that claims eight
// megapixels in the smallest precincts there are: a decoder that believes it
// allocates and walks millions of them.
func manyPrecincts() []byte {
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			_ = binary.Write(&b, binary.BigEndian, v) // a buffer takes all
		}
	}
	const side = 2800
	put(uint16(0xff4f), uint16(0xff51), uint16(41), uint16(0), [8]uint32{side, side, 0, 0, side, side, 0, 0}, uint16(1), [3]uint8{7, 1, 1})
	put(uint16(0xff52), uint16(12+6), uint8(1), [5]uint8{0, 0xff, 0xff, 0, 5}, [4]uint8{0, 0, 0, 1}, [6]uint8{0x11, 0x11, 0x11, 0x11, 0x11, 0x11})
	put(uint16(0xff5c), uint16(3+16), uint8(0x40), [16]uint8{0x40, 0x40, 0x48, 0x48, 0x50, 0x48, 0x48, 0x50, 0x48, 0x48, 0x50, 0x48, 0x48, 0x50, 0x48, 0x48})
	put(uint16(0xff90), uint16(10), uint16(0), uint32(0), [2]uint8{0, 1}, uint16(0xff93), [64]byte{}, uint16(0xffd9))
	return b.Bytes()
}

// TestEDOC_6_CraftedPortraitIsKilled: a small file that would run long ends
// with the worker, within its time, and is refused as damaged or late.
func TestEDOC_6_CraftedPortraitIsKilled(t *testing.T) {
	if !picture.DecodesJPEG2000() {
		t.Skip("this build has no decoder of JPEG 2000 (make test has)")
	}
	l := picture.DefaultLimits()
	l.Time = 500 * time.Millisecond
	start := time.Now()
	_, err := picture.NewDecoder(l, selfWorker(t)).Portrait(t.Context(), manyPrecincts())
	t.Log(time.Since(start), err)
	if err == nil || idem.KindOf(err) == idem.Unavailable {
		t.Errorf("err = %v", err)
	}
	if _, err := picture.NewDecoder(patient(), selfWorker(t)).Portrait(t.Context(), sample(t, "quarters.jp2")); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// FuzzPortrait feeds the worker, never this process.
func FuzzPortrait(f *testing.F) {
	f.Add(sample(f, "quarters.jp2"))
	f.Add(sample(f, "quarters.j2k"))
	f.Add(manyPrecincts())
	path, err := os.Executable()
	if err != nil {
		f.Fatal(err)
	}
	l := picture.DefaultLimits()
	l.Time = time.Second
	d := picture.NewDecoder(l, &picture.Worker{Path: path, Args: []string{"worker"}})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := d.Portrait(t.Context(), data)
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			t.Log("the worker died, this process did not")
		}
		if err == nil && p.Image.Bounds().Empty() {
			t.Error("empty picture without an error")
		}
	})
}
