package picture

import (
	"bytes"
	"encoding/binary"
)

// Format is the kind of an image file.
type Format string

// The formats that are taken in.
const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
	WebP Format = "webp"
	HEIC Format = "heic"
)

// MIME returns the media type of the format.
func (f Format) MIME() string { return "image/" + string(f) }

// Sniff tells the format by the first bytes of a file; ok is false for
// anything that is not taken in.
func Sniff(data []byte) (f Format, ok bool) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return JPEG, true
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return PNG, true
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return WebP, true
	case isHEIC(data):
		return HEIC, true
	}
	return "", false
}

// isHEIC reads the brands of the ftyp box (ISO/IEC 23008-12 Annex B).
func isHEIC(data []byte) bool {
	if len(data) < 16 || string(data[4:8]) != "ftyp" {
		return false
	}
	end := min(int(binary.BigEndian.Uint32(data)), len(data), 256)
	for at := 8; at+4 <= end; at += 4 {
		switch string(data[at : at+4]) {
		case "heic", "heix", "heim", "heis":
			return true
		}
	}
	return false
}
