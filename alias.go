package idem

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// AliasType is the kind of identifier that an Alias holds.
type AliasType string

// The alias types. SYSTEM_ID is made with the person and never changes.
const (
	AliasSystemID       AliasType = "SYSTEM_ID"
	AliasPhone          AliasType = "PHONE"
	AliasPersonalNumber AliasType = "PERSONAL_NUMBER"
	AliasDocumentNumber AliasType = "DOCUMENT_NUMBER"
	AliasCustom         AliasType = "CUSTOM"
)

// MaxAliasLength bounds an alias value, in characters, before normalisation.
const MaxAliasLength = 255

// Alias is one identifier of a person. Among the live persons of an
// organisation a pair of type and normalised value has one owner.
type Alias struct {
	ID        AliasID
	Person    PersonID
	Type      AliasType
	Value     string // as given, for display; personal data
	Norm      string // what uniqueness and search stand on; personal data
	Source    Source
	CreatedAt time.Time
}

// The refusals of aliases.
var (
	ErrAliasNotFound   = Errorf(NotFound, "ALIAS_NOT_FOUND", "no such alias")
	ErrAliasConflict   = Errorf(Conflict, "ALIAS_CONFLICT", "the alias belongs to another person")
	ErrAliasDuplicate  = Errorf(Conflict, "ALIAS_DUPLICATE", "the same alias is given twice")
	ErrAliasType       = Errorf(Unprocessable, "ALIAS_TYPE_NOT_ALLOWED", "the alias type is not allowed here")
	ErrAliasValue      = Errorf(Unprocessable, "ALIAS_VALUE_INVALID", "the alias value is not valid for its type")
	ErrSystemAlias     = Errorf(Conflict, "SYSTEM_ALIAS_PROTECTED", "a SYSTEM_ID alias cannot be changed")
	ErrRestoreConflict = Errorf(Conflict, "RESTORE_CONFLICT", "an alias of the person belongs to another person now")
)

// ParseAliasType reads a type in any letter case.
func ParseAliasType(text string) (AliasType, error) {
	switch t := AliasType(strings.ToUpper(text)); t {
	case AliasSystemID, AliasPhone, AliasPersonalNumber, AliasDocumentNumber, AliasCustom:
		return t, nil
	}
	return "", ErrAliasType
}

// Normalise brings a value into the form that uniqueness and search stand on:
// trimmed, Unicode NFKC, then by type. PHONE becomes E.164; PERSONAL_NUMBER and
// DOCUMENT_NUMBER lose spaces and hyphens and become upper case; CUSTOM keeps
// its case; SYSTEM_ID must be a UUID. The error is ErrAliasValue.
func (s Settings) Normalise(t AliasType, value string) (string, error) {
	if !utf8.ValidString(value) || utf8.RuneCountInString(value) > MaxAliasLength || hasControl(value) {
		return "", ErrAliasValue
	}
	text := strings.TrimSpace(norm.NFKC.String(value))
	if text == "" {
		return "", ErrAliasValue
	}
	switch t {
	case AliasPhone:
		return s.phone(text)
	case AliasPersonalNumber:
		return s.personalNumber(text)
	case AliasDocumentNumber:
		return compact(text)
	case AliasSystemID:
		return systemID(text)
	case AliasCustom:
		return text, nil
	}
	return "", ErrAliasType
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

func systemID(text string) (string, error) {
	id, ok := ParseID(text)
	if !ok {
		return "", ErrAliasValue
	}
	return id, nil
}

// phone follows E.164: at most 15 digits behind the plus. The trunk form
// 8XXXXXXXXXX of the +7 numbering plan is understood everywhere.
func (s Settings) phone(text string) (string, error) {
	digits := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "").Replace(text)
	international := false
	if rest, ok := strings.CutPrefix(digits, "+"); ok {
		digits, international = rest, true
	} else if rest, ok := strings.CutPrefix(digits, "00"); ok {
		digits, international = rest, true
	}
	if !isDigits(digits) {
		return "", ErrAliasValue
	}
	switch {
	case international:
	case len(digits) == 11 && digits[0] == '8':
		digits = "7" + digits[1:]
	case len(digits) == 10:
		digits = s.PhonePrefix + digits
	}
	if len(digits) < 7 || len(digits) > 15 {
		return "", ErrAliasValue
	}
	return "+" + digits, nil
}

func (s Settings) personalNumber(text string) (string, error) {
	number, err := compact(text)
	if err != nil {
		return "", err
	}
	if s.Country == "KZ" && len(number) == 12 && isDigits(number) && !ValidIIN(number) {
		return "", ErrAliasValue
	}
	return number, nil
}

// compact composes once more at the end: what a blank stood between may join.
func compact(text string) (string, error) {
	out := strings.ToUpper(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' {
			return -1
		}
		return r
	}, text))
	if out == "" {
		return "", ErrAliasValue
	}
	return norm.NFKC.String(out), nil
}

// ValidIIN checks the last digit of a Kazakhstan individual identification
// number of twelve digits.
func ValidIIN(iin string) bool {
	if len(iin) != 12 || !isDigits(iin) {
		return false
	}
	digit, ok := IINCheckDigit(iin[:11])
	return ok && iin[11] == digit
}

// IINCheckDigit computes the last digit of a Kazakhstan individual
// identification number from the eleven before it: weights 1..11 modulo 11, on
// a remainder of ten the weights 3..11,1,2. It is false when that is ten again:
// no such number is issued.
func IINCheckDigit(head string) (digit byte, ok bool) {
	rest := iinRemainder(head, 0)
	if rest == 10 {
		rest = iinRemainder(head, 2)
	}
	return '0' + byte(rest), rest < 10
}

func iinRemainder(head string, shift int) int {
	sum := 0
	for i := range 11 {
		weight := (i+shift)%11 + 1
		sum += weight * int(head[i]-'0')
	}
	return sum % 11
}

// Mask keeps the last four characters of a value longer than eight and hides
// short values wholly.
func Mask(value string) string {
	runes := []rune(value)
	if len(runes) <= 8 {
		return strings.Repeat("*", len(runes))
	}
	return strings.Repeat("*", len(runes)-4) + string(runes[len(runes)-4:])
}
