package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// JPEG2000 is the format of portraits in many chips: a JP2 file or a bare
// codestream. It is taken in by Portrait alone.
const JPEG2000 Format = "jp2"

// The bounds of portraits in documents: a chip holds some 20 kB, and the time
// is more than any honest file takes.
const (
	portraitBytes   = 2 << 20
	portraitPixels  = 8_000_000
	portraitMinSide = 48
	portraitTime    = 5 * time.Second
)

// DecodesJPEG2000 reports whether this build does.
func DecodesJPEG2000() bool { return jp2Built }

func portraitLimits(l Limits) Limits {
	l.Bytes, l.Pixels, l.MinSide = min(l.Bytes, portraitBytes), min(l.Pixels, portraitPixels), portraitMinSide
	if l.Time == 0 || l.Time > portraitTime {
		l.Time = portraitTime
	}
	return l
}

// Portrait decodes the face image of an electronic document: JPEG, or JPEG
// 2000 in a worker. Its orientation is the document's, not EXIF's. Errors are
// those of Decode; a build without the tag jp2, or without a worker, answers
// ErrUnsupported to JPEG 2000.
func (d *Decoder) Portrait(ctx context.Context, data []byte) (Picture, error) {
	l := portraitLimits(d.limits)
	ctx, cancel := context.WithTimeout(ctx, l.Time)
	defer cancel()
	if err := d.slots.Acquire(ctx, 1); err != nil {
		return Picture{}, fmt.Errorf("wait for a decoding slot: %w", err)
	}
	defer d.slots.Release(1)
	format, ok := sniffPortrait(data)
	if !ok || format == JPEG2000 && (!jp2Built || d.worker == nil) {
		return Picture{}, ErrUnsupported
	}
	if err := inspectAs(format, data, l); err != nil {
		return Picture{}, err
	}
	r, err := d.portrait(ctx, format, data, l)
	if err != nil {
		return Picture{}, err
	}
	_, p, err := finish(r, format, 1, l)
	return p, err
}

func (d *Decoder) portrait(ctx context.Context, f Format, data []byte, l Limits) (raster, error) {
	if f == JPEG2000 {
		return d.worker.decode(ctx, data, l)
	}
	return decodeHere(ctx, f, data)
}

func sniffPortrait(data []byte) (Format, bool) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return JPEG, true
	case isJP2(data), bytes.HasPrefix(data, codestreamStart):
		return JPEG2000, true
	}
	return "", false
}

var codestreamStart = []byte("\xff\x4f\xff\x51")

func isJP2(data []byte) bool { return bytes.HasPrefix(data, []byte("\x00\x00\x00\x0cjP  \r\n\x87\n")) }

// jp2Dimensions returns the size in the SIZ segment of the codestream
// (ISO/IEC 15444-1, A.5.1), which is what a decoder allocates for.
func jp2Dimensions(data []byte) (w, h int, err error) {
	stream := data
	if isJP2(data) {
		stream, _ = findBox(data, "jp2c")
	}
	if !bytes.HasPrefix(stream, codestreamStart) || len(stream) < 42 {
		return 0, 0, errors.New("no codestream")
	}
	at := func(i int) int64 { return int64(binary.BigEndian.Uint32(stream[8+4*i:])) }
	width, height := at(0)-at(2), at(1)-at(3) // grid less offset
	components := binary.BigEndian.Uint16(stream[40:])
	if width <= 0 || height <= 0 || components == 0 || components > 4 {
		return 0, 0, errors.New("no image size")
	}
	return int(width), int(height), nil
}
