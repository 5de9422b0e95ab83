package eval

import (
	"bytes"
	"fmt"
	"image"
	"strconv"

	"github.com/idem-id/idem/internal/picture"
)

// decodePGM reads a binary PGM of at most 255 grey levels, the format of the
// ORL database. It answers picture.ErrUndecodable.
func decodePGM(data []byte) (image.Image, error) {
	rest, n := data[2:], [3]int{}
	for i := range n {
		var ok bool
		if n[i], rest, ok = pgmNumber(rest); !ok {
			return nil, picture.ErrUndecodable.Because(fmt.Errorf("PGM header ends early"))
		}
	}
	w, h := n[0], n[1]
	if w < 1 || h < 1 || w > 12_000 || h > 12_000 || n[2] < 1 || n[2] > 255 || len(rest) < 1+w*h {
		return nil, picture.ErrUndecodable.Because(fmt.Errorf("PGM of %d x %d with %d levels", w, h, n[2]))
	}
	return &image.Gray{Pix: rest[1 : 1+w*h], Stride: w, Rect: image.Rect(0, 0, w, h)}, nil
}

// pgmNumber reads a decimal number behind white space and comments.
func pgmNumber(b []byte) (int, []byte, bool) {
	for {
		b = bytes.TrimLeft(b, " \t\r\n")
		if len(b) == 0 || b[0] != '#' {
			break
		}
		_, b, _ = bytes.Cut(b, []byte("\n"))
	}
	end := 0
	for end < len(b) && end < 6 && b[end] >= '0' && b[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(string(b[:end]))
	return n, b[end:], err == nil
}
