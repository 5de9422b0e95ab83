package mdl

import (
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/idem-id/idem"
)

// element returns an element of the licence's own namespace.
func (l *Licence) element(name string) cbor.RawMessage {
	for _, e := range l.Elements {
		if e.Namespace == Namespace && e.Name == name {
			return e.value
		}
	}
	return nil
}

// Has reports whether the licence states an element.
func (l *Licence) Has(name string) bool { return l.element(name) != nil }

// maxText bounds one value, in bytes.
const maxText = 1024

// Text returns a text element; empty when it is absent or no text.
func (l *Licence) Text(name string) string {
	var s string
	if raw := l.element(name); raw == nil || strict.Unmarshal(raw, &s) != nil || len(s) > maxText {
		return ""
	}
	return s
}

// Bytes returns a byte string element, such as the portrait.
func (l *Licence) Bytes(name string) []byte {
	var b []byte
	if raw := l.element(name); raw == nil || strict.Unmarshal(raw, &b) != nil {
		return nil
	}
	return b
}

// Date returns a date element: full-date (tag 1004) or a time (tag 0).
func (l *Licence) Date(name string) idem.Date {
	var tag cbor.RawTag
	var text string
	if raw := l.element(name); raw == nil || strict.Unmarshal(raw, &tag) != nil || strict.Unmarshal(tag.Content, &text) != nil {
		return idem.Date{}
	}
	for number, form := range map[uint64]string{1004: time.DateOnly, 0: time.RFC3339} {
		if t, err := time.Parse(form, text); err == nil && tag.Number == number {
			return idem.DateOf(t)
		}
	}
	return idem.Date{}
}

// Sex returns the element sex, which is coded by ISO/IEC 5218.
func (l *Licence) Sex() idem.Sex {
	var code int
	if raw := l.element("sex"); raw == nil || strict.Unmarshal(raw, &code) != nil {
		return ""
	}
	return map[int]idem.Sex{1: idem.Male, 2: idem.Female, 9: idem.Unspecified}[code]
}
