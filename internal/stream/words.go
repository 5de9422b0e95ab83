package stream

import "encoding/binary"

// words reads a multiple of 32 bytes.
func words(b []byte) (sum uint64) {
	var s0, s1, s2, s3 uint64
	for ; len(b) >= 32; b = b[32:] {
		s0 ^= binary.LittleEndian.Uint64(b)
		s1 ^= binary.LittleEndian.Uint64(b[8:])
		s2 ^= binary.LittleEndian.Uint64(b[16:])
		s3 ^= binary.LittleEndian.Uint64(b[24:])
	}
	return s0 ^ s1 ^ s2 ^ s3
}
