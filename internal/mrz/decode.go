package mrz

import (
	"context"
	"math"
	"slices"
	"strings"
)

// Blank is the place in a frame of the step that shows no character.
const Blank = 0

const symbols = len(Any)

// Frame holds the probabilities of one step along a line as a reader of text
// sees it: that it shows nothing new, and each character of Any.
type Frame [1 + symbols]float32

// Slot returns where a frame holds a character; false for characters that a
// zone cannot have.
func Slot(b byte) (int, bool) {
	i := strings.IndexByte(string(Any), b)
	return 1 + i, i >= 0
}

// Row is one line of print, read once or several times from crops that differ.
type Row [][]Frame

// Correction is a character that was read as another than it is given as,
// because the rules of the zone leave no other reading.
type Correction struct {
	Field    Field
	Line     int
	Column   int
	From, To string
}

// Decoded is the most probable zone of some rows.
type Decoded struct {
	*Zone
	First       int         // the row that holds the first line
	Score       float64     // mean logarithm of the probability of a character; 0 is certain
	Scores      []float64   // the same by line
	Confidence  [][]float64 // of each character, 0..1
	Corrections []Correction
}

// Legible reports whether a field was read rather than guessed: the geometric
// mean of its characters' probabilities is at least a half.
func (d *Decoded) Legible(f Field) bool {
	r := d.Format.Layout().Place(f)
	sum := 0.0
	for _, p := range d.Confidence[r.Line][r.From:r.To] {
		sum += math.Log(p)
	}
	return sum >= math.Log(0.5)*float64(r.Len())
}

// FieldConfidence returns the probability of a field's least certain
// character, 0..1; 0 when the format has no such field.
func (d *Decoded) FieldConfidence(f Field) float64 {
	r := d.Format.Layout().Place(f)
	if r.Len() == 0 {
		return 0
	}
	return slices.Min(d.Confidence[r.Line][r.From:r.To])
}

// legible is the score from which a zone counts as read at all: below, most of
// its characters are guesses.
const legible = -1

// Decode finds the format and the consecutive rows that make the most probable
// zone. Every line has exactly the format's length and at each place only what
// may stand there. It answers false when fewer than half of the check digits
// would hold or most characters would be guesses. Its only error is that of a
// context that ended; it is asked before each line is searched, which takes
// milliseconds.
func Decode(ctx context.Context, rows []Row, o Options) (Decoded, bool, error) {
	d := decoder{ctx: ctx, options: o, rows: rows, cache: map[cell]aligned{}}
	var best Decoded
	rank := -math.MaxFloat64
	for _, f := range Formats {
		for first := 0; first+f.Layout().Lines <= len(rows); first++ {
			if !d.fits(f, first) {
				continue
			}
			c, held, ok := d.window(f, first)
			if r := 4*held + c.Score; ok && held >= 0.5 && c.Score > legible && r > rank {
				best, rank = c, r
			}
		}
	}
	if err := ctx.Err(); err != nil { // formats may not have been tried
		return Decoded{}, false, err
	}
	return best, rank > -math.MaxFloat64, nil
}

// cell is a line of a format tried on a row.
type cell struct {
	format    Format
	line, row int
}

type decoder struct {
	ctx     context.Context // of the one call of Decode that it serves
	options Options
	rows    []Row
	cache   map[cell]aligned
}

// lengthTolerance is how far, relative to the length of a format's lines, the
// number of characters read freely in its fullest line may be from it. Lines of
// fillers are read as far fewer.
const lengthTolerance = 0.3

// fits leaves out formats whose lines are longer or shorter than the rows.
func (d *decoder) fits(f Format, first int) bool {
	l := f.Layout()
	most := 0
	for i := range l.Lines {
		for _, frames := range d.rows[first+i] {
			most = max(most, freely(frames))
		}
	}
	if math.Abs(float64(most-l.Width)) > lengthTolerance*float64(l.Width) {
		return false
	}
	return l.First != "V" || d.visa(f, first)
}

// visa reports whether a row rather begins with the V of visas than with the
// letters of other documents of that width.
func (d *decoder) visa(f Format, first int) bool {
	other := map[Format]Format{MRVA: TD3, MRVB: TD2}[f]
	return d.line(cell{f, 0, first}).score > d.line(cell{other, 0, first}).score
}

// freely counts the characters of the most probable step after step reading.
func freely(frames []Frame) int {
	n, last := 0, Blank
	for i := range frames {
		best := Blank
		for s, p := range frames[i] {
			if p > frames[i][best] {
				best = s
			}
		}
		if best != last && best != Blank {
			n++
		}
		last = best
	}
	return n
}

// window reads the rows from first on as a zone of the format and returns the
// share of check digits that hold.
func (d *decoder) window(f Format, first int) (Decoded, float64, bool) {
	l := f.Layout()
	draft := draft{layout: l, options: d.options}
	score, scores := 0.0, make([]float64, l.Lines)
	for i := range l.Lines {
		a := d.line(cell{f, i, first + i})
		if a.text == nil {
			return Decoded{}, 0, false
		}
		draft.lines = append(draft.lines, slices.Clone(a.text))
		draft.alternatives = append(draft.alternatives, a.alternatives)
		scores[i] = a.score
		score += a.score / float64(l.Lines)
	}
	draft.endName()
	draft.endOptional(Optional1)
	draft.endOptional(Optional2)
	draft.state(Issuer)
	d.nationality(f, first, &draft)
	draft.repair()
	z, err := Parse(draft.text(), d.options)
	if err != nil {
		return Decoded{}, 0, false
	}
	held := draft.holding()
	out := Decoded{Zone: z, First: first, Score: score, Scores: scores, Confidence: draft.confidence(), Corrections: draft.corrections}
	return out, float64(held) / float64(len(z.Checks)), true
}

// nationality reads the nationality: where it is none of a state, the line is
// read once more as if it were the issuer, which it mostly is. That counts when
// it is hardly less probable than the free reading.
func (d *decoder) nationality(f Format, first int, draft *draft) {
	r := draft.layout.Place(Nationality)
	issuer := string(draft.field(Issuer))
	if KnownState(bare(string(draft.field(Nationality))), d.options.Specimen) || !KnownState(bare(issuer), d.options.Specimen) {
		return
	}
	classes := slices.Clone(draft.layout.classes[r.Line])
	for i := range issuer {
		classes[r.From+i] = Class(issuer[i : i+1])
	}
	free := d.line(cell{f, r.Line, first + r.Line}).score
	for _, frames := range d.rows[first+r.Line] {
		if a := align(frames, classes); a.text != nil && (free-a.score)*float64(len(classes)) < -possible {
			draft.lines[r.Line], draft.alternatives[r.Line] = a.text, a.alternatives
			draft.corrections = append(draft.corrections, Correction{Nationality, r.Line, r.From, "", issuer})
			draft.endOptional(Optional2)
			return
		}
	}
	draft.state(Nationality)
}

// line reads a row as a line of a format, by the best of its crops; nothing
// once the context has ended.
func (d *decoder) line(c cell) aligned {
	if a, ok := d.cache[c]; ok {
		return a
	}
	best := aligned{score: math.Inf(-1)}
	for _, frames := range d.rows[c.row] {
		if d.ctx.Err() != nil {
			return aligned{score: math.Inf(-1)}
		}
		if a := align(frames, c.format.Layout().classes[c.line]); a.score > best.score {
			best = a
		}
	}
	d.cache[c] = best
	return best
}
