package stream

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// read takes a multiple of 256 bytes.
func read(b []byte) uint64 {
	if len(b) == 0 || !cpu.X86.HasAVX2 {
		return words(b)
	}
	return readAVX2(unsafe.SliceData(b), len(b))
}

//go:noescape
func readAVX2(p *byte, n int) uint64
