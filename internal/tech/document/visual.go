package document

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/mrz"
	"github.com/idem-id/idem/internal/tech/document/ocr"
)

// maxLines is how many lines of a page are read.
const maxLines = 60

// readText reads the lines of the visual zone.
func (s *sheet) readText(ctx context.Context) error {
	for _, q := range longest(s.boxes, maxLines) {
		if s.inZone(q) {
			continue
		}
		l, err := s.read(ctx, q)
		if err != nil {
			return err
		}
		if l.Text != "" {
			s.text = append(s.text, l)
		}
	}
	return nil
}

// inZone reports whether a box is a part of the zone's rows.
func (s *sheet) inZone(q ocr.Quad) bool {
	if s.zone == nil {
		return false
	}
	return slices.ContainsFunc(s.zone.rows, func(row ocr.Quad) bool {
		u := row.Axis()
		d := q.Centre().Sub(row.Centre())
		return math.Abs(d.Dot(u)) < row.Width()/2 && math.Abs(d.Dot(ocr.Point{X: -u.Y, Y: u.X})) < row.Height()/2
	})
}

// claims are what a source other than the visual zone says of a document.
type claims struct {
	values     map[Name]string
	monthFirst bool // the document's dates begin with the month
}

// claimsOf returns what the zone says, else what the licence's code does.
func claimsOf(r *Result) claims {
	if z := r.Zone; z != nil {
		number, _ := z.PersonalNumber()
		return claims{map[Name]string{BirthDate: z.Birth.String(), ExpiryDate: z.Expiry.String(), DocumentNumber: z.Number, PersonalNumber: number,
			Surname: z.Surname, GivenNames: z.Given}, false}
	}
	c := claims{map[Name]string{}, r.Licence != nil && r.Licence.Country == "USA"}
	for _, n := range licenceReadings(r.Licence, 0) {
		c.values[n.Name] = n.Value
	}
	return c
}

// visualReadings are the fields that the visual zone shows: those that a label
// names, and those that another source states, found by what they say.
func (s *sheet) visualReadings(c claims) []named {
	out := s.labelled(c.monthFirst)
	add := func(n Name, value string, l ocr.Line) {
		has := slices.ContainsFunc(out, func(o named) bool { return o.Name == n })
		if value != "" && !has {
			out = append(out, named{n, Reading{value, FromVisual, s.page, l.Confidence}})
		}
	}
	for _, l := range s.text {
		for _, d := range dates(l.Text, c.monthFirst) {
			for _, n := range []Name{BirthDate, ExpiryDate} {
				if d.String() == c.values[n] {
					add(n, d.String(), l)
				}
			}
		}
		for _, n := range []Name{DocumentNumber, PersonalNumber} {
			if want := alike(c.values[n]); len(want) >= 5 && strings.Contains(alike(l.Text), want) {
				add(n, c.values[n], l)
			}
		}
	}
	for _, n := range []Name{Surname, GivenNames} {
		value, l := s.nearestName(c.values[n])
		add(n, value, l)
	}
	return out
}

// sureLine is the confidence from which a line may contradict the zone.
const sureLine = 0.9

// nearestName returns the words of the visual zone that come nearest to a
// name: equal ones, else ones that differ in a few letters and were read with
// confidence.
func (s *sheet) nearestName(name string) (string, ocr.Line) {
	want := letters(name)
	if want == "" {
		return "", ocr.Line{}
	}
	best, at, from := len(want)/4+1, "", ocr.Line{}
	for _, l := range s.readings() {
		words := strings.FieldsFunc(l.Text, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '-' })
		for i := range words {
			for j := i + 1; j <= min(len(words), i+len(strings.Fields(name))+1); j++ {
				text := strings.Join(words[i:j], " ")
				d := distance(letters(text), want)
				if mrz.Spells(name, text) {
					d = 0
				}
				if d < best && (d == 0 || l.Confidence >= sureLine && len(want) > 3) {
					best, at, from = d, text, l
				}
			}
		}
	}
	return at, from
}

// distance is how many letters must be changed, put in or left out.
func distance(one, other string) int {
	a, b := []rune(one), []rune(other)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}

var numericDate = regexp.MustCompile(`(?:^|\D)(\d{2})[./ -](\d{2})[./ -](\d{4}|\d{2})(?:\D|$)|(?:^|\D)(\d{4})[./-](\d{2})[./-](\d{2})(?:\D|$)`)

