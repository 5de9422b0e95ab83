package main

// avx512 multiplies with VPDPBUSD: four products of an unsigned and a signed
// byte are added to each of sixteen sums.
type avx512 struct{}

func (avx512) name() string { return "AVX512" }

func (avx512) probes() int { return 1 }

func (avx512) group() int { return 8 }

func (avx512) setup(w *writer) {
	w.op("MOVL $0x0f0f0f0f, R10")
	w.op("VPBROADCASTD R10, Z31")
}

func (avx512) clear(w *writer) {
	for sum := range 4 {
		w.op("VPXORD Z%d, Z%d, Z%d", sum, sum, sum)
	}
}

func (avx512) lines(w *writer, n int) {
	for line := range n {
		low, high := 4+2*(line%8), 5+2*(line%8)
		w.op("VMOVDQU64 %d(R10), Z%d", 64*line, low)
		w.op("VPSRLW $4, Z%d, Z%d", low, high)
		w.op("VPANDD Z31, Z%d, Z%d", low, low)
		w.op("VPANDD Z31, Z%d, Z%d", high, high)
		w.op("VPDPBUSD.BCST %d(R11), Z%d, Z%d", 8*line, low, 2*(line%2))
		w.op("VPDPBUSD.BCST %d(R11), Z%d, Z%d", 8*line+4, high, 2*(line%2)+1)
	}
}

func (avx512) store(w *writer) {
	w.op("VPADDD Z1, Z0, Z0")
	w.op("VPADDD Z3, Z2, Z2")
	w.op("VPADDD Z2, Z0, Z0")
	w.op("VMOVDQU32 Z0, (DI)")
}

func (avx512) line(w *writer) {
	w.op("VMOVDQU64 (R10), Z4")
	w.op("VPSRLW $4, Z4, Z5")
	w.op("VPANDD Z31, Z4, Z4")
	w.op("VPANDD Z31, Z5, Z5")
	w.op("VPDPBUSD (R11), Z4, Z0")
	w.op("VPDPBUSD 64(R11), Z5, Z1")
}

func (avx512) total(w *writer) {
	w.op("VPADDD Z1, Z0, Z0")
	w.op("VEXTRACTI64X4 $1, Z0, Y1")
	addUp(w)
}

// addUp adds the sums in Y0 and Y1 and writes the total.
func addUp(w *writer) {
	w.op("VPADDD Y1, Y0, Y0")
	w.op("VEXTRACTI128 $1, Y0, X1")
	w.op("VPADDD X1, X0, X0")
	w.op("VPSHUFD $0x4E, X0, X1")
	w.op("VPADDD X1, X0, X0")
	w.op("VPSHUFD $0xB1, X0, X1")
	w.op("VPADDD X1, X0, X0")
	w.op("VMOVD X0, (DI)")
}

func (avx512) bound(w *writer) {
	for i := range 3 {
		w.op("VBROADCASTSS %d(AX), Z%d", 4*i, 30-i)
	}
}

func (avx512) compare(w *writer) {
	w.op("VPMOVZXWD (SI), Z4")
	w.op("VPMOVZXWD 32(SI), Z5")
	w.op("VCVTDQ2PS Z4, Z4")
	w.op("VCVTDQ2PS Z5, Z5")
	w.op("VCVTDQ2PS Z0, Z0")
	w.op("VMULPS Z30, Z4, Z4")
	w.op("VMULPS Z29, Z5, Z5")
	w.op("VSUBPS Z5, Z4, Z4")
	w.op("VADDPS Z28, Z4, Z4")
	w.op("VCMPPS $13, Z4, Z0, K1")
	w.op("KMOVW K1, R13")
	w.op("MOVW R13, (R8)")
}

// avx2 multiplies with VPMADDUBSW, which adds two products in sixteen bits. A
// nibble is at most 15 and a code at most 127, so that eight of these sums,
// those of four lines, stay below 2^15.
type avx2 struct{}

