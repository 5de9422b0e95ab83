package tesseract

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Runner runs the program once: it hands over the input and returns at most
// limit bytes of what the program writes.
type Runner interface {
	Run(ctx context.Context, in io.Reader, limit int) ([]byte, error)
}

// Reader reads lines. It is safe for concurrent use.
type Reader struct {
	runner Runner
	slots  chan struct{} // one per process at work
}

// NewReader returns a reader that runs as many processes at a time as there
// are processors.
func NewReader(r Runner) *Reader { return &Reader{r, make(chan struct{}, runtime.GOMAXPROCS(0))} }

// Text is what a line says.
type Text struct {
	Text       string
	Confidence float64 // of its least certain word, 0..1; 0 without any
}

// Height is how high strips of text should be, in pixels.
const Height = 48

// The picture of all lines.
const (
	gap       = 24 // pixels between lines and around them
	maxWidth  = 2400
	maxStrips = 60
	maxAnswer = 1 << 20
)

// Read reads upright strips of one line each, all in one process. The answer
// has one text for each; strips beyond what a picture may hold have none.
func (r *Reader) Read(ctx context.Context, strips []*image.Gray) ([]Text, error) {
	out := make([]Text, len(strips))
	if len(strips) == 0 {
		return out, nil
	}
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for Tesseract: %w", ctx.Err())
	}
	defer func() { <-r.slots }()
	sheet, bands := joined(strips[:min(len(strips), maxStrips)])
	table, err := r.runner.Run(ctx, portableGray(sheet), maxAnswer)
	if err != nil {
		return nil, fmt.Errorf("run Tesseract: %w", err)
	}
	collect(out, words(table), bands)
	return out, nil
}

// joined puts the strips one below the other on white and returns where each
// lies.
func joined(strips []*image.Gray) (*image.Gray, []image.Rectangle) {
	w, h := 1, gap
	for _, s := range strips {
		w, h = max(w, min(s.Rect.Dx(), maxWidth)), h+s.Rect.Dy()+gap
	}
	sheet := image.NewGray(image.Rect(0, 0, w+2*gap, h))
	for i := range sheet.Pix {
		sheet.Pix[i] = 255
	}
	var bands []image.Rectangle
	y := gap
	for _, s := range strips {
		lut := contrast(s)
		for row := range s.Rect.Dy() {
			to := sheet.Pix[sheet.PixOffset(gap, y+row):][:min(s.Rect.Dx(), w)]
			for i, v := range s.Pix[row*s.Stride:][:len(to)] {
				to[i] = lut[v]
			}
		}
		bands = append(bands, image.Rect(0, y-gap/2, sheet.Rect.Dx(), y+s.Rect.Dy()+gap/2))
		y += s.Rect.Dy() + gap
	}
	return sheet, bands
}

// The shares of a strip's pixels that become black and white.
const (
	blackest = 0.03
	whitest  = 0.5
)

// contrast maps a strip's ink to black and its paper, with the pattern on it,
// to white.
func contrast(s *image.Gray) (lut [256]uint8) {
	sorted := slices.Sorted(slices.Values(s.Pix))
	if len(sorted) == 0 {
		return lut
	}
	at := func(share float64) float64 { return float64(sorted[int(share*float64(len(sorted)-1))]) }
	lo, hi := at(blackest), at(whitest)
	for v := range lut {
		lut[v] = uint8(min(max((float64(v)-lo)/max(hi-lo, 1), 0), 1)*255 + 0.5)
	}
	return lut
}

// portableGray writes a picture as a portable graymap.
func portableGray(m *image.Gray) io.Reader {
	return io.MultiReader(strings.NewReader(fmt.Sprintf("P5 %d %d 255\n", m.Rect.Dx(), m.Rect.Dy())), bytes.NewReader(m.Pix))
}

// word is one of the program's answer.
type word struct {
	text       string
	confidence float64
	at         image.Point // its middle
}

// words reads the program's table; lines that are no words are left out.
func words(table []byte) []word {
	var out []word
	for line := range strings.Lines(string(table)) {
		f := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if len(f) != 12 || f[0] != "5" || strings.TrimSpace(f[11]) == "" {
			continue
		}
		var n [4]int
		var err error
		for i := range n {
			if n[i], err = strconv.Atoi(f[6+i]); err != nil {
				break
			}
		}
		c, wrong := strconv.ParseFloat(f[10], 64)
		if err != nil || wrong != nil || !(c >= 0 && c <= 100) {
			continue
		}
		out = append(out, word{strings.Map(printable, f[11]), c / 100, image.Pt(n[0]+n[2]/2, n[1]+n[3]/2)})
	}
	return out
}

func printable(r rune) rune {
	if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
		return -1
	}
	return r
}

// collect gives each line its words, which the program lists in order.
func collect(out []Text, all []word, bands []image.Rectangle) {
	for _, w := range all {
		i := slices.IndexFunc(bands, w.at.In)
		if i < 0 {
			continue
		}
		if t := &out[i]; t.Text == "" {
			*t = Text{w.text, w.confidence}
		} else {
			*t = Text{t.Text + " " + w.text, min(t.Confidence, w.confidence)}
		}
	}
}
