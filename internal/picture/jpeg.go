package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// Markers of ITU-T T.81, table B.1.
const (
	markSOI   = 0xd8
	markEOI   = 0xd9
	markSOS   = 0xda
	markAPP0  = 0xe0
	markAPP1  = 0xe1
	markAPP2  = 0xe2
	markAPP14 = 0xee
	markAPP15 = 0xef
	markCOM   = 0xfe
)

// segment is one marker segment; scan is the coded data after a start of scan.
type segment struct {
	marker byte
	body   []byte
	scan   []byte
}

// eachSegment walks a JPEG up to its end of image. The EOI itself is not
// passed on. It fails when the structure breaks or the end is missing.
func eachSegment(data []byte, f func(segment) error) error {
	at := 2
	for {
		for at+1 < len(data) && data[at] == 0xff && data[at+1] == 0xff {
			at++ // fill bytes
		}
		if at+1 >= len(data) {
			return errShort
		}
		if data[at] != 0xff {
			return errors.New("marker expected")
		}
		marker := data[at+1]
		if marker == markEOI {
			return nil
		}
		if at+4 > len(data) {
			return errShort
		}
		n := int(binary.BigEndian.Uint16(data[at+2:]))
		if n < 2 || at+2+n > len(data) {
			return errShort
		}
		s := segment{marker: marker, body: data[at+4 : at+2+n]}
		at += 2 + n
		if marker == markSOS {
			s.scan = scanData(data[at:])
			at += len(s.scan)
		}
		if err := f(s); err != nil {
			return err
		}
	}
}

// scanData returns the coded data up to the next marker that is neither a
// stuffed zero nor a restart.
func scanData(data []byte) []byte {
	at := 0
	for {
		i := bytes.IndexByte(data[at:], 0xff)
		if i < 0 || at+i+1 >= len(data) {
			return data
		}
		at += i
		if m := data[at+1]; m != 0 && (m < 0xd0 || m > 0xd7) && m != 0xff {
			return data[:at]
		}
		at++
	}
}

func countScans(data []byte) int {
	n := 0
	_ = eachSegment(data, func(s segment) error {
		if s.marker == markSOS {
			n++
		}
		return nil
	})
	return n
}

// stripJPEG keeps tables and scans, a bare JFIF header, the Adobe colour
// transform, the colour profile, and an EXIF segment with the orientation only.
func stripJPEG(data []byte) ([]byte, error) {
	turn := jpegOrientation(data)
	out := append(make([]byte, 0, len(data)), 0xff, markSOI)
	if turn != 1 {
		out = appendSegment(out, segment{marker: markAPP1, body: append([]byte(exifMark), tiffWith(turn)...)})
	}
	scans := 0
	err := eachSegment(data, func(s segment) error {
		if s, ok := keepSegment(s); ok {
			out = appendSegment(out, s)
		}
		if s.marker == markSOS {
			scans++
		}
		return nil
	})
	if err == nil && scans == 0 {
		err = errors.New("no scan")
	}
	return append(out, 0xff, markEOI), err
}

func keepSegment(s segment) (segment, bool) {
	switch {
	case s.marker == markCOM:
		return s, false
	case s.marker == markAPP0:
		return bareJFIF(s)
	case s.marker == markAPP2:
		return s, bytes.HasPrefix(s.body, []byte("ICC_PROFILE\x00"))
	case s.marker == markAPP14:
		return s, bytes.HasPrefix(s.body, []byte("Adobe"))
	}
	return s, s.marker < markAPP0 || s.marker > markAPP15
}

// bareJFIF drops the thumbnail of a JFIF header and every JFIF extension.
func bareJFIF(s segment) (segment, bool) {
	if len(s.body) < 14 || !bytes.HasPrefix(s.body, []byte("JFIF\x00")) {
		return s, false
	}
	body := append([]byte(nil), s.body[:14]...)
	body[12], body[13] = 0, 0
	return segment{marker: markAPP0, body: body}, true
}

func appendSegment(out []byte, s segment) []byte {
	out = append(out, 0xff, s.marker)
	out = binary.BigEndian.AppendUint16(out, uint16(len(s.body)+2))
	return append(append(out, s.body...), s.scan...)
}
