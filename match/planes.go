package match

import (
	"encoding/binary"
	"math"
)

// A block is sixteen rows. In the high plane it begins with a header of 64
// bytes, sixteen times floor(8 |c|) and sixteen times ceil(128 |L - 7.5|), two
// bytes each; in the low plane it has none. Then follow lines of 64 bytes, one
// for eight dimensions: byte 4 r + t of line g has, of row r, dimension 8 g + t
// in its low half and dimension 8 g + 4 + t in its high half.
//
// A code c is 16 H + L. The high plane keeps H + 8 and the low plane L, both
// 0..15: they are the halves of the byte c + 128.
const (
	blockRows   = 16
	lineBytes   = 64
	headerBytes = 64

	nibbles = 0x0f0f0f0f
)

func linesOf(dim int) int { return (dim + 7) / 8 }

// planes are the codes of rows, a multiple of blockRows of them.
type planes struct {
	dim, lines int
	memory     *memory
	high, low  []byte
}

func newPlanes(rows, dim int) planes {
	p := planes{dim: dim, lines: linesOf(dim)}
	blocks := (rows + blockRows - 1) / blockRows
	high, low := blocks*p.highStride(), blocks*p.lowStride()
	p.memory = newMemory(high + low)
	p.high, p.low = p.memory.bytes[:high:high], p.memory.bytes[high:]
	return p
}

func (p *planes) highStride() int { return headerBytes + lineBytes*p.lines }
func (p *planes) lowStride() int  { return lineBytes * p.lines }

// at returns the rest of both planes from the first bytes of a row on, and the
// header of its block from the row's entry on.
func (p *planes) at(row int) (high, low, header []byte) {
	block, r := row/blockRows, row%blockRows
	header = p.high[block*p.highStride():]
	return header[headerBytes+4*r:], p.low[block*p.lowStride()+4*r:], header[2*r:]
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
		binary.LittleEndian.PutUint32(low[lineBytes*g:], x&nibbles|y<<4&^nibbles)
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
		at, shift := lineBytes*(i/8)+i%4, i%8/4*4
		out[i] = int8(high[at]>>shift&15<<4|low[at]>>shift&15) ^ -128
	}
}

// wipe overwrites a row with zeros.
func (p *planes) wipe(row int) {
	high, low, header := p.at(row)
	for g := range p.lines {
		binary.LittleEndian.PutUint32(high[lineBytes*g:], 0)
		binary.LittleEndian.PutUint32(low[lineBytes*g:], 0)
	}
	p.putHeader(header, 0, 0)
}

// copyRow copies a row of from, which has the same dimension.
func (p *planes) copyRow(to int, from *planes, row int) {
	h0, l0, e0 := from.at(row)
	h1, l1, e1 := p.at(to)
	for g := range p.lines {
		copy(h1[lineBytes*g:][:4], h0[lineBytes*g:][:4])
		copy(l1[lineBytes*g:][:4], l0[lineBytes*g:][:4])
	}
	copy(e1[:2], e0[:2])
	copy(e1[2*blockRows:][:2], e0[2*blockRows:][:2])
}