func (avx2) name() string { return "AVX2" }

func (avx2) probes() int { return 1 }

func (avx2) group() int { return 4 }

func (avx2) setup(w *writer) {
	w.op("VPCMPEQW Y15, Y15, Y15")
	w.op("VPSRLW $12, Y15, Y15")
	w.op("VPSLLW $8, Y15, Y14")
	w.op("VPOR Y14, Y15, Y15") // nibble mask
	w.op("VPCMPEQW Y14, Y14, Y14")
	w.op("VPSRLW $15, Y14, Y14") // words of 1
}

func (avx2) clear(w *writer) {
	w.op("VPXOR Y0, Y0, Y0")
	w.op("VPXOR Y1, Y1, Y1")
}

func (avx2) lines(w *writer, n int) {
	for line := range n {
		w.op("VPBROADCASTD %d(R11), Y4", 8*line)
		w.op("VPBROADCASTD %d(R11), Y5", 8*line+4)
		for half := range 2 {
			sum := 2 + half
			w.op("VMOVDQU %d(R10), Y6", 64*line+32*half)
			w.op("VPSRLW $4, Y6, Y7")
			w.op("VPAND Y15, Y6, Y6")
			w.op("VPAND Y15, Y7, Y7")
			if line == 0 {
				w.op("VPMADDUBSW Y4, Y6, Y%d", sum)
			} else {
				w.op("VPMADDUBSW Y4, Y6, Y6")
				w.op("VPADDW Y6, Y%d, Y%d", sum, sum)
			}
			w.op("VPMADDUBSW Y5, Y7, Y7")
			w.op("VPADDW Y7, Y%d, Y%d", sum, sum)
		}
	}
	for half := range 2 {
		w.op("VPMADDWD Y14, Y%d, Y%d", 2+half, 2+half)
		w.op("VPADDD Y%d, Y%d, Y%d", 2+half, half, half)
	}
}

func (avx2) store(w *writer) {
	w.op("VMOVDQU Y0, (DI)")
	w.op("VMOVDQU Y1, 32(DI)")
}

func (avx2) line(w *writer) {
	for half := range 2 {
		w.op("VMOVDQU %d(R10), Y2", 32*half)
		w.op("VPSRLW $4, Y2, Y3")
		w.op("VPAND Y15, Y2, Y2")
		w.op("VPAND Y15, Y3, Y3")
		w.op("VPMADDUBSW %d(R11), Y2, Y2", 32*half)
		w.op("VPMADDUBSW %d(R11), Y3, Y3", 64+32*half)
		w.op("VPADDW Y3, Y2, Y2")
		w.op("VPMADDWD Y14, Y2, Y2")
		w.op("VPADDD Y2, Y%d, Y%d", half, half)
	}
}

func (avx2) total(w *writer) { addUp(w) }

func (avx2) bound(w *writer) {
	for i := range 3 {
		w.op("VBROADCASTSS %d(AX), Y%d", 4*i, 13-i)
	}
}

func (avx2) compare(w *writer) {
	for half := range 2 {
		w.op("VPMOVZXWD %d(SI), Y4", 16*half)
		w.op("VPMOVZXWD %d(SI), Y5", 32+16*half)
		w.op("VCVTDQ2PS Y4, Y4")
		w.op("VCVTDQ2PS Y5, Y5")
		w.op("VCVTDQ2PS Y%d, Y%d", half, half)
		w.op("VMULPS Y13, Y4, Y4")
		w.op("VMULPS Y12, Y5, Y5")
		w.op("VSUBPS Y5, Y4, Y4")
		w.op("VADDPS Y11, Y4, Y4")
		w.op("VCMPPS $13, Y4, Y%d, Y4", half)
		w.op("VMOVMSKPS Y4, R13")
		w.op("MOVB R13, %d(R8)", half)
	}
}
