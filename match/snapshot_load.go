package match

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// SnapshotFile is where a snapshot lies; an *os.File is one.
type SnapshotFile interface {
	io.ReaderAt
	io.WriterAt
}

// Snapshot is a saved gallery. Its methods must not run beside each other.
type Snapshot struct {
	sealed
	file SnapshotFile
}

// OpenSnapshot reads the header of a snapshot of size bytes. Everything that is
// wrong with a snapshot, here and later, wraps ErrSnapshot: another model,
// dimension or cipher, a size that does not fit its rows, altered bytes.
func OpenSnapshot(file SnapshotFile, size int64, model uint32, dim int, seal Seal) (*Snapshot, error) {
	if dim < 1 || dim > MaxDim {
		return nil, fmt.Errorf("%w: %d, want 1..%d", ErrDimension, dim, MaxDim)
	}
	want, err := newSealed(model, dim, seal)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{sealed: *want, file: file}
	if n, err := file.ReadAt(s.header[:], 0); n < snapshotHeader {
		return nil, fmt.Errorf("%w: read the header: %w", ErrSnapshot, err)
	}
	if err := s.check(&want.header, size); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Snapshot) check(want *[snapshotHeader]byte, size int64) error {
	rows := binary.LittleEndian.Uint64(s.header[atRows:])
	switch {
	case binary.LittleEndian.Uint32(s.header[atHeaderSum:]) != headerSum(&s.header):
		return fmt.Errorf("%w: the header is damaged", ErrSnapshot)
	case [atRows]byte(s.header[:]) != [atRows]byte(want[:]):
		return fmt.Errorf("%w: another format, model or dimension", ErrSnapshot)
	case rows > uint64(size)/8:
		return fmt.Errorf("%w: %d rows in %d bytes", ErrSnapshot, rows, size)
	}
	if s.rows = int(rows); s.size() != size {
		return fmt.Errorf("%w: %d bytes for %d rows, want %d", ErrSnapshot, size, rows, s.size())
	}
	return nil
}

// Len returns how many rows were saved, those erased since included.
func (s *Snapshot) Len() int { return s.rows }

// eachIDs gives the ids of one extent of the directory after the other.
func (s *Snapshot) eachIDs(f func(first int, ids []byte)) error {
	buffer, plain := make([]byte, extentBytes), make([]byte, 8*idsInExtent)
	for i := range s.directory() {
		ids := plain[:8*s.idsIn(i)]
		if err := s.read(s.file, s.idsAt(i), kindIDs, i, buffer, ids); err != nil {
			return err
		}
		f(i*idsInExtent, ids)
	}
	return nil
}

// Erase overwrites the rows of some ids where they lie and returns how many of
// them still stood. Ids that the snapshot does not have are passed over. It is
// durable when the file has been synced. After an error nothing is sure: give
// the snapshot and its key up.
func (s *Snapshot) Erase(ids ...uint64) (int, error) {
	wanted := make(map[uint64]struct{}, len(ids))
	for _, id := range ids {
		wanted[id] = struct{}{}
	}
	places := map[int][]int{} // rows by extent
	err := s.eachIDs(func(first int, ids []byte) {
		for i := range len(ids) / 8 {
			if _, ok := wanted[binary.LittleEndian.Uint64(ids[8*i:])]; ok {
				e := (first + i) / s.layout.rows()
				places[e] = append(places[e], (first+i)%s.layout.rows())
			}
		}
	})
	if err != nil {
		return 0, err
	}
	return s.wipe(places)
}

func (s *Snapshot) wipe(places map[int][]int) (n int, err error) {
	x, buffer := newExtent(s.layout), make([]byte, extentBytes)
	defer x.clear()
	for i, rows := range places {
		if err := s.read(s.file, s.rowsAt(i), kindRows, i, buffer, x.plain); err != nil {
			return n, err
		}
		before := n
		for _, row := range rows {
			if x.wipe(row) {
				n++
			}
		}
		if n == before {
			continue
		}
		if err := s.write(s.file, s.rowsAt(i), kindRows, i, buffer, x.plain); err != nil {
			return n, err
		}
	}
	return n, nil
}

