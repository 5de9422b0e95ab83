package mrz

import (
	"strings"

	"github.com/idem-id/idem"
)

// unwritable is the refusal of a record that its format cannot hold.
func unwritable(f Field) error {
	return idem.Errorf(idem.Invalid, "MRZ_UNWRITABLE", "the value cannot be written into its field").At(string(f))
}

// Compose writes the lines of a record with their check digits. Names are
// transliterated and cut when they are too long; everything else must fit as
// it is, or the record is refused with MRZ_UNWRITABLE, which names the field.
func Compose(r Record) ([]string, error) {
	if r.Format < TD1 || r.Format > MRVB {
		return nil, unwritable(DocumentType)
	}
	w := writer{layout: r.Format.Layout()}
	for range w.layout.Lines {
		w.lines = append(w.lines, []byte(strings.Repeat("<", w.layout.Width)))
	}
	name, ok := nameField(r.Surname, r.Given, w.layout.Place(Name).Len())
	if !ok {
		return nil, unwritable(Name)
	}
	w.put(DocumentType, r.Type)
	w.put(Issuer, r.Issuer)
	w.put(Name, name)
	w.put(Nationality, r.Nationality)
	w.put(BirthDate, short(r.Birth))
	w.put(ExpiryDate, short(r.Expiry))
	w.put(SexField, map[idem.Sex]string{idem.Male: "M", idem.Female: "F"}[r.Sex])
	w.put(Optional2, r.Optional[1])
	long := w.number(r)
	w.checks(long)
	return w.done()
}

type writer struct {
	layout *Layout
	lines  [][]byte
	err    error
}

// put writes a field; a value that does not fit is remembered as the error.
func (w *writer) put(f Field, value string) {
	p := w.layout.Place(f)
	if len(value) > p.Len() {
		w.err = unwritable(f)
		return
	}
	for i := range len(value) {
		if !w.layout.ClassAt(p.Line, p.From+i).Has(value[i]) {
			w.err = unwritable(f)
		}
	}
	copy(w.lines[p.Line][p.From:], value)
}

// number writes the document number and the optional data, and reports whether
// the number goes on there, where a filler would end it.
func (w *writer) number(r Record) (long bool) {
	n := w.layout.Place(DocumentNumber).Len()
	if len(r.Number) <= n || !w.layout.Long {
		w.put(DocumentNumber, r.Number)
		w.put(Optional1, r.Optional[0])
		return false
	}
	if strings.Contains(r.Number, "<") {
		w.err = unwritable(DocumentNumber)
		return true
	}
	w.put(DocumentNumber, r.Number[:n])
	w.put(Optional1, strings.TrimRight(r.Number[n:]+string(CheckDigit(r.Number))+"<"+r.Optional[0], "<"))
	return true
}

func (w *writer) checks(long bool) {
	for _, c := range w.layout.Checks {
		if long && c.Field == DocumentNumber {
			continue
		}
		w.lines[c.At.Line][c.At.From] = CheckDigit(covered(w.text(), c.Over)...)
	}
}

func (w *writer) text() []string {
	out := make([]string, len(w.lines))
	for i, line := range w.lines {
		out[i] = string(line)
	}
	return out
}

func (w *writer) done() ([]string, error) {
	if w.err != nil {
		return nil, w.err
	}
	return w.text(), nil
}

// short writes a date as YYMMDD with fillers for what is not known.
func short(d idem.Date) string {
	if d.IsZero() {
		return "<<<<<<"
	}
	two := func(n int, known bool) string {
		if !known {
			return "<<"
		}
		return string([]byte{'0' + byte(n/10), '0' + byte(n%10)})
	}
	return two(d.Year%100, true) + two(d.Month, d.Month > 0) + two(d.Day, d.Day > 0)
}

// nameField joins the names; when they are too long the given names are cut
// first, down to their first letter.
func nameField(surname, given string, width int) (string, bool) {
	primary, ok1 := Transliterate(surname)
	secondary, ok2 := Transliterate(given)
	if !ok1 || !ok2 || primary == "" {
		return "", false
	}
	if secondary == "" {
		return primary[:min(len(primary), width)], true
	}
	if most := width - 3; len(primary) > most {
		primary = strings.TrimRight(primary[:most], "<")
	}
	full := primary + "<<" + secondary
	return full[:min(len(full), width)], true
}
