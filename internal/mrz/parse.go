package mrz

import (
	"slices"
	"strings"
	"time"

	"github.com/idem-id/idem"
)

// ErrMalformed: the text is not a machine readable zone at all.
var ErrMalformed = idem.Errorf(idem.Unprocessable, "MRZ_MALFORMED", "this is not a machine readable zone of 3 lines of 30, 2 of 36 or 2 of 44 characters A-Z, 0-9 and <")

// Options say how a zone is to be understood.
type Options struct {
	// Now decides the century of two-digit years; the current time when zero.
	Now time.Time
	// Specimen admits the fictional state UTO.
	Specimen bool
}

// Record is what a zone states. Codes and numbers are without their fillers,
// names have blanks between their parts.
type Record struct {
	Format      Format
	Type        string // document code: P, ID, AC ...
	Issuer      string // issuing state or organisation: KAZ, D, UNO ...
	Number      string // in full, also where it goes on in the optional data
	Surname     string // primary identifier
	Given       string // secondary identifier
	Nationality string
	Birth       idem.Date
	Expiry      idem.Date
	Sex         idem.Sex
	Optional    [2]string // inner fillers are kept; the second is of TD1 only
}

// Check is one check digit. Given and Computed are single characters; Given is
// a filler where an empty field has none.
type Check struct {
	Field    Field
	Given    string
	Computed string
	OK       bool
}

// Reason is the stable code of a fault.
type Reason string

// The faults that a zone may have beside wrong check digits.
const (
	IllegalCharacter Reason = "illegal_character" // one that may not stand at its place
	UnknownState     Reason = "unknown_state"
	ImpossibleDate   Reason = "impossible_date"
	MissingName      Reason = "missing_name"
	MissingNumber    Reason = "missing_number"
)

// Fault is a field that breaks a rule.
type Fault struct {
	Field  Field
	Reason Reason
}

// Zone is a zone as it was read. Nothing in it was corrected.
type Zone struct {
	Record
	// NameCut reports that the names fill their field and may be cut short.
	NameCut bool
	Checks  []Check
	Faults  []Fault

	lines []string
}

// Valid reports whether every check digit holds and no field breaks a rule.
// Check digits cover neither names nor nationality, so a valid zone may still
// have been read wrongly there.
func (z *Zone) Valid() bool { return len(z.Failing()) == 0 }

// Failing lists the fields whose check digit is wrong or that break a rule,
// each once, in the order of the check digits and then of the faults.
func (z *Zone) Failing() []Field {
	var out []Field
	add := func(f Field) {
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	for _, c := range z.Checks {
		if !c.OK {
			add(c.Field)
		}
	}
	for _, f := range z.Faults {
		add(f.Field)
	}
	return out
}

// Lines returns the lines as they were given.
func (z *Zone) Lines() []string { return slices.Clone(z.lines) }

// Parse reads the lines of a zone. It refuses with ErrMalformed what is no
// zone by its shape and alphabet; all else that is wrong is in the result.
func Parse(lines []string, o Options) (*Zone, error) {
	f := formatOf(lines)
	if f == 0 {
		return nil, ErrMalformed
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	r := reader{Zone: &Zone{lines: slices.Clone(lines)}, layout: f.Layout(), today: idem.DateOf(o.Now)}
	r.Format = f
	r.grammar()
	r.identity(o.Specimen)
	r.dates()
	r.checks()
	return r.Zone, nil
}

// formatOf tells the format by shape, and visas by their first letter.
func formatOf(lines []string) Format {
	if len(lines) == 0 || len(lines) > 3 || lines[0] == "" {
		return 0
	}
	for _, line := range lines {
		if len(line) != len(lines[0]) || strings.ContainsFunc(line, foreign) {
			return 0
		}
	}
	visa := lines[0][0] == 'V'
	for _, f := range Formats {
		l := f.Layout()
		if l.Lines == len(lines) && l.Width == len(lines[0]) && (l.Lines == 3 || visa == (l.First == "V")) {
			return f
		}
	}
	return 0
}

func foreign(r rune) bool { return r > 127 || !Any.Has(byte(r)) }

// reader fills a zone from its lines.
type reader struct {
	*Zone
	layout *Layout
	today  idem.Date
}

func (r *reader) fault(f Field, why Reason) {
	if !slices.Contains(r.Faults, Fault{f, why}) {
		r.Faults = append(r.Faults, Fault{f, why})
	}
}

// raw returns a field with its fillers, nothing when the format has none.
func (r *reader) raw(f Field) string { return r.layout.Place(f).of(r.lines) }

// grammar reports the characters that may not stand where they do.
func (r *reader) grammar() {
	report := func(f Field, g Range) {
		for i := g.From; i < g.To; i++ {
			if !r.layout.ClassAt(g.Line, i).Has(r.lines[g.Line][i]) {
				r.fault(f, IllegalCharacter)
			}
		}
	}
	for _, p := range r.layout.Places {
		report(p.Field, p.Range)
	}
	for _, c := range r.layout.Checks {
		report(c.Field, c.At)
	}
}

func (r *reader) identity(specimen bool) {
	r.Type = bare(r.raw(DocumentType))
	r.Issuer, r.Nationality = bare(r.raw(Issuer)), bare(r.raw(Nationality))
	if !KnownState(r.Issuer, specimen) {
		r.fault(Issuer, UnknownState)
	}
	if !KnownState(r.Nationality, specimen) {
		r.fault(Nationality, UnknownState)
	}
	r.Number, r.Optional[0] = r.number()
	r.Optional[1] = bare(r.raw(Optional2))
	if r.Number == "" {
		r.fault(DocumentNumber, MissingNumber)
	}
	name := r.raw(Name)
	r.Surname, r.Given = names(name)
	r.NameCut = name[len(name)-1] != Filler
	if r.Surname == "" {
		r.fault(Name, MissingName)
	}
	r.Sex = map[string]idem.Sex{"M": idem.Male, "F": idem.Female, "<": idem.Unspecified}[r.raw(SexField)]
}

// bare removes the fillers at the end.
func bare(s string) string { return strings.TrimRight(s, "<") }

// names splits the name field at its first pair of fillers.
func names(field string) (surname, given string) {
	surname, given, _ = strings.Cut(bare(field), "<<")
	words := func(s string) string {
		return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == rune(Filler) }), " ")
	}
	return words(surname), words(given)
}

