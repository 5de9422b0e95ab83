package ber

import (
	"errors"
	"fmt"
)

// Tag is the identifier octets of an element as a big-endian number, as
// ICAO 9303 writes them: 0x30, 0xA0, 0x5F1F, 0x7F61.
type Tag uint32

// The universal tags that documents use.
const (
	Boolean     Tag = 0x01
	Integer     Tag = 0x02
	BitString   Tag = 0x03
	OctetString Tag = 0x04
	Null        Tag = 0x05
	OID         Tag = 0x06
	UTCTime     Tag = 0x17
	General     Tag = 0x18 // GeneralizedTime
	Sequence    Tag = 0x30
	Set         Tag = 0x31
)

// Context returns the tag of a constructed context-specific element, n 0..30.
func Context(n int) Tag { return Tag(0xA0 + n) }

// Implicit returns the tag of a primitive context-specific element, n 0..30.
func Implicit(n int) Tag { return Tag(0x80 + n) }

// ErrMalformed is the one fault of this package; returned errors wrap it.
var ErrMalformed = errors.New("malformed encoding")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// Element is one value with its tag.
type Element struct {
	Tag     Tag
	Raw     []byte // tag, length and content
	Content []byte
}

// split takes the first element off data.
func split(data []byte) (Element, error) {
	tag, at, err := readTag(data)
	if err != nil {
		return Element{}, err
	}
	length, head, err := readLength(data[at:])
	if err != nil {
		return Element{}, err
	}
	at += head
	if length > len(data)-at {
		return Element{}, malformed("element of %d bytes, %d are left", length, len(data)-at)
	}
	return Element{tag, data[:at+length], data[at : at+length]}, nil
}

// maxTagBytes is the longest identifier: documents use up to three octets.
const maxTagBytes = 3

func readTag(data []byte) (Tag, int, error) {
	if len(data) == 0 {
		return 0, 0, malformed("no tag")
	}
	tag := Tag(data[0])
	if data[0]&0x1f != 0x1f {
		return tag, 1, nil
	}
	for i := 1; i < maxTagBytes && i < len(data); i++ {
		tag = tag<<8 | Tag(data[i])
		if data[i]&0x80 == 0 {
			return tag, i + 1, nil
		}
	}
	return 0, 0, malformed("tag too long")
}

func readLength(data []byte) (length, head int, err error) {
	if len(data) == 0 {
		return 0, 0, malformed("no length")
	}
	if data[0] < 0x80 {
		return int(data[0]), 1, nil
	}
	n := int(data[0] & 0x7f)
	if n == 0 || n > 4 || n >= len(data) {
		return 0, 0, malformed("length of %d bytes", n)
	}
	for _, b := range data[1 : 1+n] {
		length = length<<8 | int(b)
	}
	return length, 1 + n, nil
}