// dates returns the days that a line names in figures: day first, month first
// where that is the custom, or year first. A year of two digits is left out.
func dates(text string, monthFirst bool) []idem.Date {
	var out []idem.Date
	for _, m := range numericDate.FindAllStringSubmatch(text, -1) {
		n := make([]int, len(m))
		for i, g := range m {
			n[i], _ = strconv.Atoi(g)
		}
		d := idem.Date{Year: n[3], Month: n[2], Day: n[1]}
		if monthFirst {
			d.Month, d.Day = d.Day, d.Month
		}
		if m[4] != "" {
			d = idem.Date{Year: n[4], Month: n[5], Day: n[6]}
		}
		if d.Year > 1800 && d.Complete() {
			out = append(out, d)
		}
	}
	return out
}

//go:embed labels.json
var labelFile []byte

// labels are what documents print beside their fields.
var labels = func() map[Name][]string {
	var m map[Name][]string
	if err := json.Unmarshal(labelFile, &m); err != nil {
		panic(err) // the file is part of the program
	}
	return m
}()

// labelled returns the fields that stand behind or below their label.
func (s *sheet) labelled(monthFirst bool) []named {
	var out []named
	for _, l := range s.text {
		n, rest, ok := label(l.Text)
		if !ok {
			continue
		}
		from := l
		if rest == "" {
			if from, ok = s.below(l); !ok {
				continue
			}
			from = s.valueUnder(l, from)
			rest = from.Text
		}
		if value, ok := fieldValue(n, rest, monthFirst); ok && from.Confidence >= sureLine {
			out = append(out, named{n, Reading{value, FromVisual, s.page, from.Confidence}})
		}
	}
	return out
}

// label returns the field that a line begins to name, in one language or in
// several, and what follows.
func label(text string) (Name, string, bool) {
	plain := compact(text)
	var found Name
	longest := 0
	for n, all := range labels {
		used := 0
		for more := 1; more > 0; used += more {
			more = longestPrefix(plain[used:], all)
		}
		if used > longest && !unicode.IsLetter(first(plain[used:])) {
			found, longest = n, used
		}
	}
	if longest > 0 {
		return found, after(text, plain[:longest]), true
	}
	n, ok := nearLabel(plain)
	return n, "", ok
}

// longestPrefix returns how many bytes of a text are the longest label that it
// begins with.
func longestPrefix(plain string, all []string) int {
	n := 0
	for _, l := range all {
		if c := compact(l); len(c) > n && strings.HasPrefix(plain, c) {
			n = len(c)
		}
	}
	return n
}

// leastLabel is how many letters a label of two languages needs to be known in
// spite of slips, one in six letters.
const leastLabel = 9

// nearLabel returns the field whose label in two languages a line nearly is.
// Which field a value belongs to may be read with slips, the value may not.
func nearLabel(plain string) (Name, bool) {
	n := utf8.RuneCountInString(plain)
	if n < leastLabel {
		return "", false
	}
	for _, name := range names {
		for _, a := range labels[name] {
			for _, b := range labels[name] {
				if a != b && distance(plain, compact(a)+compact(b)) <= n/6 {
					return name, true
				}
			}
		}
	}
	return "", false
}

func first(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

// compact returns the letters and digits of a text in lower case.
func compact(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
}

// after returns what stands behind the letters of prefix in text.
func after(text, prefix string) string {
	for i := range text {
		if compact(text[:i]) == prefix {
			return strings.TrimLeft(text[i:], " .:;,/-")
		}
	}
	return ""
}

// below returns the line that begins under another.
func (s *sheet) below(label ocr.Line) (ocr.Line, bool) {
	u := label.Axis()
	v := ocr.Point{X: -u.Y, Y: u.X}
	var found []ocr.Line
	down := func(l ocr.Line) float64 { return l.Centre().Sub(label.Centre()).Dot(v) / label.Height() }
	for _, l := range s.text {
		if d := down(l); d > 0.4 && d < 3 && math.Abs(l.Quad[0].Sub(label.Quad[0]).Dot(u)) < 2*label.Height() {
			found = append(found, l)
		}
	}
	if len(found) == 0 {
		return ocr.Line{}, false
	}
	return slices.MinFunc(found, func(a, b ocr.Line) int { return cmp.Compare(down(a), down(b)) }), true
}

// fieldValue returns the text as a value of the field; false when it cannot
// be one.
func fieldValue(n Name, text string, monthFirst bool) (string, bool) {
	switch n {
	case BirthDate, ExpiryDate:
		if d := dates(text, monthFirst); len(d) == 1 {
			return d[0].String(), true
		}
		return "", false
	case DocumentNumber, PersonalNumber:
		number := strings.ToUpper(strings.Join(strings.Fields(text), ""))
		return number, numberShape.MatchString(number)
	}
	_, ok := mrz.Transliterate(text)
	return text, ok && len(letters(text)) > 1 && !strings.ContainsFunc(text, unicode.IsDigit)
}

var numberShape = regexp.MustCompile(`^[A-Z]{0,3}[0-9][A-Z0-9-]{3,17}$`)