// number returns the document number and what is left of the optional data.
func (r *reader) number() (number, optional string) {
	number, optional = bare(r.raw(DocumentNumber)), bare(r.raw(Optional1))
	if rest, _, left, long := r.long(); long {
		return number + rest, bare(left)
	}
	return number, optional
}

// long finds the rest of a long document number: a filler stands for the check
// digit, and the optional data begins with the rest, its check digit and a
// filler.
func (r *reader) long() (rest, digit, left string, ok bool) {
	if !r.layout.Long || r.layout.Checks[0].At.of(r.lines) != "<" {
		return "", "", "", false
	}
	rest, left, _ = strings.Cut(r.raw(Optional1), "<")
	if len(rest) < 2 || strings.Contains(r.raw(DocumentNumber), "<") {
		return "", "", "", false
	}
	return rest[:len(rest)-1], rest[len(rest)-1:], left, true
}

func (r *reader) dates() {
	r.Birth = r.date(BirthDate, func(d idem.Date) bool { return d.After(r.today) })
	latest := r.today.Year + expiryYears
	r.Expiry = r.date(ExpiryDate, func(d idem.Date) bool { return d.Year > latest })
}

// expiryYears is how far ahead a date of expiry may be. Permanent documents
// of old people are the longest.
const expiryYears = 50

// date reads a date and gives it the latest century that is not beyond.
func (r *reader) date(f Field, beyond func(idem.Date) bool) idem.Date {
	raw := r.raw(f)
	if bare(raw) == "" {
		return idem.Date{}
	}
	d, ok := shortDate(raw)
	if !ok {
		r.fault(f, ImpossibleDate)
		return idem.Date{}
	}
	for d.Year += r.today.Year/100*100 + 100; beyond(d); {
		d.Year -= 100
	}
	if !d.Valid() {
		r.fault(f, ImpossibleDate)
		return idem.Date{}
	}
	return d
}

// shortDate reads YYMMDD, where fillers stand for an unknown day or for an
// unknown month and day. The year has no century.
func shortDate(s string) (idem.Date, bool) {
	var part [3]int
	for i := range part {
		two := s[2*i : 2*i+2]
		if two == "<<" && i > 0 {
			continue
		}
		if !Digit.Has(two[0]) || !Digit.Has(two[1]) || i == 2 && part[1] == 0 {
			return idem.Date{}, false
		}
		part[i] = int(two[0]-'0')*10 + int(two[1]-'0')
		if i > 0 && part[i] == 0 {
			return idem.Date{}, false
		}
	}
	return idem.Date{Year: part[0], Month: part[1], Day: part[2]}, true
}

func (r *reader) checks() {
	for _, c := range r.layout.Checks {
		given, want := c.At.of(r.lines), CheckDigit(covered(r.lines, c.Over)...)
		empty := given == "<" && want == '0' && c.Field == Optional1 && bare(r.raw(Optional1)) == ""
		if rest, digit, _, ok := r.long(); ok && c.Field == DocumentNumber {
			given, want = digit, CheckDigit(r.raw(DocumentNumber), rest)
		}
		r.Checks = append(r.Checks, Check{c.Field, given, string(want), given == string(want) || empty})
	}
}

func covered(lines []string, over []Range) []string {
	out := make([]string, len(over))
	for i, g := range over {
		out[i] = g.of(lines)
	}
	return out
}
