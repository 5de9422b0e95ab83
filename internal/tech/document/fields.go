package document

import (
	"cmp"
	"slices"
	"strings"

	"github.com/idem-id/idem/internal/mrz"
)

// named is a reading of one field.
type named struct {
	Name
	Reading
}

// zoneReadings are the fields of a sheet's zone that were read rather than
// guessed. A field whose check digit
// fails or that breaks a rule is at most half as sure as it was read.
func zoneReadings(s *sheet) []named {
	z := s.zone
	number, _ := z.PersonalNumber()
	failing := z.Failing()
	var out []named
	for _, f := range []struct {
		Name
		value string
		field mrz.Field
	}{
		{DocumentType, z.Type, mrz.DocumentType}, {Issuer, z.Issuer, mrz.Issuer}, {DocumentNumber, z.Number, mrz.DocumentNumber},
		{PersonalNumber, strings.Trim(number, "<"), mrz.Optional1}, {Surname, z.Surname, mrz.Name}, {GivenNames, z.Given, mrz.Name},
		{BirthDate, z.Birth.String(), mrz.BirthDate}, {Sex, string(z.Sex), mrz.SexField},
		{Nationality, z.Nationality, mrz.Nationality}, {ExpiryDate, z.Expiry.String(), mrz.ExpiryDate},
	} {
		c := z.FieldConfidence(f.field)
		if slices.Contains(failing, f.field) {
			c = min(c, 1) / 2
		}
		if f.value != "" && z.Legible(f.field) {
			out = append(out, named{f.Name, Reading{f.value, FromZone, s.page, c}})
		}
	}
	return out
}

// merged makes one field of the readings of each name: that of the most trusted
// source is chosen, and among several the surest. Agreement makes it surer, disagreement half as
// sure.
func merged(readings []named) []Field {
	var out []Field
	for _, n := range names {
		var own []Reading
		for _, r := range readings {
			if r.Name == n {
				own = append(own, r.Reading)
			}
		}
		if len(own) == 0 {
			continue
		}
		slices.SortStableFunc(own, func(a, b Reading) int {
			return cmp.Or(cmp.Compare(rank(a.Source), rank(b.Source)), cmp.Compare(b.Confidence, a.Confidence))
		})
		out = append(out, settled(n, own))
	}
	return out
}

func rank(s Source) int { return slices.Index([]Source{FromZone, FromBarcode, FromVisual}, s) }

func settled(n Name, own []Reading) Field {
	f := Field{Name: n, Reading: own[0], Others: own[1:], Agreed: true}
	doubt := 1 - f.Confidence
	for _, o := range f.Others {
		if same(n, f.Value, o.Value) {
			doubt *= 1 - o.Confidence
		} else {
			f.Agreed = false
		}
	}
	f.Confidence = 1 - doubt
	if !f.Agreed {
		f.Confidence /= 2
	}
	return f
}

// same reports whether two readings of a field mean the same.
func same(n Name, a, b string) bool {
	switch n {
	case Surname, GivenNames:
		return sameNames(a, b)
	case DocumentNumber, PersonalNumber:
		return alike(a) == alike(b)
	}
	return a == b
}

// sameNames compares names as zones write them, by any official spelling of
// Cyrillic ones; a name that was cut short in the zone agrees with the whole.
func sameNames(a, b string) bool {
	if mrz.Spells(a, b) || mrz.Spells(b, a) {
		return true
	}
	x, y := letters(a), letters(b)
	return x == y || min(len(x), len(y)) >= leastCut && (strings.HasPrefix(x, y) || strings.HasPrefix(y, x))
}

// leastCut is how many letters of a name are left when a zone cuts it.
const leastCut = 18

// letters returns a name in the letters of a zone, without anything between
// them.
func letters(name string) string {
	t, ok := mrz.Transliterate(name)
	if !ok {
		return ""
	}
	return strings.ReplaceAll(t, "<", "")
}

var digitsForLetters = strings.NewReplacer("O", "0", "Q", "0", "I", "1", "L", "1", "B", "8", "S", "5", "Z", "2", "G", "6")

// alike returns a number without what stands between its characters, with
// look-alikes as one.
func alike(number string) string {
	var b strings.Builder
	for _, r := range strings.ToUpper(number) {
		if r < 128 && r != '<' && mrz.Any.Has(byte(r)) {
			b.WriteRune(r)
		}
	}
	return digitsForLetters.Replace(b.String())
}
