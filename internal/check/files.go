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
	frames, err := decodeAll(ctx, d, f.Frames, "frames")
	for i, img := range frames {
		e.Frames = append(e.Frames, tech.Frame{Image: img})
		if len(f.Times) > 0 {
			e.Frames[i].At = f.Times[i] - f.Times[0]
		}
	}
	return e, err
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
	if e := (*idem.Error)(nil); errors.As(err, &e) {
		return nil, e.At(name)
	}
	return p.Image, err
}
