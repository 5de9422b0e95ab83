package edoctest

import (
	"encoding/asn1"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// TLV returns an element with the tag, written as in 0x30 or 0x7F61, and the
// joined contents.
func TLV(tag uint32, contents ...[]byte) []byte {
	var body []byte
	for _, c := range contents {
		body = append(body, c...)
	}
	out := new(big.Int).SetUint64(uint64(tag)).Bytes()
	return append(append(out, length(len(body))...), body...)
}

func length(n int) []byte {
	if n < 128 {
		return []byte{byte(n)}
	}
	b := big.NewInt(int64(n)).Bytes()
	return append([]byte{0x80 | byte(len(b))}, b...)
}

// Seq returns a SEQUENCE.
func Seq(contents ...[]byte) []byte { return TLV(0x30, contents...) }

// Set returns a SET in the order given.
func Set(contents ...[]byte) []byte { return TLV(0x31, contents...) }

// OID returns an object identifier of dotted form.
func OID(dotted string) []byte {
	var id asn1.ObjectIdentifier
	for part := range strings.SplitSeq(dotted, ".") {
		n, _ := strconv.Atoi(part)
		id = append(id, n)
	}
	return must(asn1.Marshal(id))
}

// Int returns an INTEGER.
func Int(n *big.Int) []byte { return must(asn1.Marshal(n)) }

func small(n int64) []byte { return Int(big.NewInt(n)) }

// Octets returns an OCTET STRING.
func Octets(b []byte) []byte { return TLV(4, b) }

func bits(b []byte) []byte { return TLV(3, []byte{0}, b) }

func clock(t time.Time) []byte { return TLV(0x18, []byte(t.UTC().Format("20060102150405Z"))) }

func null() []byte { return TLV(5) }

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err) // fixed inputs of tests
	}
	return b
}
