package personal

import (
	"maps"
	"slices"

	"github.com/idem-id/idem"
)

// Number is a personal number that holds.
type Number struct {
	Country string    // ISO 3166-1 alpha-3
	Value   string    // normalised
	Birth   idem.Date // zero when the number does not state it
	Sex     idem.Sex  // empty when the number does not state it
}

// The refusals. The detail "reason" of ErrInvalid is a Reason; neither holds
// the number.
var (
	ErrInvalid = idem.Errorf(idem.Unprocessable, "PERSONAL_NUMBER_INVALID", "the personal number is not valid")
	ErrCountry = idem.Errorf(idem.Unsupported, "PERSONAL_NUMBER_COUNTRY_UNKNOWN", "personal numbers of this country are not known")
)

// Reason says what is wrong with a number.
type Reason string

// The reasons, in the order in which they are looked for.
const (
	WrongLength    Reason = "length"
	WrongCharacter Reason = "character"
	WrongDate      Reason = "date"
	WrongCentury   Reason = "century"
	WrongDigit     Reason = "check_digit"
	// NeverIssued: no check digit exists for these digits, so no such number
	// was ever given out.
	NeverIssued Reason = "never_issued"
)

func invalid(r Reason) error { return ErrInvalid.With("reason", r) }

// scheme is how one country makes its numbers. Read gets exactly length
// characters, all of them digits but for what last allows at the end, and
// returns the first reason against the number, or none.
type scheme struct {
	length int
	last   string // characters beside digits that the last place may have
	read   func(n *Number) Reason
}

var schemes = map[string]scheme{
	"KAZ": {length: 12, read: kazakhstan},
	"POL": {length: 11, read: poland},
	"EST": {length: 11, read: baltic},
	"LTU": {length: 11, read: baltic},
	"ROU": {length: 13, read: romania},
	"CHN": {length: 18, last: "X", read: china},
	"TUR": {length: 11, read: turkey},
}

// Countries lists the countries whose numbers are known, by ISO 3166-1 alpha-3.
func Countries() []string { return slices.Sorted(maps.Keys(schemes)) }

// Read validates a number of a country and returns what it states. Only plain
// digits are taken, without blanks or separators. It refuses with ErrInvalid
// or ErrCountry.
func Read(country, number string) (Number, error) {
	s, ok := schemes[country]
	if !ok {
		return Number{}, ErrCountry
	}
	n := Number{Country: country, Value: number}
	if why := s.judge(&n); why != "" {
		return Number{}, invalid(why)
	}
	return n, nil
}

func (s scheme) judge(n *Number) Reason {
	if len(n.Value) != s.length {
		return WrongLength
	}
	for i, b := range []byte(n.Value) {
		extra := i == s.length-1 && s.last != "" && b == s.last[0]
		if !extra && (b < '0' || b > '9') {
			return WrongCharacter
		}
	}
	return s.read(n)
}

// Mismatch is a statement of a number that another source contradicts.
type Mismatch string

// The mismatches.
const (
	BirthDiffers Mismatch = "birth_date"
	SexDiffers   Mismatch = "sex"
)

// Mismatches compares what the number states with a date of birth and a sex
// from elsewhere. What either side leaves open contradicts nothing.
func (n Number) Mismatches(birth idem.Date, sex idem.Sex) []Mismatch {
	var out []Mismatch
	if !n.Birth.Agrees(birth) {
		out = append(out, BirthDiffers)
	}
	stated := func(s idem.Sex) bool { return s == idem.Male || s == idem.Female }
	if stated(n.Sex) && stated(sex) && n.Sex != sex {
		out = append(out, SexDiffers)
	}
	return out
}
