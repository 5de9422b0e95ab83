package picture

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
)

// Strip removes what a file tells beside the picture (EXIF, XMP, comments,
// thumbnails, further pictures, trailing data) without encoding the picture
// again. Orientation and colour profile stay, because the picture looks wrong
// without them. It answers ErrUndecodable for a broken structure and
// ErrUnsupported for HEIC, which is converted instead.
func Strip(data []byte) ([]byte, error) {
	format, _ := Sniff(data)
	var out []byte
	var err error
	switch format {
	case JPEG:
		out, err = stripJPEG(data)
	case PNG:
		out, err = stripPNG(data)
	case WebP:
		out, err = stripWebP(data)
	default:
		return nil, ErrUnsupported
	}
	if err != nil {
		return nil, ErrUndecodable.Because(err)
	}
	return out, nil
}

// stripPNG keeps the critical chunks and those that change how pixels look.
func stripPNG(data []byte) ([]byte, error) {
	keep := []string{"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "sBIT", "cICP"}
	turn := pngOrientation(data)
	out := append(make([]byte, 0, len(data)), data[:8]...)
	ended := false
	err := eachPNGChunk(data, func(kind string, _, whole []byte) error {
		if slices.Contains(keep, kind) {
			out = append(out, whole...)
		}
		if kind == "IHDR" && turn != 1 {
			out = appendPNGChunk(out, "eXIf", tiffWith(turn))
		}
		ended = kind == "IEND"
		return nil
	})
	if err == nil && !ended {
		err = errShort
	}
	return out, err
}

func appendPNGChunk(out []byte, kind string, body []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
	sum := crc32.ChecksumIEEE(append([]byte(kind), body...))
	out = append(append(out, kind...), body...)
	return binary.BigEndian.AppendUint32(out, sum)
}

// eachPNGChunk walks the chunks up to and including IEND; whole is the chunk
// with its length, kind and checksum.
func eachPNGChunk(data []byte, f func(kind string, body, whole []byte) error) error {
	for at := 8; at < len(data); {
		if len(data)-at < 12 {
			return errShort
		}
		n := int(binary.BigEndian.Uint32(data[at:]))
		if n > len(data)-at-12 {
			return errShort
		}
		kind := string(data[at+4 : at+8])
		if err := f(kind, data[at+8:at+8+n], data[at:at+12+n]); err != nil || kind == "IEND" {
			return err
		}
		at += 12 + n
	}
	return errShort
}

// Flags of the VP8X chunk (RFC 9649, 2.7).
const (
	webpXMP  = 0x04
	webpEXIF = 0x08
)

func stripWebP(data []byte) ([]byte, error) {
	turn := webpOrientation(data)
	out := append(make([]byte, 0, len(data)), data[:12]...)
	extended, pictures := false, 0
	err := eachChunk(data, func(id string, body []byte) error {
		switch id {
		case "VP8X":
			extended = true
			out = appendChunk(out, id, withoutMetadata(body, turn))
		case "VP8 ", "VP8L":
			pictures++
			out = appendChunk(out, id, body)
		case "ALPH", "ICCP":
			out = appendChunk(out, id, body)
		}
		return nil
	})
	if err == nil && pictures != 1 {
		err = errors.New("not exactly one picture")
	}
	if extended && turn != 1 {
		out = appendChunk(out, "EXIF", tiffWith(turn))
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out, err
}

func withoutMetadata(vp8x []byte, turn int) []byte {
	b := slices.Clone(vp8x)
	if len(b) == 0 {
		return b
	}
	b[0] &^= webpXMP | webpEXIF
	if turn != 1 {
		b[0] |= webpEXIF
	}
	return b
}

func appendChunk(out []byte, id string, body []byte) []byte {
	out = binary.LittleEndian.AppendUint32(append(out, id...), uint32(len(body)))
	out = append(out, body...)
	if len(body)%2 == 1 {
		out = append(out, 0)
	}
	return out
}
