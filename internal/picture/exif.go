package picture

import (
	"bytes"
	"encoding/binary"
)

// orientationTag is Exif tag Orientation (Exif 2.3, 4.6.4 A).
const orientationTag = 0x0112

// exifMark starts an Exif segment in a JPEG, and in some WebP files.
const exifMark = "Exif\x00\x00"

// orientation returns the EXIF orientation 1..8 of a file, 1 when it has none.
// HEIC files carry theirs as a transformation that the decoder applies.
func orientation(f Format, data []byte) int {
	switch f {
	case JPEG:
		return jpegOrientation(data)
	case PNG:
		return pngOrientation(data)
	case WebP:
		return webpOrientation(data)
	}
	return 1
}

func jpegOrientation(data []byte) int {
	turn := 0
	_ = eachSegment(data, func(s segment) error {
		if turn == 0 && s.marker == markAPP1 && bytes.HasPrefix(s.body, []byte(exifMark)) {
			turn = tiffOrientation(s.body[len(exifMark):])
		}
		return nil
	})
	return max(1, turn)
}

func pngOrientation(data []byte) int {
	turn := 0
	_ = eachPNGChunk(data, func(kind string, body, _ []byte) error {
		if turn == 0 && kind == "eXIf" {
			turn = tiffOrientation(body)
		}
		return nil
	})
	return max(1, turn)
}

func webpOrientation(data []byte) int {
	turn := 0
	_ = eachChunk(data, func(id string, body []byte) error {
		if turn == 0 && id == "EXIF" {
			turn = tiffOrientation(bytes.TrimPrefix(body, []byte(exifMark)))
		}
		return nil
	})
	return max(1, turn)
}

// tiffOrientation reads the orientation in the first directory of a TIFF
// structure; anything unreadable is 1.
func tiffOrientation(b []byte) int {
	if len(b) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if b[0] == 'M' {
		order = binary.BigEndian
	}
	at := uint64(order.Uint32(b[4:]))
	if at+2 > uint64(len(b)) {
		return 1
	}
	n := uint64(order.Uint16(b[at:]))
	for i := range n {
		e := at + 2 + 12*i
		if e+12 > uint64(len(b)) {
			return 1
		}
		if order.Uint16(b[e:]) == orientationTag {
			return validTurn(int(order.Uint16(b[e+8:])))
		}
	}
	return 1
}

func validTurn(v int) int {
	if v < 1 || v > 8 {
		return 1
	}
	return v
}

// tiffWith returns the smallest TIFF structure that holds an orientation.
func tiffWith(turn int) []byte {
	b := []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, byte(turn), 0, 0, 0, 0, 0, 0}
	return b
}
