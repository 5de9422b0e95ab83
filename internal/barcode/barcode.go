package barcode

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"io"

	"github.com/idem-id/idem"
)

// Kind is a symbology.
type Kind string

// The symbologies.
const (
	QR     Kind = "QR"
	PDF417 Kind = "PDF417"
)

// Symbol is a code that was read.
type Symbol struct {
	Kind    Kind
	Text    string
	Corners [4]image.Point // its own top left first, then clockwise
}

// The refusals. A picture without a code is none: it has no symbols.
var (
	ErrNotOffered = idem.Errorf(idem.Unavailable, "BARCODE_NOT_OFFERED", "this installation does not read codes of this kind")
	ErrTooLarge   = idem.Errorf(idem.TooLarge, "BARCODE_IMAGE_TOO_LARGE", "the image is too large to look for codes")
)

// The limits of one picture and of what is said about it.
const (
	maxPixels  = 40_000_000
	maxSymbols = 8
	maxText    = 8 << 10 // above the 7089 characters of the largest code
	maxAnswer  = 1 << 20 // JSON may need six bytes for one of them
)

// Runner starts a process that is limited in time and memory, hands it the
// input and returns at most limit bytes of what it answers.
type Runner interface {
	Run(ctx context.Context, in io.Reader, limit int) ([]byte, error)
}

// Reader reads codes. It is safe for concurrent use.
type Reader struct{ worker Runner }

// NewReader returns a reader that looks for codes in a worker, whose process
// must call Serve. With a nil worker it looks in this process, where a fault
// of ZXing would end everything: for tests and tools only.
func NewReader(worker Runner) *Reader { return &Reader{worker} }

// Offers reports whether codes of a kind can be read.
func Offers(k Kind) bool { return k == QR || k == PDF417 && native }

// Read looks for codes of one kind. PDF417 has to be level within two degrees,
// with three pixels to a module; QR codes may lie anyhow. It refuses with
// ErrNotOffered or ErrTooLarge, and fails with the worker's error.
func (r *Reader) Read(ctx context.Context, img image.Image, k Kind) ([]Symbol, error) {
	size := img.Bounds().Size()
	switch {
	case !Offers(k):
		return nil, ErrNotOffered
	case size.X*size.Y > maxPixels || size.X > 1<<15 || size.Y > 1<<15:
		return nil, ErrTooLarge
	case size.X == 0 || size.Y == 0:
		return nil, nil
	}
	g := grey(img)
	if r.worker == nil {
		return scan(g, k)
	}
	return r.delegate(ctx, g, k)
}

// grey returns the luminance with its origin at 0,0 and no gaps between rows.
func grey(img image.Image) *image.Gray {
	b := img.Bounds()
	g := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		row := g.Pix[y*g.Stride:]
		switch src := img.(type) {
		case *image.YCbCr:
			copy(row, src.Y[src.YOffset(b.Min.X, b.Min.Y+y):][:b.Dx()])
		case *image.Gray:
			copy(row, src.Pix[src.PixOffset(b.Min.X, b.Min.Y+y):][:b.Dx()])
		default:
			for x := range b.Dx() {
				red, green, blue, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
				row[x] = uint8((19595*red + 38470*green + 7471*blue + 1<<15) >> 24)
			}
		}
	}
	return g
}

// header precedes the pixels of a request.
type header struct{ Width, Height, PDF417 uint32 }

func (r *Reader) delegate(ctx context.Context, g *image.Gray, k Kind) ([]Symbol, error) {
	h := header{Width: uint32(g.Rect.Dx()), Height: uint32(g.Rect.Dy())}
	if k == PDF417 {
		h.PDF417 = 1
	}
	head, _ := binary.Append(nil, binary.LittleEndian, h) // fixed size: cannot fail
	out, err := r.worker.Run(ctx, io.MultiReader(bytes.NewReader(head), bytes.NewReader(g.Pix)), maxAnswer)
	if err != nil {
		return nil, fmt.Errorf("look for codes: %w", err)
	}
	var symbols []Symbol
	if err := json.Unmarshal(out, &symbols); err != nil {
		return nil, fmt.Errorf("look for codes: %w", err)
	}
	return clean(symbols, k), nil
}

// clean keeps what a scan may answer: a worker taken over by its picture may
// say anything.
func clean(symbols []Symbol, k Kind) []Symbol {
	var out []Symbol
	for _, s := range symbols[:min(len(symbols), maxSymbols)] {
		if s.Kind == k && len(s.Text) <= maxText {
			out = append(out, s)
		}
	}
	return out
}

// Serve is the body of the worker's process: it reads one request from in and
// writes the answer to out.
func Serve(in io.Reader, out io.Writer) error {
	var h header
	if err := binary.Read(in, binary.LittleEndian, &h); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	if uint64(h.Width)*uint64(h.Height) > maxPixels || h.Width == 0 || h.Height == 0 {
		return ErrTooLarge
	}
	g := image.NewGray(image.Rect(0, 0, int(h.Width), int(h.Height)))
	if _, err := io.ReadFull(in, g.Pix); err != nil {
		return fmt.Errorf("read pixels: %w", err)
	}
	k := QR
	if h.PDF417 != 0 {
		k = PDF417
	}
	symbols, err := scan(g, k)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(clean(symbols, k))
}