// Load makes a gallery of the rows that still stand, in the order in which they
// were added. All processors open extents, each straight to where it will be
// searched.
func (s *Snapshot) Load(ctx context.Context) (*Gallery, error) {
	if s.rows > math.MaxUint32-2*maxSegmentRows {
		return nil, ErrFull
	}
	g, err := NewGallery(binary.LittleEndian.Uint32(s.header[12:]), s.dim)
	if err != nil {
		return nil, err
	}
	if err := s.loadIDs(g); err != nil {
		return nil, err
	}
	if err := s.loadRows(ctx, g); err != nil {
		return nil, err
	}
	if err := g.takeOver(); err != nil {
		return nil, err
	}
	return g, nil
}

// segmentRows is how many rows a loaded segment has: whole extents, so that
// none is split between two.
func (l layout) segmentRows() int { return maxSegmentRows / l.rows() * l.rows() }

// loadIDs makes the segments with everything but the templates.
func (s *Snapshot) loadIDs(g *Gallery) error {
	size := s.segmentRows()
	for first := 0; first < s.rows; first += size {
		g.segments = append(g.segments, newSegment(s.extents(min(size, s.rows-first))*s.layout.rows(), s.dim, uint64(first)))
	}
	g.tail, g.added = max(0, len(g.segments)-1), uint64(s.rows)
	return s.eachIDs(func(first int, ids []byte) {
		for i := range len(ids) / 8 {
			in := g.segments[(first+i)/size]
			in.ids = append(in.ids, binary.LittleEndian.Uint64(ids[8*i:]))
			in.norms = append(in.norms, 0)
			in.added = append(in.added, uint32(len(in.ids)))
		}
	})
}

// loadRows spreads the extents over the processors.
func (s *Snapshot) loadRows(ctx context.Context, g *Gallery) error {
	var next atomic.Int64
	var workers sync.WaitGroup
	errs := make([]error, min(runtime.GOMAXPROCS(0), s.extents(s.rows)))
	for w := range errs {
		workers.Go(func() {
			x, buffer := newExtent(s.layout), make([]byte, extentBytes)
			for i := int(next.Add(1) - 1); i < s.extents(s.rows) && errs[w] == nil; i = int(next.Add(1) - 1) {
				if errs[w] = ctx.Err(); errs[w] == nil {
					errs[w] = s.loadExtent(g, i, x, buffer)
				}
			}
			x.clear()
		})
	}
	workers.Wait()
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}

// loadExtent copies an extent to its place. A row that does not stand gets the
// norm -1 until takeOver has seen it: extents that are opened side by side may
// share words of the segment's alive, but no norm.
func (s *Snapshot) loadExtent(g *Gallery, i int, x *extent, buffer []byte) error {
	if err := s.read(s.file, s.rowsAt(i), kindRows, i, buffer, x.plain); err != nil {
		return err
	}
	perSegment := s.segmentRows() / s.layout.rows()
	in, at := g.segments[i/perSegment], i%perSegment
	copy(in.rows.high[at*s.high:], x.rows.high)
	copy(in.rows.low[at*s.low:], x.rows.low)
	first := at * s.layout.rows()
	for row := range s.layout.rows() {
		switch stands := x.stands(row); {
		case first+row >= len(in.norms) && stands:
			return fmt.Errorf("%w: extent %d has a row behind the last", ErrSnapshot, i)
		case first+row >= len(in.norms):
		case stands:
			in.norms[first+row] = int32(binary.LittleEndian.Uint32(x.norms()[4*row:]) & math.MaxInt32)
		default:
			in.norms[first+row] = -1
		}
	}
	return nil
}

// takeOver enters the loaded rows into the table of ids and closes the gaps of
// segments that have many.
func (g *Gallery) takeOver() error {
	g.places.reserve(int(g.added))
	for i, s := range g.segments {
		for row, norm := range s.norms {
			if norm < 0 {
				s.ids[row], s.norms[row] = 0, 0
				s.dead++
				continue
			}
			s.alive[row/64] |= 1 << (row % 64)
			if _, ok := g.places.find(s.ids[row]); ok {
				return fmt.Errorf("%w: an id appears twice", ErrSnapshot)
			}
			g.places.add(s.ids[row], place(i, row))
		}
	}
	for i, s := range g.segments {
		if s.sparse() {
			g.compact(i)
		}
	}
	return nil
}
