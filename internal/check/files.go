package check

import (
	"context"
	"errors"
	"fmt"
	"image"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech"
)

// Files is evidence as it comes from outside: pictures are still encoded. The
// members are those of tech.Evidence.
type Files struct {
	Frames           [][]byte
	Times            []time.Duration // of the frames since the first one; none, or one for each
	Pages            [][]byte
	Chip             map[string][]byte
	Country          string
	Probe, Reference []byte
	FMR              float64
}

// What one check takes in at most. Beyond manyFrames, frames are shrunk further
// so that a whole sequence fits into memory; they show one face each.
const (
	maxFrames  = 40
	maxPages   = 4
	manyFrames = 5
	frameSide  = 1280
)

// Evidence decodes the pictures. A refusal names its picture: probe, reference,
// frames[2], pages[0].
func (f Files) Evidence(ctx context.Context, d *picture.Decoder) (tech.Evidence, error) {
	e := tech.Evidence{Files: f.Chip, Country: f.Country, FMR: f.FMR, Now: time.Now(), Reference: tech.Reference{Source: tech.FromRequest}}
	if err := f.check(); err != nil {
		return e, err
	}
	var err error
	if e.Probe, err = optional(ctx, d, f.Probe, "probe"); err != nil {
		return e, err
	}
	if e.Reference.Image, err = optional(ctx, d, f.Reference, "reference"); err != nil {
		return e, err
	}
	if e.Pages, err = decodeAll(ctx, d, f.Pages, "pages"); err != nil {
		return e, err
	}
	if len(f.Frames) > manyFrames {
		d = d.Within(frameSide)
	}
	for i, data := range f.Frames {
		frame, err := takeFrame(ctx, d, data)
		if err != nil {
			return e, named(err, fmt.Sprintf("frames[%d]", i))
		}
		if len(f.Times) > 0 {
			frame.At = f.Times[i] - f.Times[0]
		}
		e.Frames = append(e.Frames, frame)
	}
	return e, nil
}

// takeFrame keeps a file beside its pixels when encoding them again would only
// make them worse, and when it is of a size that such a picture may have.
func takeFrame(ctx context.Context, d *picture.Decoder, data []byte) (tech.Frame, error) {
	p, stored, err := d.Intake(ctx, data)
	if err != nil {
		return tech.Frame{}, err
	}
	frame := tech.Frame{Image: p.Image}
	if p.Format == picture.JPEG && p.Whole() && len(stored.Data) <= p.Width*p.Height {
		frame.JPEG = stored.Data
	}
	return frame, nil
}

func (f Files) check() error {
	invalid := func(field, format string, args ...any) error {
		return idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", format, args...).At(field)
	}
	switch {
	case len(f.Frames) > maxFrames:
		return invalid("frames", "at most %d frames", maxFrames)
	case len(f.Pages) > maxPages:
		return invalid("pages", "at most %d pages", maxPages)
	case len(f.Times) > 0 && len(f.Times) != len(f.Frames):
		return invalid("times_ms", "there is one time for each frame, or none")
	}
	return nil
}

func decodeAll(ctx context.Context, d *picture.Decoder, files [][]byte, name string) ([]image.Image, error) {
	out := make([]image.Image, len(files))
	for i, data := range files {
		var err error
		if out[i], err = decode(ctx, d, data, fmt.Sprintf("%s[%d]", name, i)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// optional leaves out what was not given: the technology says what it misses.
func optional(ctx context.Context, d *picture.Decoder, data []byte, name string) (image.Image, error) {
	if len(data) == 0 {
		return nil, nil
	}
	return decode(ctx, d, data, name)
}

func decode(ctx context.Context, d *picture.Decoder, data []byte, name string) (image.Image, error) {
	p, err := d.Decode(ctx, data)
	return p.Image, named(err, name)
}

// named says which picture a refusal is about.
func named(err error, name string) error {
	if e := (*idem.Error)(nil); errors.As(err, &e) {
		return e.At(name)
	}
	return err
}
