package match

import "encoding/binary"

// kernel is one implementation of the two passes. All of them give the same
// numbers: the products are integers, and the bound is computed in float32 with
// one rounding for each of its operations.
type kernel struct {
	name string
	// scan multiplies blocks >= 1 consecutive blocks of the high plane, of
	// lines lines each, with the probe's codes, 8 for each line. It writes 16
	// sums and a mask of the rows that reach the bound for each block.
	scan scanFunc
	// wide are scans for several probes at once, the fewest first.
	wide []wideScan
	// dots multiplies n >= 1 listed rows of the low plane, of lines words each,
	// with the probe's codes in the order of its halves, and writes a sum for
	// each. It may look at ahead more entries of the list, to prefetch rows.
	dots func(l *byte, list *uint32, n, lines int, halves *int8, dots *int32)
	// tiles, unless nil, multiplies joined blocks with groups of probes, and
	// says that turnAVX512 and joinAVX512 may be called. The type tiled has
	// the shapes.
	tiles func(config, rows, probes *byte, tiles, groups int, start, sums *int32, hits *uint32)
	// refused is why the system does not let this kernel run.
	refused error
}

type scanFunc = func(h *byte, blocks, lines int, q *int8, b *bound, dots *int32, masks *uint16)

// wideScan is a scan for some probes at once: each line has the codes of all of
// them, and each block the sums and the masks.
type wideScan struct {
	probes int
	scan   scanFunc
}

// widest is for how many probes at once there is a scan.
func (k *kernel) widest() int {
	if len(k.wide) == 0 {
		return 1
	}
	return k.wide[len(k.wide)-1].probes
}

// scanFor returns the narrowest scan for n probes, at most widest, and its width.
func (k *kernel) scanFor(n int) wideScan {
	if n == 1 {
		return wideScan{1, k.scan}
	}
	i := 0
	for k.wide[i].probes < n {
		i++
	}
	return k.wide[i]
}

// portable is the kernel in Go; kernels lists it last on every machine.
func portable() kernel { return kernel{name: "go", scan: scanGo, dots: dotsGo} }

func scanGo(h *byte, blocks, lines int, q *int8, b *bound, dots *int32, masks *uint16) {
	stride := headerBytes + lineBytes*lines
	plane, codes := bytesAt(h, blocks*stride), codesAt(q, 8*lines)
	sums, marks := sumsAt(dots, blocks*blockRows), marksAt(masks, blocks)
	for i := range blocks {
		block, s := plane[i*stride:][:stride], (*[blockRows]int32)(sums[i*blockRows:])
		multiplyBlock(block[headerBytes:], codes, s)
		marks[i] = b.reached(block, s)
	}
}

func dotsGo(l *byte, list *uint32, n, lines int, halves *int8, dots *int32) {
	size := wordBytes * lines
	codes, sums := codesAt(halves, 2*roundUp(size, lineBytes)), sumsAt(dots, n)
	for i, row := range rowsAt(list, n) {
		sums[i] = multiplyRow(rowOf(l, row, size), codes)
	}
}

// multiplyRow takes the bytes of a row of the low plane, a line of them with
// two lines of codes.
func multiplyRow(row []byte, halves []int8) (sum int32) {
	for i, b := range row {
		at := i/lineBytes*2*lineBytes + i%lineBytes
		sum += int32(b&15)*int32(halves[at]) + int32(b>>4)*int32(halves[at+lineBytes])
	}
	return sum
}

// multiplyBlock takes the lines of one block.
func multiplyBlock(lines []byte, q []int8, sums *[blockRows]int32) {
	*sums = [blockRows]int32{}
	for len(lines) >= lineBytes && len(q) >= 8 {
		q0, q1, q2, q3 := int32(q[0]), int32(q[1]), int32(q[2]), int32(q[3])
		q4, q5, q6, q7 := int32(q[4]), int32(q[5]), int32(q[6]), int32(q[7])
		for r := range sums {
			v := binary.LittleEndian.Uint32(lines[4*r:])
			sums[r] += q0*int32(v&15) + q4*int32(v>>4&15) + q1*int32(v>>8&15) + q5*int32(v>>12&15) +
				q2*int32(v>>16&15) + q6*int32(v>>20&15) + q3*int32(v>>24&15) + q7*int32(v>>28)
		}
		lines, q = lines[lineBytes:], q[8:]
	}
}
