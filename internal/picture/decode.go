package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"runtime"
	"time"

	"golang.org/x/image/webp"
	"golang.org/x/sync/semaphore"
)

// Limits bound what is decoded. All are checked before a decoder runs.
type Limits struct {
	Bytes       int           // size of the file
	Pixels      int           // width x height
	MinSide     int           // shorter side in pixels
	MaxSide     int           // longer side in pixels
	WorkingSide int           // longer side after shrinking; 0 keeps every pixel
	Time        time.Duration // for one picture; 0 leaves it to the context
}

// DefaultLimits returns 10 MiB, 40 megapixels, sides of 64..12000 pixels, a
// working size of 2048 and ten seconds.
func DefaultLimits() Limits {
	return Limits{Bytes: 10 << 20, Pixels: 40_000_000, MinSide: 64, MaxSide: 12_000, WorkingSide: 2048, Time: 10 * time.Second}
}

func (l Limits) check(w, h int) error {
	switch {
	case max(w, h) > l.MaxSide:
		return tooLarge("the image is %d x %d pixels, a side may have %d", w, h, l.MaxSide)
	case w*h > l.Pixels:
		return tooLarge("the image is %d x %d pixels, %d megapixels are allowed", w, h, l.Pixels/1_000_000)
	case min(w, h) < l.MinSide:
		return tooSmall("the image is %d x %d pixels, a side needs %d", w, h, l.MinSide)
	}
	return nil
}

// Picture is a decoded image, upright and at working size. Image is an
// *image.YCbCr, *image.Gray or *image.RGBA (opaque) with its origin at 0,0.
type Picture struct {
	Image  image.Image
	Format Format
	Width  int // of the file, upright, before shrinking
	Height int
}

// Whole reports whether Image shows every pixel of the file.
func (p Picture) Whole() bool { return p.Image.Bounds().Size() == image.Pt(p.Width, p.Height) }

// Decoder decodes with bounded concurrency: as many pictures at a time as it
// has slots. It is safe for concurrent use.
type Decoder struct {
	limits Limits
	worker *Worker
	slots  *semaphore.Weighted
}

// NewDecoder returns a decoder with one slot per processor. A nil worker
// leaves HEIC unsupported.
func NewDecoder(limits Limits, worker *Worker) *Decoder {
	return &Decoder{limits, worker, semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))}
}

// Within returns a decoder of the same slots and limits with another working
// size in pixels.
func (d *Decoder) Within(side int) *Decoder {
	out := *d
	out.limits.WorkingSide = side
	return &out
}

// Limited returns a decoder of the same slots with other limits, and of the
// formats that browsers send: JPEG, PNG and WebP.
func (d *Decoder) Limited(l Limits) *Decoder { return &Decoder{l, nil, d.slots} }

// Decode decodes one file. It answers ErrTooLarge, ErrTooSmall, ErrUnsupported,
// ErrUndecodable, or the context's error.
func (d *Decoder) Decode(ctx context.Context, data []byte) (Picture, error) {
	_, p, err := d.decode(ctx, data)
	return p, err
}

// Stored is a file made fit for storage: metadata removed, HEIC as JPEG.
type Stored struct {
	Data   []byte
	Format Format
}

// Intake decodes one file and returns beside the picture the bytes to keep.
// Errors are those of Decode.
func (d *Decoder) Intake(ctx context.Context, data []byte) (Picture, Stored, error) {
	full, shrunk, err := d.decode(ctx, data)
	if err != nil {
		return Picture{}, Stored{}, err
	}
	if shrunk.Format == HEIC {
		out, err := ToJPEG(full)
		return shrunk, Stored{out, JPEG}, err
	}
	out, err := Strip(data)
	return shrunk, Stored{out, shrunk.Format}, err
}

// decode waits for a slot and returns the image at full and at working size.
func (d *Decoder) decode(ctx context.Context, data []byte) (image.Image, Picture, error) {
	if d.limits.Time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.limits.Time)
		defer cancel()
	}
	if err := d.slots.Acquire(ctx, 1); err != nil {
		return nil, Picture{}, fmt.Errorf("wait for a decoding slot: %w", err)
	}
	defer d.slots.Release(1)
	return decode(ctx, data, d.limits, d.worker)
}

