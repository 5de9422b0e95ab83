package main

// arm64Base is what the kernels for ARM share. The sums of rows 4v..4v+3 end in
// Vv; the constants have these registers.
type arm64Base struct{}

const (
	nibbleMask  = 31
	boundFactor = 30 // three, downwards
	rowBits     = 27 // 1, 2, 4, 8
)

func (arm64Base) probes() int { return 1 }

func (arm64Base) group() int { return 4 }

func (arm64Base) setup(w *writer) { w.op("VMOVI $15, V%d.B16", nibbleMask) }

func (arm64Base) clear(w *writer) {
	for sum := range 8 {
		w.op("VEOR V%d.B16, V%d.B16, V%d.B16", sum, sum, sum)
	}
}

// loadLine loads a line to V16..V19 and splits it: the low halves stay there,
// the high ones go to V20..V23.
func loadLine(w *writer, line int) {
	for pair := range 2 {
		w.op("FLDPQ %d(R10), (F%d, F%d)", 64*line+32*pair, 16+2*pair, 17+2*pair)
	}
	for v := range 4 {
		w.op("VUSHR $4, V%d.B16, V%d.B16", 16+v, 20+v)
		w.op("VAND V%d.B16, V%d.B16, V%d.B16", nibbleMask, 16+v, 16+v)
	}
}

func storeSums(w *writer) {
	w.op("FSTPQ (F0, F1), (R5)")
	w.op("FSTPQ (F2, F3), 32(R5)")
}

// bound also loads one bit for each of four rows.
func (arm64Base) bound(w *writer) {
	for i := range 3 {
		w.op("FMOVS %d(R4), F%d", 4*i, boundFactor-i)
		w.op("VDUP V%d.S[0], V%d.S4", boundFactor-i, boundFactor-i)
	}
	w.op("MOVD $0x0000000200000001, R7")
	w.op("VMOV R7, V%d.D[0]", rowBits)
	w.op("MOVD $0x0000000800000004, R7")
	w.op("VMOV R7, V%d.D[1]", rowBits)
}

// compare collects the mask in V22, the last rows first.
func (arm64Base) compare(w *writer) {
	w.op("FLDPQ (R0), (F16, F17)")
	w.op("FLDPQ 32(R0), (F18, F19)")
	w.op("VEOR V22.B16, V22.B16, V22.B16")
	for v := 3; v >= 0; v-- {
		widen, lanes := "VUXTL", "H4"
		if v%2 == 1 {
			widen, lanes = "VUXTL2", "H8"
		}
		w.op("%s V%d.%s, V20.S4", widen, 16+v/2, lanes)
		w.op("%s V%d.%s, V21.S4", widen, 18+v/2, lanes)
		w.vector(ucvtf, 20, 20)
		w.vector(ucvtf, 21, 21)
		w.vector(scvtf, v, v)
		w.vector(fmul, 20, 20, boundFactor)
		w.vector(fmul, 21, 21, boundFactor-1)
		w.vector(fsub, 20, 20, 21)
		w.vector(fadd, 20, 20, boundFactor-2)
		w.vector(fcmge, 20, v, 20)
		w.op("VAND V%d.B16, V20.B16, V20.B16", rowBits)
		w.op("VSHL $4, V22.S4, V22.S4")
		w.op("VADD V20.S4, V22.S4, V22.S4")
	}
	w.op("VADDV V22.S4, V22")
	w.op("VMOV V22.S[0], R7")
	w.op("MOVH R7, (R6)")
}

// loadCodes loads 64 codes to four registers.
func loadCodes(w *writer, offset, to int) {
	w.op("FLDPQ %d(R11), (F%d, F%d)", offset, to, to+1)
	w.op("FLDPQ %d(R11), (F%d, F%d)", offset+32, to+2, to+3)
}

func (arm64Base) total(w *writer) {
	for v := 1; v < 4; v++ {
		w.op("VADD V%d.S4, V0.S4, V0.S4", v)
	}
	w.op("VADDV V0.S4, V0")
	w.op("FMOVS F0, (R5)")
}

// neonDot multiplies with SDOT: four products of bytes are added to each of four
// sums. V0..V3 take the low halves of the lines and V4..V7 the high ones.
type neonDot struct{ arm64Base }

func (neonDot) name() string { return "NEONDot" }

func (neonDot) lines(w *writer, n int) {
	for line := range n {
		switch {
		case line%2 == 1:
		case line+1 < n: // the codes of two lines
			w.op("FMOVQ %d(R11), F24", 8*line)
		default:
			w.op("FMOVD %d(R11), F24", 8*line)
		}
		loadLine(w, line)
		for v := range 4 {
			w.sdotWord(v, 16+v, 24, line%2*2)
			w.sdotWord(4+v, 20+v, 24, line%2*2+1)
		}
	}
}

func (neonDot) line(w *writer) {
	loadLine(w, 0)
	loadCodes(w, 0, 8)
	loadCodes(w, 64, 12)
	for v := range 4 {
		w.vector(sdot, v, 16+v, 8+v)
		w.vector(sdot, v, 20+v, 12+v)
	}
}

func (neonDot) store(w *writer) {
	for v := range 4 {
		w.op("VADD V%d.S4, V%d.S4, V%d.S4", 4+v, v, v)
	}
	storeSums(w)
}

// neon multiplies with SMLAL, which adds each product in sixteen bits. A nibble
// is at most 15 and a code at most 127, so that eight products, those of four
// lines, stay below 2^15. V8..V15 hold them, those of two rows each, and V0..V7
// two sums of 32 bits for each row.
type neon struct{ arm64Base }

func (neon) name() string { return "NEON" }

func (neon) lines(w *writer, n int) {
	for line := range n {
		w.op("FMOVD %d(R11), F26", 8*line)
		w.op("VDUP V26.S[0], V24.S4")
		w.op("VDUP V26.S[1], V25.S4")
		loadLine(w, line)
		low, high := smlal, smlal2
		if line == 0 {
			low, high = smull, smull2
		}
		for v := range 4 {
			w.vector(low, 8+2*v, 16+v, 24)
			w.vector(high, 9+2*v, 16+v, 24)
			w.vector(smlal, 8+2*v, 20+v, 25)
			w.vector(smlal2, 9+2*v, 20+v, 25)
		}
	}
	for sum := range 8 {
		w.vector(sadalp, sum, 8+sum)
	}
}

// line takes eight products to each sum of sixteen bits.
func (neon) line(w *writer) {
	loadLine(w, 0)
	low, high := smull, smull2
	for half := range 2 {
		loadCodes(w, 64*half, 24)
		for v := range 4 {
			w.vector(low, 8, 16+4*half+v, 24+v)
			w.vector(high, 9, 16+4*half+v, 24+v)
			low, high = smlal, smlal2
		}
	}
	w.vector(sadalp, 0, 8)
	w.vector(sadalp, 1, 9)
}

func (neon) store(w *writer) {
	for v := range 4 {
		w.op("VADDP V%d.S4, V%d.S4, V%d.S4", 2*v+1, 2*v, v)
	}
	storeSums(w)
}
