package sqltext

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/idem-id/idem/internal/store"
)

// micros is how a time is stored; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// moment reads a stored time.
type moment time.Time

// Scan implements sql.Scanner.
func (m *moment) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("read a time from %T", src)
	}
	*m = moment{}
	if n != 0 {
		*m = moment(time.UnixMicro(n).UTC())
	}
	return nil
}

// digest reads 32 stored bytes.
type digest [32]byte

// Scan implements sql.Scanner.
func (d *digest) Scan(src any) error {
	b, ok := src.([]byte)
	if !ok || len(b) != len(d) {
		return fmt.Errorf("read a digest from %d bytes of %T", len(b), src)
	}
	copy(d[:], b)
	return nil
}

// where collects predicates and their arguments. Its first argument is the
// organisation.
type where struct {
	terms []string
	args  []any
}

// arg adds an argument and returns its placeholder.
func (w *where) arg(value any) string {
	w.args = append(w.args, value)
	return "$" + strconv.Itoa(len(w.args))
}

// add adds a predicate; each ? stands for the next value.
func (w *where) add(term string, values ...any) {
	for _, v := range values {
		term = strings.Replace(term, "?", w.arg(v), 1)
	}
	w.terms = append(w.terms, term)
}

func (w *where) text() string { return strings.Join(w.terms, " AND ") }

// in adds "column IN (...)". The list is filled up to a power of two with its
// last value, so that a statement has few variants worth preparing.
func in[T any](w *where, column string, values []T) {
	holders := make([]string, filled(len(values)))
	for i := range holders {
		holders[i] = w.arg(values[min(i, len(values)-1)])
	}
	w.terms = append(w.terms, column+" IN ("+strings.Join(holders, ", ")+")")
}

func filled(n int) int {
	size := 1
	for size < n {
		size *= 2
	}
	return size
}

// tuples returns n value lists of the given width, "($1, $2), ($3, $4)".
func tuples(n, width int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(", ("[2*b2i(i == 0):])
		for j := range width {
			if j > 0 {
				b.WriteString(", ")
			}
			b.WriteString("$" + strconv.Itoa(i*width+j+1))
		}
		b.WriteByte(')')
	}
	return b.String()
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// cursor names the last row of a page by what the list is ordered by.
func cursor(order int64, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(order, 36) + "." + id))
}

func parseCursor(text string) (order int64, id string, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return 0, "", store.ErrCursor
	}
	number, id, found := strings.Cut(string(raw), ".")
	order, err = strconv.ParseInt(number, 36, 64)
	if !found || err != nil || !storable(id) {
		return 0, "", store.ErrCursor
	}
	return order, id, nil
}

func checkPage(p store.Page) error {
	if p.Limit < 1 || p.Limit > 1000 {
		return store.ErrPageSize
	}
	return nil
}
