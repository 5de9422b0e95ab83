package match

import (
	"encoding/binary"
	"math"
)

// A code c is 16 H + L. The high plane keeps H + 8 and the low plane L, both
// 0..15: they are the halves of the byte c + 128. Either plane packs eight
// dimensions of a row into a word of four bytes: byte t of word g has dimension
// 8 g + t in its low half and dimension 8 g + 4 + t in its high half.
//
// The first pass reads the whole high plane, so that it is laid out for the
// kernels, in blocks of sixteen rows. A block begins with a header of 64 bytes,
// sixteen times floor(8 |c|) and sixteen times ceil(128 |L - 7.5|), two bytes
// each. Then follow lines of 64 bytes: word r of line g is word g of row r.
//
// The second pass reads single rows, so that in the low plane the words of a
// row lie together. A kernel may read up to a line beyond the last of them.
const (
	blockRows   = 16
	lineBytes   = 64
	headerBytes = 64
	wordBytes   = 4

	nibbles = 0x0f0f0f0f
)

func linesOf(dim int) int { return (dim + 7) / 8 }

// roundUp returns the least multiple of a power of two that is not below n.
func roundUp(n, to int) int { return (n + to - 1) &^ (to - 1) }

// planes are the codes of rows, a multiple of blockRows of them.
type planes struct {
	dim, lines int
	memory     *memory
	high, low  []byte
}

func newPlanes(rows, dim int) planes {
	p := planes{dim: dim, lines: linesOf(dim)}
	blocks := (rows + blockRows - 1) / blockRows
	high, low := blocks*p.highStride(), blocks*p.lowStride()+lineBytes
	p.memory = newMemory(high + low)
	p.high, p.low = p.memory.bytes[:high:high], p.memory.bytes[high:]
	return p
}

func (p *planes) highStride() int { return headerBytes + lineBytes*p.lines }
func (p *planes) lowStride() int  { return lineBytes * p.lines }
func (p *planes) rowBytes() int   { return wordBytes * p.lines } // in either

// populate makes the memory of rows ready that nobody wrote yet, as far as there
// are so many. Others may meanwhile use the planes.
func (p planes) populate(first, rows int) {
	from, to := first/blockRows, (first+rows)/blockRows
	high, low := len(p.high), len(p.low)
	p.memory.populate(min(from*p.highStride(), high), min(to*p.highStride(), high))
	p.memory.populate(high+min(from*p.lowStride(), low), high+min(to*p.lowStride(), low))
}

// trim gives the memory of the rows from n on back, which are wiped. Mapped pages
// go where they are: to copy the others would take far longer.
func (p *planes) trim(n int) {
	n = roundUp(n, blockRows)
	if p.memory.mapped {
		high := len(p.high)
		p.memory.release(n/blockRows*p.highStride(), high)
		p.memory.release(high+n/blockRows*p.lowStride()+lineBytes, high+len(p.low))
		return
	}
	old := *p
	*p = newPlanes(n, old.dim)
	copy(p.high, old.high)
	copy(p.low, old.low)
	old.memory.wipe()
}

// at returns the rest of the high plane from the first word of a row on, the
// row's words in the low plane, and the header of its block from the row's
// entry on.
func (p *planes) at(row int) (high, low, header []byte) {
	block, r := row/blockRows, row%blockRows
	header = p.high[block*p.highStride():]
	return header[headerBytes+wordBytes*r:], p.low[row*p.rowBytes():][:p.rowBytes()], header[2*r:]
}

// put writes a row.
func (p *planes) put(row int, codes []int8, norm int32) {
	var shifted [(MaxDim + 7) / 8 * 8]byte
	residue := 0 // four times |L - 7.5|^2
	for i, c := range codes {
		shifted[i] = byte(c) + 128
		twice := 2*int(shifted[i]&15) - 15
		residue += twice * twice
	}
	high, low, header := p.at(row)
	for g := range p.lines {
		x := binary.LittleEndian.Uint32(shifted[8*g:])
		y := binary.LittleEndian.Uint32(shifted[8*g+4:])
		binary.LittleEndian.PutUint32(high[lineBytes*g:], x>>4&nibbles|y&^nibbles)
		binary.LittleEndian.PutUint32(low[wordBytes*g:], x&nibbles|y<<4&^nibbles)
	}
	p.putHeader(header, floorRoot(normUnits*normUnits*int(norm)), ceilRoot(residueUnits*residueUnits/4*residue))
}

func (p *planes) putHeader(header []byte, norm, residue uint16) {
	binary.LittleEndian.PutUint16(header, norm)
	binary.LittleEndian.PutUint16(header[2*blockRows:], residue)
}

// The roots are exact: n is below 2^32, so the root of an n that is no square
// is further from an integer than float64 rounds.
func floorRoot(n int) uint16 { return uint16(math.Sqrt(float64(n))) }
func ceilRoot(n int) uint16  { return uint16(math.Ceil(math.Sqrt(float64(n)))) }

// codes writes the codes of a row to out, which has dim elements.
func (p *planes) codes(row int, out []int8) {
	high, low, _ := p.at(row)
	for i := range out {
		shift := i % 8 / 4 * 4
		h, l := high[lineBytes*(i/8)+i%4], low[wordBytes*(i/8)+i%4]
		out[i] = int8(h>>shift&15<<4|l>>shift&15) ^ -128
	}
}

// wipe overwrites a row with zeros.
func (p *planes) wipe(row int) {
	high, low, header := p.at(row)
	for g := range p.lines {
		clear(high[lineBytes*g:][:wordBytes])
	}
	clear(low)
	p.putHeader(header, 0, 0)
}

// copyRow copies a row of from, which has the same dimension.
func (p *planes) copyRow(to int, from *planes, row int) {
	h0, l0, e0 := from.at(row)
	h1, l1, e1 := p.at(to)
	for g := range p.lines {
		copy(h1[lineBytes*g:][:wordBytes], h0[lineBytes*g:])
	}
	copy(l1, l0)
	copy(e1[:2], e0[:2])
	copy(e1[2*blockRows:][:2], e0[2*blockRows:][:2])
}
