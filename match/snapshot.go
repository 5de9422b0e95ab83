package match

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

// Seal is what a snapshot's extents are sealed with. Any cipher.AEAD will do
// whose nonces may be random: AES-GCM, with the nonce given or made by itself.
type Seal struct {
	AEAD cipher.AEAD
	// Bind is what the snapshot belongs to. It is not stored: a snapshot that
	// was sealed for something else does not open.
	Bind []byte
}

// A snapshot is a header, the extents of rows and the directory of ids:
//
//	0     8  magic
//	8     4  version, 1: another one whenever the layout of planes changes
//	12    4  model id
//	16    4  dimensions
//	20    4  reserved, 0
//	24    8  rows
//	32   16  random name of the file
//	48    4  CRC-32C of bytes 0..47
//	52       zeros up to 4096
//
// All numbers are little endian. The sealed bytes of an extent are its nonce,
// unless the cipher brings its own, and what the cipher made. The extents of
// rows have one size: the high plane of a few blocks, their low plane, the
// squared norms of the rows, four bytes each, and a bit for each row that says
// that it stands. Then follow the ids of all rows, eight bytes each, in extents
// of idsInExtent, at least one of them.
//
// Associated data are the header but for the rows and checksum, Seal.Bind, the
// kind and the number of the extent, and in the directory the number of rows.
// So no extent can take the place of another, and none can be left out.
const (
	snapshotHeader  = 4096
	snapshotMagic   = "IDEMROWS"
	snapshotVersion = 1
	atRows          = 24
	atName          = 32
	atHeaderSum     = 48

	extentBytes = 64 << 10 // at most, sealed
	maxOverhead = 64       // of the cipher
	extentPlain = extentBytes - maxOverhead
	idsInExtent = extentPlain / 8

	kindRows = 'r'
	kindIDs  = 'i'
)

// layout says how rows lie in extents.
type layout struct {
	dim, blocks, high, low int
}

func newLayout(dim int) layout {
	p := planes{lines: linesOf(dim)}
	block := p.highStride() + p.lowStride() + 4*blockRows + blockRows/8
	n := extentPlain / block
	return layout{dim: dim, blocks: n, high: n * p.highStride(), low: n * p.lowStride()}
}

func (l layout) rows() int  { return l.blocks * blockRows }
func (l layout) plain() int { return l.high + l.low + 4*l.rows() + l.rows()/8 }

// extents returns how many hold n rows.
func (l layout) extents(n int) int { return (n + l.rows() - 1) / l.rows() }

// extent is the plain content of one.
type extent struct {
	layout
	plain []byte
	rows  planes // within plain
	used  int
}

func newExtent(l layout) *extent {
	x := &extent{layout: l, plain: make([]byte, l.plain())}
	x.rows = planes{dim: l.dim, lines: linesOf(l.dim), high: x.plain[:l.high], low: x.plain[l.high:][:l.low]}
	return x
}

func (x *extent) clear() {
	clear(x.plain)
	x.used = 0
}

func (x *extent) full() bool    { return x.used == x.layout.rows() }
func (x *extent) norms() []byte { return x.plain[x.high+x.low:][:4*x.layout.rows()] }
func (x *extent) alive() []byte { return x.plain[x.high+x.low+4*x.layout.rows():] }

func (x *extent) stands(row int) bool { return x.alive()[row/8]>>(row%8)&1 != 0 }

// put appends a row of a segment.
func (x *extent) put(s *segment, row int) {
	x.rows.copyRow(x.used, &s.rows, row)
	binary.LittleEndian.PutUint32(x.norms()[4*x.used:], uint32(s.norms[row]))
	x.alive()[x.used/8] |= 1 << (x.used % 8)
	x.used++
}

// wipe overwrites a row and reports whether it stood.
func (x *extent) wipe(row int) bool {
	stood := x.stands(row)
	x.rows.wipe(row)
	clear(x.norms()[4*row:][:4])
	x.alive()[row/8] &^= 1 << (row % 8)
	return stood
}

// sealed is a snapshot's file as far as its header tells.
type sealed struct {
	layout
	seal   Seal
	header [snapshotHeader]byte
	rows   int
}

func newSealed(model uint32, dim int, seal Seal) (*sealed, error) {
	if n := seal.overhead(); n > maxOverhead {
		return nil, fmt.Errorf("match: the cipher adds %d bytes, at most %d", n, maxOverhead)
	}
	f := &sealed{layout: newLayout(dim), seal: seal}
	copy(f.header[:], snapshotMagic)
	binary.LittleEndian.PutUint32(f.header[8:], snapshotVersion)
	binary.LittleEndian.PutUint32(f.header[12:], model)
	binary.LittleEndian.PutUint32(f.header[16:], uint32(dim))
	return f, nil
}

// finish completes the header.
func (f *sealed) finish(rows int) {
	f.rows = rows
	binary.LittleEndian.PutUint64(f.header[atRows:], uint64(rows))
	binary.LittleEndian.PutUint32(f.header[atHeaderSum:], headerSum(&f.header))
}

func headerSum(h *[snapshotHeader]byte) uint32 {
	return crc32.Checksum(h[:atHeaderSum], crc32.MakeTable(crc32.Castagnoli))
}

func (s Seal) overhead() int { return s.AEAD.NonceSize() + s.AEAD.Overhead() }

// stride is how far the extents of rows are apart.
func (f *sealed) stride() int64 { return int64(f.plain() + f.seal.overhead()) }

func (f *sealed) rowsAt(i int) int64 { return snapshotHeader + int64(i)*f.stride() }

