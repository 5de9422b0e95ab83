package mrz

import (
	"bytes"
	"math"
	"strings"
)

// draft is a zone between reading and parsing: what was read, with what else
// could stand at each place.
type draft struct {
	layout       *Layout
	options      Options
	lines        [][]byte
	alternatives [][][symbols]float64
	corrections  []Correction
}

func (d *draft) text() []string {
	out := make([]string, len(d.lines))
	for i, l := range d.lines {
		out[i] = string(l)
	}
	return out
}

// likelihood returns the logarithm of the probability that a place shows b.
func (d *draft) likelihood(line, column int, b byte) float64 {
	p, ok := Slot(b)
	if !ok {
		return math.Inf(-1)
	}
	return d.alternatives[line][column][p-1]
}

// confidence returns the probability of each character among those that may
// stand at its place.
func (d *draft) confidence() [][]float64 {
	out := make([][]float64, len(d.lines))
	for i, l := range d.lines {
		out[i] = make([]float64, len(l))
		for j, b := range l {
			sum := 0.0
			for _, l := range d.alternatives[i][j] {
				sum += math.Exp(l)
			}
			out[i][j] = math.Exp(d.likelihood(i, j, b)) / sum
		}
	}
	return out
}

func (d *draft) field(f Field) []byte {
	r := d.layout.Place(f)
	return d.lines[r.Line][r.From:r.To]
}

// misread are the letters that readers see in rows of fillers.
const misread = "<KCESX"

// endName makes the tail of the name field fillers: whatever follows three of
// them, and a tail that is half of them and otherwise of letters that readers
// see in them and are not sure of.
func (d *draft) endName() {
	name := d.field(Name)
	d.joinName(name)
	if i := bytes.Index(name, []byte("<<<")); i >= 0 {
		fill(name[i:])
		return
	}
	r := d.layout.Place(Name)
	fillers := 0
	for i := len(name) - 1; i > 0 && strings.IndexByte(misread, name[i]) >= 0; i-- {
		if name[i] == Filler {
			fillers++
		} else if d.likelihood(r.Line, r.From+i, name[i]) > sure {
			break
		}
		if n := len(name) - i; name[i] == Filler && n > 2 && 2*fillers >= n {
			fill(name[i:])
		}
	}
}

// joinName makes a lone filler between letters a K where the reader half
// thinks so: of the letters, K alone is taken for a filler.
func (d *draft) joinName(name []byte) {
	r := d.layout.Place(Name)
	for i := 1; i+1 < len(name); i++ {
		lone := name[i] == Filler && name[i-1] != Filler && name[i+1] != Filler
		at := r.From + i
		if k := d.likelihood(r.Line, at, 'K'); lone && k > halfSure && k > d.likelihood(r.Line, at, Filler)+halfAsMuch {
			name[i] = 'K'
		}
	}
}

// The logarithms of how probable a K must be where a filler was read, alone
// and against the filler.
var halfSure, halfAsMuch = math.Log(0.15), math.Log(0.6)

// sure is the logarithm of the probability from which a letter is no filler.
var sure = math.Log(0.9)

// endOptional makes a tail of fillers and of letters that readers see in them
// and are not sure of fillers, unless a check digit that held speaks against it.
// It cannot speak for a K, to which it is blind: amid fillers that is one.
func (d *draft) endOptional(f Field) {
	r := d.layout.Place(f)
	if r.Len() == 0 {
		return
	}
	text := d.field(f)
	from := len(text)
	for from > 0 && strings.IndexByte(misread, text[from-1]) >= 0 {
		b, amid := text[from-1], from > 1 && text[from-2] == Filler
		if b != Filler && !(b == 'K' && amid) && d.likelihood(r.Line, r.From+from-1, b) > sure {
			break
		}
		from--
	}
	before, was := d.holding(), bytes.Clone(text)
	if fill(text[from:]); d.holding() < before {
		copy(text, was)
	}
}

