package picture_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idem-id/idem/internal/picture"
)

// TestMain lets the test binary be the worker of its own tests.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "worker" {
		if err := picture.RunWorker(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// quarters is w x h with a colour of its own in each quarter: red, green,
// blue, white from the top left in reading order.
func quarters(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	colours := []color.RGBA{{220, 30, 30, 255}, {30, 200, 30, 255}, {30, 30, 220, 255}, {240, 240, 240, 255}}
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, colours[2*(2*y/h)+2*x/w])
		}
	}
	return img
}

// shown names the quarters of an image in reading order, like "rgbw".
func shown(img image.Image) string {
	b := img.Bounds()
	var s strings.Builder
	for _, at := range [][2]int{{1, 1}, {3, 1}, {1, 3}, {3, 3}} {
		r, g, bl, _ := img.At(b.Min.X+at[0]*b.Dx()/4, b.Min.Y+at[1]*b.Dy()/4).RGBA()
		switch high := uint32(0x9000); {
		case r > high && g > high && bl > high:
			s.WriteByte('w')
		case r > high:
			s.WriteByte('r')
		case g > high:
			s.WriteByte('g')
		case bl > high:
			s.WriteByte('b')
		default:
			s.WriteByte('?')
		}
	}
	return s.String()
}

func encodeJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodePNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// secret stands for whatever a phone writes into its pictures.
const secret = "SECRET GPS 51.5N 0.1W"

// exif is a TIFF structure with an orientation and the secret as description.
func exif(order binary.ByteOrder, turn int) []byte {
	mark := "II*\x00"
	if order == binary.BigEndian {
		mark = "MM\x00*"
	}
	b := append([]byte(mark), make([]byte, 4+2+24+4)...)
	order.PutUint32(b[4:], 8)
	order.PutUint16(b[8:], 2)
	entry := func(at int, tag, kind uint16, n, value uint32) {
		order.PutUint16(b[at:], tag)
		order.PutUint16(b[at+2:], kind)
		order.PutUint32(b[at+4:], n)
		order.PutUint32(b[at+8:], value)
	}
	entry(10, 0x010e, 2, uint32(len(secret)), uint32(len(b)))
	entry(22, 0x0112, 3, 1, 0)
	order.PutUint16(b[30:], uint16(turn))
	return append(b, secret...)
}

func segment(marker byte, body []byte) []byte {
	return append([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
}

// photo is a JPEG as a phone writes it: EXIF, XMP, a comment and a trailer.
func photo(t testing.TB, img image.Image, order binary.ByteOrder, turn int) []byte {
	plain := encodeJPEG(t, img)
	out := append([]byte{}, plain[:2]...)
	out = append(out, segment(0xe0, []byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"))...)
	out = append(out, segment(0xe1, append([]byte("Exif\x00\x00"), exif(order, turn)...))...)
	out = append(out, segment(0xe1, []byte("http://ns.adobe.com/xap/1.0/\x00"+secret))...)
	out = append(out, segment(0xfe, []byte(secret))...)
	out = append(out, plain[2:]...)
	return append(out, secret...)
}

func pngChunk(kind string, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, kind...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// taggedPNG has its metadata between header and data.
func taggedPNG(t testing.TB, img image.Image, turn int) []byte {
	plain := encodePNG(t, img)
	out := append([]byte{}, plain[:33]...)
	out = append(out, pngChunk("tEXt", []byte("Comment\x00"+secret))...)
	out = append(out, pngChunk("eXIf", exif(binary.BigEndian, turn))...)
	out = append(out, plain[33:]...)
	return append(out, secret...)
}

// bitWriter packs least significant bits first, as VP8L does.
type bitWriter struct {
	out []byte
	n   uint
}

func (w *bitWriter) put(v uint32, bits uint) {
	for i := range bits {
		if w.n%8 == 0 {
			w.out = append(w.out, 0)
		}
		w.out[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

// greyWebP is a lossless WebP (RFC 9649) of one colour: five prefix codes of a
// single symbol each need no bits per pixel.
func greyWebP(w, h int, grey byte) []byte {
	var b bitWriter
	b.put(0x2f, 8)
	b.put(uint32(w-1), 14)
	b.put(uint32(h-1), 14)
	b.put(0, 1+3+1+1+1) // no alpha, version 0, no transform, no cache, no meta codes
	for _, symbol := range []byte{grey, grey, grey, 255, 0} {
		b.put(1, 1) // simple code
		b.put(0, 1) // one symbol
		b.put(1, 1) // of eight bits
		b.put(uint32(symbol), 8)
	}
	return riff(webpChunk("VP8L", b.out))
}

func webpChunk(id string, body []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(body)))
	out = append(out, body...)
	if len(body)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

func riff(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// taggedWebP wraps the picture into an extended file with EXIF and XMP.
func taggedWebP(w, h, turn int) []byte {
	head := make([]byte, 10)
	head[0] = 0x04 | 0x08
	head[4], head[5] = byte(w-1), byte((w-1)>>8)
	head[7], head[8] = byte(h-1), byte((h-1)>>8)
	return riff(webpChunk("VP8X", head), greyWebP(w, h, 90)[12:], webpChunk("EXIF", exif(binary.LittleEndian, turn)), webpChunk("XMP ", []byte(secret)))
}

// heicSample reads a test file of the HEIC module, which is on every machine
// that could build this package.
func heicSample(t testing.TB, name string) []byte {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/gen2brain/heic").Output()
	if err != nil {
		t.Fatalf("find module heic: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func selfWorker(t testing.TB) *picture.Worker {
	t.Helper()
	w, err := picture.SelfWorker()
	if err != nil {
		t.Fatal(err)
	}
	return w
}