func (f *sealed) idsAt(i int) int64 {
	return f.rowsAt(f.extents(f.rows)) + int64(i)*int64(8*idsInExtent+f.seal.overhead())
}

// directory returns how many extents hold the ids.
func (f *sealed) directory() int { return max(1, (f.rows+idsInExtent-1)/idsInExtent) }

// idsIn returns how many ids extent i of the directory has.
func (f *sealed) idsIn(i int) int { return min(idsInExtent, f.rows-i*idsInExtent) }

// size is that of the whole file.
func (f *sealed) size() int64 {
	last := f.directory() - 1
	return f.idsAt(last) + int64(8*f.idsIn(last)+f.seal.overhead())
}

// associated binds an extent to its place.
func (f *sealed) associated(kind byte, i int) []byte {
	out := append(make([]byte, 0, 128), f.header[:atRows]...)
	out = append(out, f.header[atName:atHeaderSum]...)
	out = append(out, kind)
	out = binary.LittleEndian.AppendUint64(out, uint64(i))
	if kind == kindIDs {
		out = binary.LittleEndian.AppendUint64(out, uint64(f.rows))
	}
	return append(out, f.seal.Bind...)
}

// write seals an extent and writes it at its place.
func (f *sealed) write(w io.WriterAt, at int64, kind byte, i int, buffer, plain []byte) error {
	nonce := buffer[:f.seal.AEAD.NonceSize()]
	_, _ = rand.Read(nonce) // never fails: the runtime aborts instead
	out := f.seal.AEAD.Seal(nonce, nonce, plain, f.associated(kind, i))
	if _, err := w.WriteAt(out, at); err != nil {
		return fmt.Errorf("write extent %d of a snapshot: %w", i, err)
	}
	return nil
}

// read opens an extent of n plain bytes into dst, which has room for them.
func (f *sealed) read(r io.ReaderAt, at int64, kind byte, i int, buffer, dst []byte) error {
	in := buffer[:len(dst)+f.seal.overhead()]
	if n, err := r.ReadAt(in, at); n < len(in) {
		return fmt.Errorf("%w: extent %d: %w", ErrSnapshot, i, err)
	}
	nonce := f.seal.AEAD.NonceSize()
	out, err := f.seal.AEAD.Open(dst[:0], in[:nonce], in[nonce:], f.associated(kind, i))
	if err != nil || len(out) != len(dst) {
		return fmt.Errorf("%w: extent %d does not open", ErrSnapshot, i)
	}
	return nil
}

// Capture is the rows that a gallery had at a moment, less those that are
// removed before they are saved.
type Capture struct {
	model  uint32
	dim    int
	chunks []chunk
}

// Capture notes which rows there are now. It copies none of them, and holds up
// nobody: a gallery may change while its capture is saved. Rows that are added
// later are not in it.
func (g *Gallery) Capture() *Capture {
	return &Capture{model: g.model, dim: g.dim, chunks: g.snapshot()}
}

// Save writes a snapshot into an empty file, of which it writes the header
// last. A row that was removed meanwhile may be in the file: Erase it before
// the file is used. The memory taken is 128 KiB and eight bytes per row.
// A Capture can be saved once.
func (c *Capture) Save(ctx context.Context, w io.WriterAt, seal Seal) error {
	f, err := newSealed(c.model, c.dim, seal)
	if err != nil {
		return err
	}
	_, _ = rand.Read(f.header[atName:atHeaderSum])
	buffer := make([]byte, extentBytes)
	ids, err := c.saveRows(ctx, w, f, buffer)
	if err != nil {
		return err
	}
	f.finish(len(ids))
	if err := f.saveIDs(w, ids, buffer); err != nil {
		return err
	}
	if _, err := w.WriteAt(f.header[:], 0); err != nil {
		return fmt.Errorf("write header of a snapshot: %w", err)
	}
	return nil
}

func (c *Capture) saveRows(ctx context.Context, w io.WriterAt, f *sealed, buffer []byte) (ids []uint64, err error) {
	x := newExtent(f.layout)
	defer x.clear()
	for i := 0; len(c.chunks) > 0; i++ {
		x.clear()
		if ids = c.fill(x, ids); x.used == 0 {
			break
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := f.write(w, f.rowsAt(i), kindRows, i, buffer, x.plain); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// fill takes rows until the extent is full or none is left.
func (c *Capture) fill(x *extent, ids []uint64) []uint64 {
	for len(c.chunks) > 0 && !x.full() {
		var done bool
		if ids, done = c.chunks[0].moveTo(x, ids); done {
			c.chunks = c.chunks[1:]
		}
	}
	return ids
}

// moveTo copies live rows under their segment's lock, until the extent is full:
// less than one of them keeps a writer waiting.
func (c *chunk) moveTo(x *extent, ids []uint64) (_ []uint64, done bool) {
	s := c.segment
	s.mu.RLock()
	defer s.mu.RUnlock()
	first, end := c.rows()
	for row := first; row < end; row++ {
		if x.full() {
			c.from, c.closings = s.added[row], -1 // what is left is found by when it was added
			return ids, false
		}
		if s.isAlive(row) {
			x.put(s, row)
			ids = append(ids, s.ids[row])
		}
	}
	return ids, true
}

func (f *sealed) saveIDs(w io.WriterAt, ids []uint64, buffer []byte) error {
	plain := make([]byte, 0, 8*idsInExtent)
	for i := range f.directory() {
		plain = plain[:0]
		for _, id := range ids[i*idsInExtent:][:f.idsIn(i)] {
			plain = binary.LittleEndian.AppendUint64(plain, id)
		}
		if err := f.write(w, f.idsAt(i), kindIDs, i, buffer, plain); err != nil {
			return err
		}
	}
	return nil
}