// Decode decodes one file outside any pool. HEIC is unsupported here because
// it needs a worker.
func Decode(ctx context.Context, data []byte, limits Limits) (Picture, error) {
	_, p, err := decode(ctx, data, limits, nil)
	return p, err
}

func decode(ctx context.Context, data []byte, l Limits, w *Worker) (full image.Image, p Picture, err error) {
	format, err := inspect(data, l)
	if err != nil {
		return nil, Picture{}, err
	}
	if format == HEIC && w == nil {
		return nil, Picture{}, ErrUnsupported
	}
	r := raster{}
	if format == HEIC {
		r, err = w.decode(ctx, data, l)
	} else {
		r, err = decodeHere(ctx, format, data)
	}
	if err != nil {
		return nil, Picture{}, err
	}
	return finish(r, format, orientation(format, data), l)
}

func finish(r raster, f Format, turn int, l Limits) (image.Image, Picture, error) {
	if err := l.check(r.w, r.h); err != nil {
		return nil, Picture{}, err
	}
	p := Picture{Format: f, Width: r.w, Height: r.h}
	if turn >= 5 {
		p.Width, p.Height = r.h, r.w
	}
	full := r.image()
	p.Image = r.shrink(l.WorkingSide).orient(turn).image()
	return full, p, nil
}

// inspect does everything that can be refused without decoding.
func inspect(data []byte, l Limits) (Format, error) {
	format, ok := Sniff(data)
	if !ok && len(data) <= l.Bytes {
		return "", ErrUnsupported
	}
	return format, inspectAs(format, data, l)
}

// inspectAs checks the size of the file and of the picture that it claims.
func inspectAs(f Format, data []byte, l Limits) error {
	if len(data) > l.Bytes {
		return tooLarge("the image has %d bytes, %d are allowed", len(data), l.Bytes)
	}
	w, h, err := dimensions(f, data)
	if err != nil {
		return ErrUndecodable.Because(err)
	}
	return l.check(w, h)
}

// maxScans bounds the passes of a progressive JPEG: each one may touch every
// block of the image for a few bytes of file.
const maxScans = 100

func dimensions(f Format, data []byte) (w, h int, err error) {
	defer recoverTo(&err)
	var c image.Config
	switch f {
	case JPEG:
		if countScans(data) > maxScans {
			return 0, 0, errors.New("too many scans")
		}
		c, err = jpeg.DecodeConfig(bytes.NewReader(data))
	case PNG:
		c, err = png.DecodeConfig(bytes.NewReader(data))
	case WebP:
		return webpDimensions(data)
	case HEIC:
		return heicDimensions(data)
	case JPEG2000:
		return jp2Dimensions(data)
	}
	return c.Width, c.Height, err
}

func decodeHere(ctx context.Context, f Format, data []byte) (r raster, err error) {
	defer func() {
		if ctx.Err() != nil {
			err = fmt.Errorf("decode image: %w", ctx.Err())
		} else if err != nil {
			err = ErrUndecodable.Because(err)
		}
	}()
	defer recoverTo(&err)
	in := &patient{ctx, bytes.NewReader(data)}
	var img image.Image
	switch f {
	case JPEG:
		img, err = jpeg.Decode(in)
	case PNG:
		img, err = png.Decode(in)
	case WebP:
		img, err = webp.Decode(in)
	}
	if err != nil {
		return raster{}, err
	}
	return rasterOf(img), nil
}

// patient is a reader that fails once the context ends, which stops the
// standard decoders at their next refill.
type patient struct {
	ctx context.Context
	r   io.Reader
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}

// recoverTo turns a decoder's panic over hostile bytes into an error.
func recoverTo(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("decoder panicked: %v", v)
	}
}

// StorageQuality is the JPEG quality of pictures that are converted for storage.
const StorageQuality = 92

// ToJPEG encodes an image for storage.
func ToJPEG(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: StorageQuality}); err != nil {
		return nil, fmt.Errorf("encode JPEG: %w", err)
	}
	return b.Bytes(), nil
}
