package mrz

import "math"

// aligned is the most probable text of exactly one character per place.
type aligned struct {
	text         []byte
	alternatives [][symbols]float64 // by place: logarithm of each character's probability
	score        float64            // mean logarithm per place
}

// floor is the probability of what the reader holds impossible.
const floor = 1e-6

// lookalikes are a digit and the letter that print and readers confuse it with.
var lookalikes = [][2]byte{{'0', 'O'}, {'1', 'I'}, {'8', 'B'}, {'5', 'S'}, {'2', 'Z'}, {'6', 'G'}}

// How much of a look-alike's probability counts for the character that alone
// may stand at a place. Readers that know language turn letters into digits
// less readily than the other way round; more than this little spoils names.
const (
	digitAsLetter = 0.03
	letterAsDigit = 0.8
)

// emissions returns the logarithms of the probabilities of a step at places of
// a class; what may not stand there is -Inf.
func emissions(f *Frame, c Class) (e [symbols]float32) {
	p := *f
	for _, pair := range lookalikes {
		digit, _ := Slot(pair[0])
		letter, _ := Slot(pair[1])
		switch d, l := c.Has(pair[0]), c.Has(pair[1]); {
		case l && !d:
			p[letter] += digitAsLetter * f[digit]
		case d && !l:
			p[digit] += letterAsDigit * f[letter]
		}
	}
	for s := range e {
		e[s] = float32(math.Inf(-1))
		if c.Has(Any[s]) {
			e[s] = float32(math.Log(float64(p[1+s]) + floor))
		}
	}
	return e
}

// lattice searches the paths through (step, characters so far, last
// character), as connectionist temporal classification reads them: a
// character lasts for any number of steps, and between two equal ones lies a
// blank.
type lattice struct {
	places  int
	steps   int
	shown   [][symbols]float32 // by place: best path that shows its character now
	blank   []float32          // by number of characters so far: best path that shows none
	top     []ranking          // of shown, by place
	from    []uint8            // step, place, symbol: where the path came from
	rest    []uint8            // step, count: the symbol before the blank, or stay
	classes []Class
}

// Where a path comes from: a symbol of the place before, its blank, or itself.
const (
	fromBlank = uint8(symbols)
	stay      = uint8(symbols + 1)
)

// ranking is the best symbol of a place and the second best's score.
type ranking struct {
	best          uint8
	first, second float32
	next          uint8
}

var never = float32(math.Inf(-1))

// align finds the best path of exactly len(classes) characters; its text is
// nil when the steps are too few.
func align(frames []Frame, classes []Class) aligned {
	if len(frames) < len(classes) {
		return aligned{score: math.Inf(-1)}
	}
	n := len(classes)
	l := &lattice{
		places: n, steps: len(frames), classes: classes,
		shown: make([][symbols]float32, n), blank: make([]float32, n+1), top: make([]ranking, n),
		from: make([]uint8, len(frames)*n*symbols), rest: make([]uint8, len(frames)*(n+1)),
	}
	for i := range l.shown {
		for s := range l.shown[i] {
			l.shown[i][s] = never
		}
		l.blank[i+1] = never
		l.top[i] = ranking{first: never, second: never}
	}
	emitted := make([]map[Class]*[symbols]float32, len(frames))
	for t := range frames {
		emitted[t] = l.step(t, &frames[t])
	}
	return l.trace(emitted)
}

// step takes the paths over one more frame. Places are visited from the last
// to the first, so that each still finds the state before the step at the
// place before it.
func (l *lattice) step(t int, f *Frame) map[Class]*[symbols]float32 {
	by := map[Class]*[symbols]float32{}
	for _, c := range l.classes {
		if by[c] == nil {
			e := emissions(f, c)
			by[c] = &e
		}
	}
	none := float32(math.Log(float64(f[Blank]) + floor))
	for n := min(t+1, l.places); n >= 0; n-- {
		l.rests(t, n, none)
		if n > 0 {
			l.shows(t, n-1, by[l.classes[n-1]])
		}
	}
	return by
}

// rests updates the paths with n characters that show none now. It must run
// before the place n-1 is updated.
func (l *lattice) rests(t, n int, none float32) {
	back := &l.rest[t*(l.places+1)+n]
	best := l.blank[n]
	*back = stay
	if n > 0 && l.top[n-1].first > best {
		best, *back = l.top[n-1].first, l.top[n-1].best
	}
	l.blank[n] = best + none
}

// shows updates the paths whose last character stands at the place. The blank
// of as many characters as the place's index must not be updated yet.
func (l *lattice) shows(t, place int, e *[symbols]float32) {
	before := ranking{first: never, second: never}
	if place > 0 {
		before = l.top[place-1]
	}
	rest := l.blank[place]
	back := l.from[(t*l.places+place)*symbols:][:symbols]
	now := &l.shown[place]
	r := ranking{first: never, second: never}
	for s := range uint8(symbols) {
		if e[s] == never {
			continue
		}
		best, from := now[s], stay
		if rest > best {
			best, from = rest, fromBlank
		}
		if v, other := before.without(s); v > best {
			best, from = v, other
		}
		best += e[s]
		now[s], back[s] = best, from
		r.add(s, best)
	}
	l.top[place] = r
}

// without returns the best score of another symbol than s.
func (r *ranking) without(s uint8) (float32, uint8) {
	if r.best != s {
		return r.first, r.best
	}
	return r.second, r.next
}

func (r *ranking) add(s uint8, v float32) {
	switch {
	case v > r.first:
		r.second, r.next = r.first, r.best
		r.first, r.best = v, s
	case v > r.second:
		r.second, r.next = v, s
	}
}

// trace follows the best path back and reads the alternatives of each place
// from the steps that show it.
func (l *lattice) trace(emitted []map[Class]*[symbols]float32) aligned {
	end := l.top[l.places-1]
	score, place, resting := end.first, l.places-1, false
	if l.blank[l.places] > score {
		score, resting = l.blank[l.places], true
	}
	a := aligned{text: make([]byte, l.places), alternatives: make([][symbols]float64, l.places), score: float64(score) / float64(l.places)}
	if math.IsInf(a.score, -1) {
		return aligned{score: a.score}
	}
	for i := range a.alternatives {
		for s := range a.alternatives[i] {
			a.alternatives[i][s] = math.Inf(-1)
		}
	}
	symbol := end.best
	for t := l.steps - 1; t >= 0; t-- {
		if resting {
			if from := l.rest[t*(l.places+1)+place+1]; from != stay {
				symbol, resting = from, false
			}
			continue
		}
		a.text[place] = Any[symbol]
		for s, v := range emitted[t][l.classes[place]] {
			a.alternatives[place][s] = max(a.alternatives[place][s], float64(v))
		}
		switch from := l.from[(t*l.places+place)*symbols+int(symbol)]; from {
		case stay:
		case fromBlank:
			place, resting = place-1, true
		default:
			place, symbol = place-1, from
		}
	}
	return a
}
