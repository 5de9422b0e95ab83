package main

import "fmt"

// arm64 returns the assembly of all kernels for 64-bit ARM.
func arm64() []byte {
	w := &writer{}
	w.raw(top)
	for _, set := range []instructions{neonDot{}, neon{}} {
		scanARM64(w, set)
		dotsARM64(w, set)
	}
	return w.Bytes()
}

// registers of the arguments. As on x86, R10 points to a line of rows and R11 to
// the codes for it; R12 counts lines.
var registers = map[string]string{
	"h": "R0", "l": "R0", "blocks": "R1", "n": "R1", "lines": "R2", "q": "R3",
	"halves": "R3", "b": "R4", "dots": "R5", "masks": "R6", "list": "R6",
}

func (w *writer) arguments(names ...string) {
	for i, name := range names {
		w.op("MOVD %s+%d(FP), %s", name, 8*i, registers[name])
	}
}

// scanARM64 writes the first pass: consecutive blocks with a header at R0.
func scanARM64(w *writer, set instructions) {
	w.function(set, "scan", "h *byte, blocks, lines int, q *int8, b *bound, dots *int32, masks *uint16", 56)
	w.arguments("h", "blocks", "lines", "q", "b", "dots", "masks")
	set.setup(w)
	set.bound(w)
	w.label("block")
	w.op("ADD $64, R0, R10")
	set.clear(w)
	productARM64(w, set, func(n int) { ask(w, n, "R10", ahead) })
	set.store(w)
	set.compare(w)
	w.op("MOVD R10, R0")
	w.op("ADD $64, R5, R5")
	w.op("ADD $2, R6, R6")
	w.op("SUBS $1, R1, R1")
	w.op("BNE block")
	w.op("RET")
}

// dotsARM64 writes the second pass: chosen rows of the low plane.
func dotsARM64(w *writer, set instructions) {
	w.function(set, "dots", "l *byte, list *uint32, n, lines int, halves *int8, dots *int32", 48)
	w.arguments("l", "list", "n", "lines", "halves", "dots")
	set.setup(w)
	w.op("LSL $2, R2, R8")
	w.label("row")
	w.op("MOVWU (R6), R10")
	w.op("MADD R8, R0, R10, R10")
	w.op("MOVWU %d(R6), R13", 4*rowsAhead)
	w.op("MADD R8, R0, R13, R13")
	w.op("MOVD R3, R11")
	w.op("MOVD R8, R12")
	set.clear(w)
	w.label("line")
	ask(w, 1, "R13", 0)
	set.line(w)
	w.op("ADD $64, R10, R10")
	w.op("ADD $64, R13, R13")
	w.op("ADD $128, R11, R11")
	w.op("SUBS $64, R12, R12")
	w.op("BGT line")
	set.total(w)
	w.op("ADD $4, R5, R5")
	w.op("ADD $4, R6, R6")
	w.op("SUBS $1, R1, R1")
	w.op("BNE row")
	w.op("RET")
}

// ask writes prefetches of n lines.
func ask(w *writer, n int, base string, offset int) {
	for line := range n {
		w.op("PRFM %d(%s), PLDL1KEEP", offset+64*line, base)
	}
}

// productARM64 writes the loop over the R2 lines of a block at R10, with the
// codes at R3: groups, then single ones.
func productARM64(w *writer, set instructions, prefetch func(lines int)) {
	n := set.group()
	w.op("MOVD R3, R11")
	w.op("SUBS $%d, R2, R12", n)
	w.op("BLT few")
	w.label("many")
	linesARM64(w, set, n, prefetch)
	w.op("SUBS $%d, R12, R12", n)
	w.op("BGE many")
	w.label("few")
	w.op("ADDS $%d, R12, R12", n)
	w.op("BEQ done")
	w.label("one")
	linesARM64(w, set, 1, prefetch)
	w.op("SUBS $1, R12, R12")
	w.op("BNE one")
	w.label("done")
}

func linesARM64(w *writer, set instructions, n int, prefetch func(lines int)) {
	prefetch(n)
	set.lines(w, n)
	w.op("ADD $%d, R10, R10", 64*n)
	w.op("ADD $%d, R11, R11", 8*n)
}

// The assembler does not know the vector instructions for products and for
// floating point, so they are written as words: the code with the numbers of
// the destination and of one or two sources in it.
type vectorOp struct {
	name string
	code uint32
}

var (
	smull  = vectorOp{"SMULL 8B to 8H", 0x0E20C000}
	smull2 = vectorOp{"SMULL2 16B to 8H", 0x4E20C000} // of the upper halves
	smlal  = vectorOp{"SMLAL 8B to 8H", 0x0E208000}   // adds what SMULL gives
	smlal2 = vectorOp{"SMLAL2 16B to 8H", 0x4E208000}
	sadalp = vectorOp{"SADALP 8H to 4S", 0x4E606800} // adds neighbours
	ucvtf  = vectorOp{"UCVTF 4S", 0x6E21D800}
	scvtf  = vectorOp{"SCVTF 4S", 0x4E21D800}
	fmul   = vectorOp{"FMUL 4S", 0x6E20DC00}
	fadd   = vectorOp{"FADD 4S", 0x4E20D400}
	fsub   = vectorOp{"FSUB 4S", 0x4EA0D400}
	sdot   = vectorOp{"SDOT 16B to 4S", 0x4E809400} // adds four products to each sum
	fcmge  = vectorOp{"FCMGE 4S", 0x6E20E400}       // ones where the first source >= the second
)

func (w *writer) vector(op vectorOp, to int, from ...int) {
	code, operands := op.code|uint32(to), fmt.Sprintf("v%d", to)
	for i, source := range from {
		code |= uint32(source) << (5 + 11*i)
		operands += fmt.Sprintf(", v%d", source)
	}
	w.op("WORD $0x%08X // %s %s", code, op.name, operands)
}

// sdotWord adds, to each of four sums, four products of signed bytes: those of a
// row with word 0..3 of the codes.
func (w *writer) sdotWord(sum, rows, codes, word int) {
	high, low := uint32(word>>1), uint32(word&1)
	code := 0x4F80E000 | high<<11 | low<<21 | uint32(codes)<<16 | uint32(rows)<<5 | uint32(sum)
	w.op("WORD $0x%08X // SDOT 16B to 4S v%d, v%d, v%d[%d]", code, sum, rows, codes, word)
}
