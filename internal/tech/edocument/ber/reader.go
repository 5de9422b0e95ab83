package ber

import (
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Bounds of one document: how deep it nests and how many elements are read.
const (
	maxDepth    = 32
	maxElements = 200_000
	maxInteger  = 2048 // bytes; RSA of 4096 bits takes 513
	maxOID      = 64   // bytes
)

// Reader reads the elements of a constructed value one after another. The
// first fault sticks, for the readers of inner elements too: from then on
// every call returns a zero value and Err tells what was wrong.
type Reader struct {
	rest  []byte
	depth int
	*document
}

// document is what the readers of one document share.
type document struct {
	err      error
	elements int
}

// New returns a reader of the elements in data.
func New(data []byte) *Reader { return &Reader{rest: data, document: &document{}} }

// Err returns the first fault.
func (r *Reader) Err() error { return r.err }

// Fail notes a fault that the caller found.
func (r *Reader) Fail(format string, args ...any) {
	if r.err == nil {
		r.err = malformed(format, args...)
	}
}

// More reports whether another element follows.
func (r *Reader) More() bool { return r.err == nil && len(r.rest) > 0 }

// End notes a fault when something is left over.
func (r *Reader) End() {
	if len(r.rest) > 0 {
		r.Fail("%d bytes follow the last element", len(r.rest))
	}
}

// Peek returns the tag of the next element, 0 when there is none.
func (r *Reader) Peek() Tag {
	if !r.More() {
		return 0
	}
	tag, _, _ := readTag(r.rest)
	return tag
}

// Any reads the next element of whatever tag.
func (r *Reader) Any() Element {
	if r.err != nil {
		return Element{}
	}
	if r.elements++; r.elements > maxElements {
		r.Fail("more than %d elements", maxElements)
		return Element{}
	}
	e, err := split(r.rest)
	if err != nil {
		r.err = err
		return Element{}
	}
	r.rest = r.rest[len(e.Raw):]
	return e
}

// Read reads the next element, which has one of the tags.
func (r *Reader) Read(tags ...Tag) Element {
	if r.err == nil && !slices.Contains(tags, r.Peek()) {
		r.Fail("tag %#x where %#x belongs", uint32(r.Peek()), tags)
	}
	return r.Any()
}

// Optional reads the next element if it has the tag; ok says whether.
func (r *Reader) Optional(tag Tag) (e Element, ok bool) {
	if r.Peek() != tag {
		return Element{}, false
	}
	return r.Any(), true
}

// In reads the next element, which has one of the tags, and returns a reader
// of its content.
func (r *Reader) In(tags ...Tag) *Reader { return r.Inside(r.Read(tags...)) }

// Inside returns a reader of an element's content that shares the faults and
// bounds of r.
func (r *Reader) Inside(e Element) *Reader {
	if r.depth >= maxDepth {
		r.Fail("nested deeper than %d", maxDepth)
		return &Reader{document: r.document}
	}
	return &Reader{e.Content, r.depth + 1, r.document}
}

// OID reads an object identifier in dotted form.
func (r *Reader) OID() string {
	e := r.Read(OID)
	if r.err != nil {
		return ""
	}
	var id asn1.ObjectIdentifier
	if len(e.Content) > maxOID {
		r.Fail("object identifier of %d bytes", len(e.Content))
	} else if rest, err := asn1.Unmarshal(append([]byte{byte(OID), byte(len(e.Content))}, e.Content...), &id); err != nil || len(rest) > 0 {
		r.Fail("bad object identifier")
	}
	return id.String()
}

// Integer reads a whole number of either sign; 0 after a fault.
func (r *Reader) Integer() *big.Int {
	b := r.Read(Integer).Content
	if r.err == nil && (len(b) == 0 || len(b) > maxInteger) {
		r.Fail("number of %d bytes", len(b))
	}
	if r.err != nil {
		return new(big.Int)
	}
	n := new(big.Int).SetBytes(b)
	if b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}

// Small reads a number from 0 to 65535.
func (r *Reader) Small() int {
	n := r.Integer()
	if n.Sign() < 0 || n.BitLen() > 16 {
		r.Fail("number out of range")
		return 0
	}
	return int(n.Int64())
}

// Octets reads an octet string.
func (r *Reader) Octets() []byte { return r.Read(OctetString).Content }

// Bits reads a bit string of whole bytes.
func (r *Reader) Bits() []byte {
	b := r.Read(BitString).Content
	if r.err == nil && (len(b) == 0 || b[0] != 0) {
		r.Fail("bit string of broken bytes")
	}
	if r.err != nil {
		return nil
	}
	return b[1:]
}

// The forms of times, the shorter ones against the letter of DER.
var timeForms = map[Tag][]string{
	UTCTime: {"060102150405Z0700", "0601021504Z0700"},
	General: {"20060102150405Z0700", "20060102150405.999Z0700", "200601021504Z0700"},
}

// Time reads a UTCTime or GeneralizedTime.
func (r *Reader) Time() time.Time {
	e := r.Read(UTCTime, General)
	if r.err != nil {
		return time.Time{}
	}
	for _, form := range timeForms[e.Tag] {
		if t, err := time.Parse(form, strings.TrimSpace(string(e.Content))); err == nil {
			return century(e.Tag, t.UTC())
		}
	}
	r.Fail("bad time")
	return time.Time{}
}

// century reads two digits of a UTCTime as RFC 5280 does: 50..99 are 19xx.
func century(tag Tag, t time.Time) time.Time {
	if tag == UTCTime && t.Year() >= 2050 {
		return t.AddDate(-100, 0, 0)
	}
	return t
}
