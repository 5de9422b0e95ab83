package match

import "unsafe"

// The kernels share one signature of plain pointers with the assembly. These
// give the portable one its slices back; the lengths are the caller's promise.

func bytesAt(p *byte, n int) []byte     { return unsafe.Slice(p, n) }
func codesAt(p *int8, n int) []int8     { return unsafe.Slice(p, n) }
func sumsAt(p *int32, n int) []int32    { return unsafe.Slice(p, n) }
func marksAt(p *uint16, n int) []uint16 { return unsafe.Slice(p, n) }
func rowsAt(p *uint32, n int) []uint32  { return unsafe.Slice(p, n) }

// rowOf returns row i of a plane whose rows have size bytes.
func rowOf(plane *byte, i uint32, size int) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(plane), int(i)*size)), size)
}

// aligned returns n bytes of b, which is longer, from a multiple of a power of
// two on.
func aligned(b []byte, n, to int) []byte {
	past := int(uintptr(unsafe.Pointer(unsafe.SliceData(b))) & uintptr(to-1))
	return b[(to-past)&(to-1):][:n:n]
}
