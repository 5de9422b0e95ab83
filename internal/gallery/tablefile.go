package gallery

import (
	"bufio"
	"crypto/cipher"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"

	"github.com/idem-id/idem"
)

// tableHead is how the file of a table begins; rows of rowBytes follow.
type tableHead struct {
	Position idem.Seq
	Hash     [32]byte
	Sets     []idem.Set // of the table
	Files    []idem.Set // of the generation
	Texts    []string
	Rows     int
}

// rowBytes is position (8), subject (16), sample (16), state and set.
const rowBytes = 8 + 16 + 16 + 1 + 1

var errTableFile = errors.New("the table of a gallery snapshot is damaged")

func (c *checkpoint) writeTable(w io.Writer, aead cipher.AEAD, bind []byte, files []idem.Set) error {
	sealed := &sealingWriter{w: w, extents: extents{aead: aead, bind: bind}}
	t := &c.table
	head := tableHead{Position: c.position, Hash: c.hash, Sets: t.sets, Files: files, Texts: t.texts, Rows: t.live()}
	if err := gob.NewEncoder(sealed).Encode(head); err != nil {
		return err
	}
	var b [rowBytes]byte
	for i := range t.rows {
		if t.rows[i].state == rowDead {
			continue
		}
		t.rows[i].encode(&b)
		if _, err := sealed.Write(b[:]); err != nil {
			return err
		}
	}
	return sealed.Close()
}

func (r *tableRow) encode(b *[rowBytes]byte) {
	binary.LittleEndian.PutUint64(b[:], uint64(r.seq))
	copy(b[8:], r.subject[:])
	copy(b[24:], r.sample[:])
	b[40], b[41] = byte(r.state), r.set
}

func (r *tableRow) decode(b *[rowBytes]byte) {
	r.seq = idem.Seq(binary.LittleEndian.Uint64(b[:]))
	copy(r.subject[:], b[8:])
	copy(r.sample[:], b[24:])
	r.state, r.set = rowState(b[40]), b[41]
}

// readTable reads what writeTable wrote, and the sets that have a file.
func readTable(r io.Reader, aead cipher.AEAD, bind []byte) (*checkpoint, []idem.Set, error) {
	in := bufio.NewReaderSize(&openingReader{r: bufio.NewReaderSize(r, 2*sealedPart), extents: extents{aead: aead, bind: bind}}, sealedPart)
	var head tableHead
	if err := gob.NewDecoder(in).Decode(&head); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errTableFile, err)
	}
	c := &checkpoint{position: head.Position, hash: head.Hash, table: table{sets: head.Sets}}
	for _, text := range head.Texts {
		c.table.name(text)
	}
	var b [rowBytes]byte
	for range head.Rows {
		if _, err := io.ReadFull(in, b[:]); err != nil {
			return nil, nil, fmt.Errorf("%w: %w", errTableFile, err)
		}
		var row tableRow
		row.decode(&b)
		if row.state == rowPending {
			c.table.pending++
		}
		c.table.rows = append(c.table.rows, row)
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, nil, errTableFile
	}
	return c, head.Files, nil
}

// A stream is sealed in parts of one size, but for the last, which says that it
// is the last one and may be empty: parts can be neither left out nor moved.
const sealedPart = 64 << 10

type extents struct {
	aead  cipher.AEAD // makes its own nonces
	bind  []byte
	count uint64
}

func (e *extents) associated(last bool) []byte {
	out := binary.LittleEndian.AppendUint64(nil, e.count)
	e.count++
	if last {
		return append(append(out, 1), e.bind...)
	}
	return append(append(out, 0), e.bind...)
}

func (e *extents) plainSize() int { return sealedPart - e.aead.Overhead() }

type sealingWriter struct {
	extents
	w     io.Writer
	plain []byte
}

func (s *sealingWriter) Write(b []byte) (int, error) {
	total := len(b)
	for len(b) > 0 {
		if len(s.plain) == s.plainSize() {
			if err := s.flush(false); err != nil {
				return 0, err
			}
		}
		n := min(len(b), s.plainSize()-len(s.plain))
		s.plain, b = append(s.plain, b[:n]...), b[n:]
	}
	return total, nil
}

// Close writes the last part.
func (s *sealingWriter) Close() error { return s.flush(true) }

func (s *sealingWriter) flush(last bool) error {
	_, err := s.w.Write(s.aead.Seal(nil, nil, s.plain, s.associated(last)))
	s.plain = s.plain[:0]
	return err
}

type openingReader struct {
	extents
	r     *bufio.Reader
	plain []byte
	ended bool
}

func (o *openingReader) Read(b []byte) (int, error) {
	for len(o.plain) == 0 {
		if o.ended {
			return 0, io.EOF
		}
		if err := o.next(); err != nil {
			return 0, err
		}
	}
	n := copy(b, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}

// next opens a part; the one that nothing follows must be the last.
func (o *openingReader) next() error {
	sealed := make([]byte, sealedPart)
	n, err := io.ReadFull(o.r, sealed)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return errTableFile
	}
	_, err = o.r.Peek(1)
	o.ended = err != nil
	o.plain, err = o.aead.Open(nil, nil, sealed[:n], o.associated(o.ended))
	if err != nil {
		return errTableFile
	}
	return nil
}
