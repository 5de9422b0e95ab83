package match

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"math"
)

// MaxDim is the largest number of dimensions of a template. It keeps every sum
// of the score below 2^25 and the product of two squared norms below 2^50, so
// that all of them are exact in float64.
const MaxDim = 2048

// Format version 1: header, then one signed byte per dimension.
//
//	0  2  magic "IT"
//	2  1  version, 1
//	3  1  reserved, 0
//	4  4  model id, little endian
//	8  2  dimensions, little endian
//	10 2  reserved, 0
//	12 4  CRC-32C of bytes 0..11 and of the codes, little endian
const (
	headerSize    = 16
	formatVersion = 1
	atModel       = 4
	atDim         = 8
	atCRC         = 12
	magic         = "IT"
)

// Template is an immutable biometric template: the codes of a face, -127..127
// each, and the recogniser that made them. The zero Template is empty, belongs
// to no model and is refused wherever a template is needed. Compare the Bytes
// of two templates to learn whether they are equal; == does not compile.
//
// However it is printed or logged, only its model and dimension are shown.
type Template struct {
	_ [0]func()
	// The content hides behind a pointer because fmt, when it meets a Template
	// in an unexported field of another struct, walks the fields without
	// asking any method; it does not follow pointers there.
	body *body
}

type body struct {
	model uint32
	norm  int32 // sum of the squared codes, at most MaxDim * 127^2
	codes []int8
}

func newTemplate(model uint32, codes []int8) Template {
	return Template{body: &body{model: model, norm: dot(codes, codes), codes: codes}}
}

// Parse reads a template of format version 1 and copies what it keeps. It
// checks every byte: magic, version, reserved zeros, dimension 1..MaxDim,
// exact length, checksum, and that no code is -128, which the quantiser never
// writes. All codes zero is legal; such a template scores 0 against anything.
// Every failure wraps ErrFormat.
func Parse(b []byte) (Template, error) {
	if err := checkHeader(b); err != nil {
		return Template{}, err
	}
	codes := make([]int8, len(b)-headerSize)
	for i, c := range b[headerSize:] {
		codes[i] = int8(c)
		if codes[i] == math.MinInt8 {
			return Template{}, fmt.Errorf("%w: code out of range at dimension %d", ErrFormat, i)
		}
	}
	return newTemplate(binary.LittleEndian.Uint32(b[atModel:]), codes), nil
}

func checkHeader(b []byte) error {
	if len(b) < headerSize {
		return fmt.Errorf("%w: %d bytes, shorter than the header", ErrFormat, len(b))
	}
	d := int(binary.LittleEndian.Uint16(b[atDim:]))
	switch {
	case string(b[:2]) != magic:
		return fmt.Errorf("%w: no magic", ErrFormat)
	case b[2] != formatVersion:
		return fmt.Errorf("%w: unknown version %d", ErrFormat, b[2])
	case b[3] != 0 || b[10] != 0 || b[11] != 0:
		return fmt.Errorf("%w: reserved bytes are not zero", ErrFormat)
	case d < 1 || d > MaxDim:
		return fmt.Errorf("%w: %d dimensions, want 1..%d", ErrFormat, d, MaxDim)
	case len(b) != headerSize+d:
		return fmt.Errorf("%w: %d bytes for %d dimensions", ErrFormat, len(b), d)
	case binary.LittleEndian.Uint32(b[atCRC:]) != checksum(b):
		return fmt.Errorf("%w: checksum does not match", ErrFormat)
	}
	return nil
}

// checksum covers everything but itself.
func checksum(b []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(b[:atCRC], table), table, b[headerSize:])
}

// Bytes returns the template in format version 1, 16 + Dim bytes, which the
// caller owns. It is nil for the zero Template.
func (t Template) Bytes() []byte {
	if t.body == nil {
		return nil
	}
	b := make([]byte, headerSize, headerSize+t.Dim())
	copy(b, magic)
	b[2] = formatVersion
	binary.LittleEndian.PutUint32(b[atModel:], t.Model())
	binary.LittleEndian.PutUint16(b[atDim:], uint16(t.Dim()))
	for _, c := range t.body.codes {
		b = append(b, byte(c))
	}
	binary.LittleEndian.PutUint32(b[atCRC:], checksum(b))
	return b
}

// Dim returns the number of dimensions, 1..MaxDim, or 0 for the zero Template.
func (t Template) Dim() int {
	if t.body == nil {
		return 0
	}
	return len(t.body.codes)
}

// Model returns the id of the recogniser: the first four bytes of the SHA-256
// of its weights, read as a little-endian number.
func (t Template) Model() uint32 {
	if t.body == nil {
		return 0
	}
	return t.body.model
}

// Codes returns a copy of the Dim codes, -127..127 each. They are biometric
// data: keep them out of logs and errors.
func (t Template) Codes() []int8 {
	if t.body == nil {
		return nil
	}
	return append([]int8(nil), t.body.codes...)
}

// String names model and dimension, never a code. The model reads as the
// beginning of the recogniser's SHA-256 in hexadecimal.
func (t Template) String() string {
	if t.body == nil {
		return "template(none)"
	}
	return fmt.Sprintf("template(%d dimensions, model %s)", t.Dim(), modelName(t.Model()))
}

// Format writes String for every verb, %#v and %d included.
func (t Template) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// LogValue makes slog write String.
func (t Template) LogValue() slog.Value { return slog.StringValue(t.String()) }

func modelName(model uint32) string {
	return fmt.Sprintf("%x", binary.LittleEndian.AppendUint32(nil, model))
}
