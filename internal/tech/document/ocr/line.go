package ocr

import (
	"context"
	"fmt"
	"math"
	"strings"
	"unicode"

	"github.com/idem-id/idem/internal/mrz"
)

// Line is what a region says.
type Line struct {
	Quad
	Text       string
	Confidence float64 // mean probability of its characters, 0..1; 0 without any
	// Frames are the probabilities of the characters of machine readable zones
	// along the line, for mrz.Decode.
	Frames []mrz.Frame
}

// The recogniser's input.
const (
	lineHeight = 48
	stride     = 8    // pixels of width for one step of the output
	minWidth   = 16   // pixels
	maxWidth   = 2400 // pixels; no line of a document is longer
)

// Read reads one line of text at its natural aspect.
func (e *Engine) Read(ctx context.Context, img *Raster, q Quad) (Line, error) {
	natural := q.Width() / max(q.Height(), 1) * lineHeight
	w := min(max(int(math.Round(natural/stride))*stride, minWidth), maxWidth)
	in := make([]float32, 3*lineHeight*w)
	lineInput(img, q, w, in, w)
	out, shape, err := e.run(ctx, e.recognise, in, 1, 3, lineHeight, int64(w))
	if err != nil {
		return Line{}, fmt.Errorf("read a line: %w", err)
	}
	if len(shape) != 3 || shape[2] != int64(len(e.letters.text)) {
		return Line{}, fmt.Errorf("read a line: the network answers shape %v for an alphabet of %d", shape, len(e.letters.text))
	}
	l := e.letters.line(out)
	l.Quad = q
	return l, nil
}

// lineInput writes planes B, G, R of the region, w pixels wide in rows of
// stride pixels.
func lineInput(img *Raster, q Quad, w int, in []float32, stride int) {
	n := lineHeight * stride
	img.sample(q, w, lineHeight, func(x, y int, red, green, blue float32) {
		i := y*stride + x
		in[i] = blue/127.5 - 1
		in[n+i] = green/127.5 - 1
		in[2*n+i] = red/127.5 - 1
	})
}

// The direction network's input is the start of a line.
const directionWidth = 192

// Inverted returns the probability, 0..1, that each of the lines stands on its
// head.
func (e *Engine) Inverted(ctx context.Context, img *Raster, lines []Quad) ([]float64, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	plane := 3 * lineHeight * directionWidth
	in := make([]float32, len(lines)*plane)
	for i, q := range lines {
		w := int(math.Round(q.Width() / max(q.Height(), 1) * lineHeight))
		if w > directionWidth { // its middle part, at its natural aspect
			q = q.Grow(-q.Width()*(1-directionWidth/float64(w))/2, 0)
		}
		lineInput(img, q, min(max(w, 1), directionWidth), in[i*plane:(i+1)*plane], directionWidth)
	}
	out, shape, err := e.run(ctx, e.direction, in, int64(len(lines)), 3, lineHeight, directionWidth)
	if err != nil {
		return nil, fmt.Errorf("find the direction of text: %w", err)
	}
	if len(out) != 2*len(lines) {
		return nil, fmt.Errorf("find the direction of text: the network answers shape %v", shape)
	}
	p := make([]float64, len(lines))
	for i := range p {
		p[i] = float64(out[2*i+1])
	}
	return p, nil
}

// alphabet says what the recogniser's classes mean.
type alphabet struct {
	text []string // "" for the blank
	// fold gives the places in a frame of the classes that a machine readable
	// zone can show; the others are left out.
	fold []folded
}

// folded is a class of the network and its place in a frame.
type folded struct{ class, place int }

func newAlphabet(lines []string) alphabet {
	a := alphabet{text: make([]string, 0, len(lines)+2), fold: []folded{{0, mrz.Blank}}}
	a.text = append(a.text, "")
	for _, l := range lines {
		a.text = append(a.text, strings.TrimSuffix(l, "\r"))
	}
	a.text = append(a.text, " ")
	for class, s := range a.text {
		if place, ok := zonePlace(s); ok {
			a.fold = append(a.fold, folded{class, place})
		}
	}
	return a
}

// zonePlace returns the place of a letter in a frame. Lower case and brackets
// that look like a filler count for what they look like, spaces for nothing.
func zonePlace(s string) (int, bool) {
	switch s {
	case " ":
		return mrz.Blank, true
	case "〈", "《", "＜", "«", "‹", "(", "（", "[", "{":
		s = "<"
	}
	if len(s) != 1 {
		return 0, false
	}
	return mrz.Slot(byte(unicode.ToUpper(rune(s[0]))))
}

// line reads greedily: the best class of every step, repeats and blanks
// dropped.
func (a alphabet) line(out []float32) Line {
	var l Line
	var text strings.Builder
	classes, last, n := len(a.text), 0, 0
	for ; len(out) >= classes; out = out[classes:] {
		step := out[:classes]
		l.Frames = append(l.Frames, a.frame(step))
		best := argmax(step)
		if best != last && best != 0 {
			text.WriteString(a.text[best])
			l.Confidence += float64(step[best])
			n++
		}
		last = best
	}
	if n > 0 {
		l.Confidence /= float64(n)
	}
	l.Text = strings.TrimSpace(text.String())
	return l
}

func (a alphabet) frame(step []float32) (f mrz.Frame) {
	for _, c := range a.fold {
		f[c.place] += step[c.class]
	}
	return f
}

func argmax(v []float32) int {
	best := 0
	for i, x := range v {
		if x > v[best] {
			best = i
		}
	}
	return best
}
