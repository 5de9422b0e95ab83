package barcode

import (
	"strconv"
	"strings"

	"github.com/idem-id/idem"
)

// ErrAAMVA: the text of a code is no AAMVA record.
var ErrAAMVA = idem.Errorf(idem.Unprocessable, "AAMVA_MALFORMED", "the code holds no AAMVA driving licence or identity card")

// Licence is what the record of a North American driving licence or identity
// card states, by the AAMVA card design standard, versions 1 to 10. What the
// record leaves out is empty.
type Licence struct {
	Version      int    // of the standard
	Issuer       string // six digits, the issuer identification number
	Document     string // DL or ID
	Country      string // USA or CAN
	Jurisdiction string // state or province, two letters
	Number       string
	Surname      string
	Given        string // all given names, with blanks between them
	Birth        idem.Date
	Expiry       idem.Date
	Issued       idem.Date
	Sex          idem.Sex
}

// ParseAAMVA reads the text of a PDF417 code. It refuses with ErrAAMVA what is
// no record; a date that does not exist is left out.
func ParseAAMVA(text string) (*Licence, error) {
	l, body, ok := aamvaHeader(text)
	if !ok {
		return nil, ErrAAMVA
	}
	e := elements(body, l)
	if len(e) == 0 || e["DAQ"] == "" {
		return nil, ErrAAMVA
	}
	l.Number, l.Country, l.Jurisdiction = e["DAQ"], e["DCG"], e["DAJ"]
	l.Surname, l.Given = e.names()
	l.Sex = e.sex()
	l.Birth, l.Expiry, l.Issued = l.date(e["DBB"]), l.date(e["DBA"]), l.date(e["DBD"])
	return l, nil
}

// designator is the length of a subfile's entry in the header: its type, its
// offset and its length.
const designator = 10

// aamvaHeader reads up to the subfiles: "@", three separators, "ANSI ", six
// digits of the issuer, two of the version, from version 2 on two of the
// issuer's own version, and the number of subfiles with their entries. Offsets
// are often wrong on real cards and are not used.
func aamvaHeader(text string) (*Licence, string, bool) {
	text, ok := strings.CutPrefix(text, "@")
	if !ok || len(text) > maxText {
		return nil, "", false
	}
	text = strings.TrimLeft(text, "\n\r\x1c\x1d\x1e")
	rest, ansi := strings.CutPrefix(text, "ANSI ")
	if !ansi {
		if rest, ok = strings.CutPrefix(text, "AAMVA"); !ok {
			return nil, "", false
		}
	}
	issuer, rest, ok1 := number(rest, 6)
	version, rest, ok2 := number(rest, 2)
	l := &Licence{Issuer: issuer}
	l.Version, _ = strconv.Atoi(version)
	if l.Version >= 2 {
		_, rest, _ = number(rest, 2)
	}
	entries, rest, ok3 := number(rest, 2)
	n, _ := strconv.Atoi(entries)
	if !ok1 || !ok2 || !ok3 || l.Version < 1 || n < 1 || len(rest) < n*designator {
		return nil, "", false
	}
	return l, rest[n*designator:], true
}

// number cuts n digits off.
func number(s string, n int) (digits, rest string, ok bool) {
	if len(s) < n || strings.Trim(s[:n], "0123456789") != "" {
		return "", s, false
	}
	return s[:n], s[n:], true
}

// record holds elements by their three letters.
type record map[string]string

// elements reads the first subfile of a licence or an identity card: its type,
// then a line for each element.
func elements(body string, l *Licence) record {
	for _, subfile := range strings.FieldsFunc(body, func(r rune) bool { return r == '\r' }) {
		subfile = strings.TrimLeft(subfile, "\n")
		for _, kind := range []string{"DL", "ID"} {
			if rest, ok := strings.CutPrefix(subfile, kind); ok {
				l.Document = kind
				return lines(rest)
			}
		}
	}
	return nil
}

func lines(text string) record {
	e := record{}
	for _, line := range strings.Split(text, "\n") {
		if len(line) < 3 || e[line[:3]] != "" {
			continue
		}
		switch value := strings.TrimSpace(line[3:]); value {
		case "NONE", "UNAVL", "unavl", "none":
		default:
			e[line[:3]] = value
		}
	}
	return e
}

// names knows the three ways in which versions write them: apart, given names
// joined by commas, and all in one.
func (e record) names() (surname, given string) {
	spaced := func(s string) string {
		return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }), " ")
	}
	surname, given = first(e["DCS"], e["DAB"]), strings.TrimSpace(first(e["DCT"], e["DAC"])+" "+e["DAD"])
	if surname == "" && given == "" {
		surname, given, _ = strings.Cut(e["DAA"], ",")
	}
	return spaced(surname), spaced(given)
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (e record) sex() idem.Sex {
	switch e["DBC"] {
	case "1", "M":
		return idem.Male
	case "2", "F":
		return idem.Female
	case "9", "X":
		return idem.Unspecified
	}
	return ""
}

// date reads eight digits in the order of the record's country: MMDDCCYY in
// the United States, CCYYMMDD in Canada and in version 1. Without a country
// only one of the two can be a date of our times.
func (l *Licence) date(s string) idem.Date {
	if digits, rest, ok := number(s, 8); !ok || rest != "" || digits == "" {
		return idem.Date{}
	}
	at := func(from, to int) int {
		n, _ := strconv.Atoi(s[from:to])
		return n
	}
	american := idem.Date{Year: at(4, 8), Month: at(0, 2), Day: at(2, 4)}
	canadian := idem.Date{Year: at(0, 4), Month: at(4, 6), Day: at(6, 8)}
	switch {
	case l.Country == "CAN", l.Country == "" && l.Version == 1:
		american = canadian
	case l.Country == "" && !plausible(american):
		american = canadian
	}
	if !plausible(american) {
		return idem.Date{}
	}
	return american
}

func plausible(d idem.Date) bool { return d.Complete() && d.Year >= 1850 && d.Year < 2200 }
