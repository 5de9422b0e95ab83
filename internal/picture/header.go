package picture

import (
	"encoding/binary"
	"errors"
)

var errShort = errors.New("file ends early")

// webpDimensions returns the largest size that any part of a WebP file claims:
// the canvas says nothing about the frame that is really decoded.
func webpDimensions(data []byte) (w, h int, err error) {
	err = eachChunk(data, func(id string, body []byte) error {
		cw, ch, ok := webpChunkSize(id, body)
		if ok {
			w, h = max(w, cw), max(h, ch)
		}
		return nil
	})
	if err == nil && w*h == 0 {
		err = errors.New("no image chunk")
	}
	return w, h, err
}

func webpChunkSize(id string, b []byte) (w, h int, ok bool) {
	switch {
	case id == "VP8X" && len(b) >= 10:
		return 1 + le24(b[4:]), 1 + le24(b[7:]), true
	case id == "VP8 " && len(b) >= 10:
		return int(binary.LittleEndian.Uint16(b[6:]) & 0x3fff), int(binary.LittleEndian.Uint16(b[8:]) & 0x3fff), true
	case id == "VP8L" && len(b) >= 5:
		v := binary.LittleEndian.Uint32(b[1:])
		return 1 + int(v&0x3fff), 1 + int(v>>14&0x3fff), true
	}
	return 0, 0, false
}

func le24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// eachChunk walks the chunks of a RIFF file. What follows the size in the
// RIFF header does not belong to the file.
func eachChunk(data []byte, f func(id string, body []byte) error) error {
	if len(data) < 12 {
		return errShort
	}
	end := min(len(data), 8+int(binary.LittleEndian.Uint32(data[4:])))
	for at := 12; at+8 <= end; {
		n := int(binary.LittleEndian.Uint32(data[at+4:]))
		if n > end-at-8 {
			return errShort
		}
		if err := f(string(data[at:at+4]), data[at+8:at+8+n]); err != nil {
			return err
		}
		at += 8 + n + n&1
	}
	return nil
}

// heicDimensions returns the largest size of the image properties in
// meta/iprp/ipco (ISO/IEC 14496-12, 8.11.14; ispe: 23008-12, 6.5.3).
func heicDimensions(data []byte) (w, h int, err error) {
	meta, ok := findBox(data, "meta")
	if !ok || len(meta) < 4 {
		return 0, 0, errors.New("no meta box")
	}
	iprp, _ := findBox(meta[4:], "iprp")
	ipco, _ := findBox(iprp, "ipco")
	eachBox(ipco, func(kind string, body []byte) bool {
		if kind == "ispe" && len(body) >= 12 {
			w = max(w, int(binary.BigEndian.Uint32(body[4:])))
			h = max(h, int(binary.BigEndian.Uint32(body[8:])))
		}
		return true
	})
	if w == 0 || h == 0 {
		return 0, 0, errors.New("no image size")
	}
	return w, h, nil
}

func findBox(data []byte, kind string) (body []byte, ok bool) {
	eachBox(data, func(k string, b []byte) bool {
		if k == kind {
			body, ok = b, true
		}
		return !ok
	})
	return body, ok
}

// eachBox walks ISO base media boxes until f returns false or the data ends.
func eachBox(data []byte, f func(kind string, body []byte) bool) {
	for len(data) >= 8 {
		size, head := uint64(binary.BigEndian.Uint32(data)), uint64(8)
		switch {
		case size == 1 && len(data) >= 16:
			size, head = binary.BigEndian.Uint64(data[8:]), 16
		case size == 0:
			size = uint64(len(data))
		}
		if size < head || size > uint64(len(data)) {
			return
		}
		if !f(string(data[4:8]), data[head:size]) {
			return
		}
		data = data[size:]
	}
}
