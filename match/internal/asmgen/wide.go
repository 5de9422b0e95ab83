package main

import "fmt"

// avx512Wide multiplies a line with n probes, at most eight. Probe p has two
// sums, of the low halves in Z(2p) and of the high ones in Z(2p+1).
type avx512Wide struct {
	avx512
	n int
}

func (set avx512Wide) name() string { return fmt.Sprintf("Wide%dAVX512", set.n) }

func (set avx512Wide) probes() int { return set.n }

func (avx512Wide) group() int { return 4 }

func (set avx512Wide) clear(w *writer) {
	for sum := range 2 * set.n {
		w.op("VPXORD Z%d, Z%d, Z%d", sum, sum, sum)
	}
}

func (set avx512Wide) lines(w *writer, n int) {
	for line := range n {
		low, high := 16+2*line, 17+2*line
		w.op("VMOVDQU64 %d(R10), Z%d", 64*line, low)
		w.op("VPSRLW $4, Z%d, Z%d", low, high)
		w.op("VPANDD Z31, Z%d, Z%d", low, low)
		w.op("VPANDD Z31, Z%d, Z%d", high, high)
		for p := range set.probes() {
			codes := 8 * (set.probes()*line + p)
			w.op("VPDPBUSD.BCST %d(R11), Z%d, Z%d", codes, low, 2*p)
			w.op("VPDPBUSD.BCST %d(R11), Z%d, Z%d", codes+4, high, 2*p+1)
		}
	}
}

func (set avx512Wide) store(w *writer) {
	for p := range set.probes() {
		w.op("VPADDD Z%d, Z%d, Z%d", 2*p+1, 2*p, 2*p)
		w.op("VMOVDQU32 Z%d, %d(DI)", 2*p, 64*p)
	}
}

func (avx512Wide) bound(*writer) {}

func (set avx512Wide) compare(w *writer) {
	w.op("VPMOVZXWD (SI), Z16")
	w.op("VPMOVZXWD 32(SI), Z17")
	w.op("VCVTDQ2PS Z16, Z16")
	w.op("VCVTDQ2PS Z17, Z17")
	for p := range set.probes() {
		w.op("VMULPS.BCST %d(AX), Z16, Z18", 12*p)
		w.op("VMULPS.BCST %d(AX), Z17, Z19", 12*p+4)
		w.op("VSUBPS Z19, Z18, Z18")
		w.op("VADDPS.BCST %d(AX), Z18, Z18", 12*p+8)
		w.op("VCVTDQ2PS Z%d, Z%d", 2*p, 2*p)
		w.op("VCMPPS $13, Z18, Z%d, K1", 2*p)
		w.op("KMOVW K1, R13")
		w.op("MOVW R13, %d(R8)", 2*p)
	}
}

// avx2Wide multiplies four lines with four probes, eight rows after the other:
// Y8 to Y11 take the sums of sixteen bits, Y0 to Y3 those of 32 of the first
// rows, and Y4 to Y7 of the others.
type avx2Wide struct{ avx2 }

func (avx2Wide) name() string { return "Wide4AVX2" }

func (avx2Wide) probes() int { return 4 }

func (avx2Wide) clear(w *writer) {
	for sum := range 8 {
		w.op("VPXOR Y%d, Y%d, Y%d", sum, sum, sum)
	}
}

func (set avx2Wide) lines(w *writer, n int) {
	for half := range 2 {
		for line := range n {
			set.halfLine(w, line, half)
		}
		w.op("VPCMPEQW Y12, Y12, Y12")
		w.op("VPSRLW $15, Y12, Y12") // words of 1
		for p := range set.probes() {
			w.op("VPMADDWD Y12, Y%d, Y%d", 8+p, 8+p)
			w.op("VPADDD Y%d, Y%d, Y%d", 8+p, 4*half+p, 4*half+p)
		}
	}
}

func (set avx2Wide) halfLine(w *writer, line, half int) {
	w.op("VMOVDQU %d(R10), Y12", 64*line+32*half)
	w.op("VPSRLW $4, Y12, Y13")
	w.op("VPAND Y15, Y12, Y12")
	w.op("VPAND Y15, Y13, Y13")
	for p := range set.probes() {
		codes, sum := 8*(set.probes()*line+p), 8+p
		w.op("VPBROADCASTD %d(R11), Y14", codes)
		if line == 0 {
			w.op("VPMADDUBSW Y14, Y12, Y%d", sum)
		} else {
			w.op("VPMADDUBSW Y14, Y12, Y14")
			w.op("VPADDW Y14, Y%d, Y%d", sum, sum)
		}
		w.op("VPBROADCASTD %d(R11), Y14", codes+4)
		w.op("VPMADDUBSW Y14, Y13, Y14")
		w.op("VPADDW Y14, Y%d, Y%d", sum, sum)
	}
}

func (set avx2Wide) store(w *writer) {
	for p := range set.probes() {
		w.op("VMOVDQU Y%d, %d(DI)", p, 64*p)
		w.op("VMOVDQU Y%d, %d(DI)", 4+p, 64*p+32)
	}
}

func (avx2Wide) bound(*writer) {}

func (set avx2Wide) compare(w *writer) {
	for half := range 2 {
		w.op("VPMOVZXWD %d(SI), Y8", 16*half)
		w.op("VPMOVZXWD %d(SI), Y9", 32+16*half)
		w.op("VCVTDQ2PS Y8, Y8")
		w.op("VCVTDQ2PS Y9, Y9")
		for p := range set.probes() {
			sum := 4*half + p
			for i := range 3 {
				w.op("VBROADCASTSS %d(AX), Y%d", 12*p+4*i, 10+i)
			}
			w.op("VMULPS Y10, Y8, Y10")
			w.op("VMULPS Y11, Y9, Y11")
			w.op("VSUBPS Y11, Y10, Y10")
			w.op("VADDPS Y12, Y10, Y10")
			w.op("VCVTDQ2PS Y%d, Y%d", sum, sum)
			w.op("VCMPPS $13, Y10, Y%d, Y10", sum)
			w.op("VMOVMSKPS Y10, R13")
			w.op("MOVB R13, %d(R8)", 2*p+half)
		}
	}
}
