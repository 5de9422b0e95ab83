package main

// The assembler does not know the tile instructions, so they are written as
// bytes. All of them are VEX-coded with the opcode map 0F38; ve is the byte
// with the second source register and the prefix (0 none, 2 F3, 3 F2).
func tileOp(w *writer, ve, opcode, modrm byte) {
	w.op("BYTE $0xC4; BYTE $0xE2; BYTE $0x%02X; BYTE $0x%02X; BYTE $0x%02X", ve, opcode, modrm)
}

func prefix(second, code byte) byte { return (15-second)<<3 | code }

// Numbers of the registers that tiles are loaded from; the stride is in CX.
const (
	regAX, regDX, regBX, regSI, regDI = 0, 2, 3, 6, 7
	strideCX                          = 1 << 3
)

func tileLoad(w *writer, tile, base byte) {
	tileOp(w, prefix(0, 3), 0x4B, tile<<3|4)
	w.op("BYTE $0x%02X", strideCX|base)
}

// tileStore writes a tile at DX plus an offset below 2^31.
func tileStore(w *writer, tile byte, offset int) {
	tileOp(w, prefix(0, 2), 0x4B, 0x80|tile<<3|4)
	w.op("BYTE $0x%02X; LONG $0x%08X", strideCX|regDX, offset)
}

// tileMultiply adds signed a times unsigned b to sum.
func tileMultiply(w *writer, sum, a, b byte) { tileOp(w, prefix(b, 2), 0x5E, 0xC0|sum<<3|a) }

// tiles writes the pass for many probes: two blocks of rows against groups of
// 32 probes, by four tiles of sums, which begin as the group's two tiles of
// start. For each group it leaves the sums of [2 probe tiles][2 blocks][16
// probes][16 rows], and a mask that is not zero if any sum is not negative.
func tiles(w *writer) {
	w.raw("\n// func tilesAMX(config, rows, probes *byte, tiles, groups int, start, sums *int32, hits *uint32)\n")
	w.raw("TEXT ·tilesAMX(SB), NOSPLIT, $0-64\n")
	w.op("MOVQ config+0(FP), AX")
	tileOp(w, prefix(0, 0), 0x49, regAX) // load the configuration
	for i, load := range []string{"rows", "probes", "tiles", "groups", "start", "sums", "hits"} {
		w.op("MOVQ %s+%d(FP), %s", load, 8+8*i, []string{"SI", "AX", "R8", "R9", "R11", "DX", "R13"}[i])
	}
	w.op("MOVQ $64, CX")
	w.op("MOVQ R8, R14")
	w.op("SHLQ $10, R14")
	w.op("LEAQ (SI)(R14*1), DI")
	w.label("group")
	w.op("MOVQ R11, BX")
	for tile := range byte(4) {
		tileLoad(w, tile, regBX)
		if tile == 1 {
			w.op("ADDQ $1024, BX")
		}
	}
	w.op("LEAQ (AX)(R14*1), BX")
	w.op("MOVQ R8, R10")
	multiplyTiles(w)
	for tile := range byte(4) {
		tileStore(w, tile, 1024*int(tile))
	}
	testTiles(w)
	w.op("MOVQ BX, AX")
	w.op("SUBQ R14, SI")
	w.op("SUBQ R14, DI")
	w.op("ADDQ $4096, DX")
	w.op("ADDQ $2048, R11")
	w.op("ADDQ $4, R13")
	w.op("DECQ R9")
	w.op("JNZ group")
	tileOp(w, prefix(0, 0), 0x49, 0xC0) // release
	w.op("VZEROUPPER")
	w.op("RET")
}

func multiplyTiles(w *writer) {
	w.label("tile")
	tileLoad(w, 6, regSI)
	tileLoad(w, 4, regAX)
	tileMultiply(w, 0, 4, 6)
	tileLoad(w, 7, regDI)
	tileMultiply(w, 1, 4, 7)
	tileLoad(w, 5, regBX)
	tileMultiply(w, 2, 5, 6)
	tileMultiply(w, 3, 5, 7)
	for _, register := range []string{"SI", "DI", "AX", "BX"} {
		w.op("ADDQ $1024, %s", register)
	}
	w.op("DECQ R10")
	w.op("JNZ tile")
}

// testTiles joins the sign bits of all sums.
func testTiles(w *writer) {
	for chain := range 4 {
		w.op("VMOVDQU32 %d(DX), Z%d", 64*chain, chain)
	}
	for at := 4; at < 64; at++ {
		w.op("VPANDD %d(DX), Z%d, Z%d", 64*at, at%4, at%4)
	}
	w.op("VPANDD Z1, Z0, Z0")
	w.op("VPANDD Z3, Z2, Z2")
	w.op("VPANDD Z2, Z0, Z0")
	w.op("VPMOVD2M Z0, K1")
	w.op("KNOTW K1, K1")
	w.op("KMOVW K1, R10")
	w.op("MOVL R10, (R13)")
}