// holding counts the check digits that hold.
func (d *draft) holding() int {
	z, err := Parse(d.text(), d.options)
	if err != nil {
		return 0
	}
	n := 0
	for _, c := range z.Checks {
		if c.OK {
			n++
		}
	}
	return n
}

func fill(b []byte) {
	for i := range b {
		b[i] = Filler
	}
}

// state replaces a code that no state has by the only one of a state whose
// letters were all read or are second thoughts of the reader. A code that was
// read clearly stays as it is: it may be a state that the table does not know.
func (d *draft) state(f Field) {
	code := string(d.field(f))
	if KnownState(bare(code), d.options.Specimen) {
		return
	}
	states := States()
	if d.options.Specimen {
		states = append(states, specimenState)
	}
	var likely []string
	for _, s := range states {
		if s += strings.Repeat("<", 3-len(s)); d.mayMean(f, code, s) {
			likely = append(likely, s)
		}
	}
	if len(likely) != 1 {
		return
	}
	r := d.layout.Place(f)
	for i := range len(code) {
		d.correct(f, r.Line, r.From+i, likely[0][i])
	}
}

// mayMean reports whether the reader thought of each letter of a text in which
// it differs from what was read in the field.
func (d *draft) mayMean(f Field, read, text string) bool {
	r := d.layout.Place(f)
	for i := range len(read) {
		if text[i] != read[i] && d.likelihood(r.Line, r.From+i, text[i]) <= possible {
			return false
		}
	}
	return true
}

func (d *draft) correct(f Field, line, column int, to byte) {
	if from := d.lines[line][column]; from != to {
		d.corrections = append(d.corrections, Correction{f, line, column, string(from), string(to)})
		d.lines[line][column] = to
	}
}

// repair corrects a single character of a field whose check digit fails, when
// exactly one second thought of the reader, or exactly one look-alike, makes
// the field and the composite hold. The composite alone corrects nothing: one in
// ten readings of what it covers satisfies it.
func (d *draft) repair() {
	for i, c := range d.layout.Checks {
		z, err := Parse(d.text(), d.options)
		if err != nil || z.Checks[i].OK || c.Field == Composite {
			continue
		}
		over := append([]Range{c.At}, c.Over...)
		for _, others := range []func(line, column int) []byte{d.doubted, d.alike} {
			if line, column, to, ok := d.only(z, i, over, others); ok {
				d.correct(c.Field, line, column, to)
				break
			}
		}
	}
}

// only returns the one substitution in the ranges after which check i and the
// composite hold and no more rules are broken than before.
func (d *draft) only(before *Zone, i int, over []Range, others func(line, column int) []byte) (line, column int, to byte, ok bool) {
	found := 0
	for _, r := range over {
		for at := r.From; at < r.To; at++ {
			was := d.lines[r.Line][at]
			for _, b := range others(r.Line, at) {
				d.lines[r.Line][at] = b
				if z, err := Parse(d.text(), d.options); err == nil && z.Checks[i].OK && len(z.Faults) <= len(before.Faults) && compositeHolds(z) {
					line, column, to = r.Line, at, b
					found++
				}
			}
			d.lines[r.Line][at] = was
		}
	}
	return line, column, to, found == 1
}

func compositeHolds(z *Zone) bool {
	last := z.Checks[len(z.Checks)-1]
	return last.Field != Composite || last.OK
}

// possible is the logarithm of the probability from which a second thought of
// the reader counts.
var possible = math.Log(0.01)

// doubted returns what else the reader thought that a place may show.
func (d *draft) doubted(line, column int) []byte {
	var out []byte
	for _, b := range []byte(d.layout.ClassAt(line, column)) {
		if b != d.lines[line][column] && d.likelihood(line, column, b) > possible {
			out = append(out, b)
		}
	}
	return out
}

// alike returns the look-alike of a place's character that may stand there.
func (d *draft) alike(line, column int) []byte {
	for _, pair := range lookalikes {
		for i, b := range pair {
			other := pair[1-i]
			if b == d.lines[line][column] && d.layout.ClassAt(line, column).Has(other) {
				return []byte{other}
			}
		}
	}
	return nil
}
