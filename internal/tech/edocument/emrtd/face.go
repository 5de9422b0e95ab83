package emrtd

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/idem-id/idem/internal/tech/edocument/ber"
)

// Portrait returns the image file of the first face in data group 2: JPEG,
// JP2 or a JPEG 2000 codestream. What the record says of its type is not
// believed; see ImageType.
func (c *Chip) Portrait() ([]byte, error) {
	data, ok := c.Groups[2]
	if !ok {
		return nil, fmt.Errorf("EF.DG2: %w", ErrMissing)
	}
	r := ber.New(data)
	templates := r.In(0x75).In(0x7F61)
	templates.Read(ber.Integer) // number of templates
	template := templates.In(0x7F60)
	template.Read(0xA1) // header
	block := template.Read(0x5F2E, 0x7F2E)
	var img []byte
	if r.Err() == nil && block.Tag == 0x5F2E {
		img = recordImage(block.Content, r)
	} else {
		img = findImage(template.Inside(block))
	}
	if r.Err() == nil && img == nil {
		r.Fail("no image")
	}
	if err := r.Err(); err != nil {
		return nil, group(2, err)
	}
	return img, nil
}

// The fixed parts of an ISO/IEC 19794-5 record, in bytes.
const (
	recordHead = 14 // FAC, version, length, number of faces
	faceHead   = 20
	pointSize  = 8
	imageHead  = 12
)

// recordImage returns the image of the first face.
func recordImage(b []byte, r *ber.Reader) []byte {
	if len(b) < recordHead+faceHead || !bytes.HasPrefix(b, []byte("FAC\x00")) {
		r.Fail("no face record")
		return nil
	}
	face := b[recordHead:]
	end := int64(binary.BigEndian.Uint32(face))
	start := int64(faceHead) + pointSize*int64(binary.BigEndian.Uint16(face[4:])) + imageHead
	if end > int64(len(face)) || start >= end {
		r.Fail("face record of %d bytes", end)
		return nil
	}
	return face[start:end]
}

// findImage walks the nested blocks of ISO/IEC 39794-5, where the image is the
// one value that begins like one.
func findImage(r *ber.Reader) []byte {
	for r.More() {
		e := r.Any()
		first := e.Raw
		switch {
		case r.Err() != nil:
			return nil
		case first[0]&0x20 != 0:
			if img := findImage(r.Inside(e)); img != nil {
				return img
			}
		case ImageType(e.Content) != "":
			return e.Content
		}
	}
	return nil
}

// ImageType returns the media type of a portrait by its first bytes, empty for
// what no chip holds.
func ImageType(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case bytes.HasPrefix(b, []byte("\x00\x00\x00\x0cjP  ")):
		return "image/jp2"
	case bytes.HasPrefix(b, []byte("\xff\x4f\xff\x51")):
		return "image/j2c"
	}
	return ""
}