// turn writes the step before the next: the words of sixteen rows of the low
// plane to lines as the high plane has them, sixteen at a time. The last lines
// may be too many.
func turn(w *writer) {
	w.raw("\n// func turnAVX512(l *byte, lines int, out *byte)\n")
	w.raw("TEXT ·turnAVX512(SB), NOSPLIT, $0-24\n")
	for i, load := range []string{"l", "lines", "out"} {
		w.op("MOVQ %s+%d(FP), %s", load, 8*i, []string{"SI", "DX", "DI"}[i])
	}
	w.op("MOVQ DX, R9")
	w.op("SHLQ $2, R9")
	w.label("lines")
	w.op("MOVQ SI, R10")
	for row := range 16 {
		w.op("VMOVDQU64 (R10), Z%d", row)
		w.op("PREFETCHT0 4096(R10)")
		w.op("ADDQ R9, R10")
	}
	transpose(w)
	w.op("ADDQ $64, SI")
	w.op("ADDQ $1024, DI")
	w.op("SUBQ $16, DX")
	w.op("JGT lines")
	w.op("VZEROUPPER")
	w.op("RET")
}

// transpose writes the columns of the sixteen rows of words in Z0 to Z15, in
// order, to (DI): first those of every four by four words, then those of the
// four by four lanes.
func transpose(w *writer) {
	for row := 0; row < 16; row += 2 {
		w.op("VPUNPCKLDQ Z%d, Z%d, Z%d", row+1, row, 16+row)
		w.op("VPUNPCKHDQ Z%d, Z%d, Z%d", row+1, row, 17+row)
	}
	for row := 0; row < 16; row += 4 {
		for half := range 2 {
			w.op("VPUNPCKLQDQ Z%d, Z%d, Z%d", 18+row+half, 16+row+half, row+2*half)
			w.op("VPUNPCKHQDQ Z%d, Z%d, Z%d", 18+row+half, 16+row+half, row+2*half+1)
		}
	}
	const even, odd = 0x88, 0xDD
	for column := range 4 {
		for half, lanes := range []int{even, odd} {
			w.op("VSHUFI32X4 $0x%X, Z%d, Z%d, Z16", lanes, 4+column, column)
			w.op("VSHUFI32X4 $0x%X, Z%d, Z%d, Z17", lanes, 12+column, 8+column)
			w.op("VSHUFI32X4 $0x%X, Z17, Z16, Z18", even)
			w.op("VSHUFI32X4 $0x%X, Z17, Z16, Z19", odd)
			w.op("VMOVDQU64 Z18, %d(DI)", 64*(4*half+column))
			w.op("VMOVDQU64 Z19, %d(DI)", 64*(4*(half+2)+column))
		}
	}
}

// join writes the step before tiles: the lines of both halves of a block to
// whole bytes, in tiles of eight lines.
func join(w *writer) {
	w.raw("\n// func joinAVX512(h, l *byte, lines int, out *byte)\n")
	w.raw("TEXT ·joinAVX512(SB), NOSPLIT, $0-32\n")
	for i, load := range []string{"h", "l", "lines", "out"} {
		w.op("MOVQ %s+%d(FP), %s", load, 8*i, []string{"SI", "DI", "CX", "DX"}[i])
	}
	w.op("MOVL $0x0f0f0f0f, R10")
	w.op("VPBROADCASTD R10, Z31")
	w.op("VPSLLD $4, Z31, Z30")
	w.label("line")
	w.op("PREFETCHT0 4096(SI)")
	w.op("VMOVDQU64 (SI), Z0")
	w.op("VMOVDQU64 (DI), Z1")
	w.op("VPSLLD $4, Z0, Z2")
	w.op("VPANDD Z30, Z2, Z2")
	w.op("VPANDD Z31, Z1, Z3")
	w.op("VPORD Z3, Z2, Z2")
	w.op("VMOVDQU64 Z2, (DX)")
	w.op("VPANDD Z30, Z0, Z0")
	w.op("VPSRLD $4, Z1, Z1")
	w.op("VPANDD Z31, Z1, Z1")
	w.op("VPORD Z1, Z0, Z0")
	w.op("VMOVDQU64 Z0, 64(DX)")
	w.op("ADDQ $64, SI")
	w.op("ADDQ $64, DI")
	w.op("ADDQ $128, DX")
	w.op("DECQ CX")
	w.op("JNZ line")
	w.op("VZEROUPPER")
	w.op("RET")
}
