package idem

import (
	"fmt"
	"time"
)

// Sex is what a document or a personal number says about its holder.
type Sex string

// The sexes that documents know. Unspecified is a statement of the document;
// the empty Sex means that nothing is said at all.
const (
	Male        Sex = "M"
	Female      Sex = "F"
	Unspecified Sex = "X"
)

// Date is a day of the civil calendar as documents state it: without a time
// zone, and with 0 for a day, month or year that is not known.
type Date struct{ Year, Month, Day int }

// DateOf returns the day on which t falls in its own time zone.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, int(m), d}
}

// IsZero reports whether nothing is known.
func (d Date) IsZero() bool { return d == Date{} }

// Valid reports whether the known parts can be part of a calendar: a day needs
// its month and a month its year.
func (d Date) Valid() bool {
	switch {
	case d.Year < 0 || d.Year > 9999 || d.Month < 0 || d.Month > 12 || d.Day < 0:
		return false
	case d.Year == 0:
		return d.Month == 0 && d.Day == 0
	case d.Month == 0:
		return d.Day == 0
	}
	return d.Day <= time.Date(d.Year, time.Month(d.Month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// Complete reports whether d is one certain day.
func (d Date) Complete() bool { return d.Year > 0 && d.Month > 0 && d.Day > 0 && d.Valid() }

// Agrees reports whether d and other can be the same day: every part that both
// know is equal.
func (d Date) Agrees(other Date) bool {
	same := func(a, b int) bool { return a == 0 || b == 0 || a == b }
	return same(d.Year, other.Year) && same(d.Month, other.Month) && same(d.Day, other.Day)
}

// After reports whether d is certainly later than other.
func (d Date) After(other Date) bool {
	for _, p := range [][2]int{{d.Year, other.Year}, {d.Month, other.Month}, {d.Day, other.Day}} {
		if p[0] == 0 || p[1] == 0 {
			return false
		}
		if p[0] != p[1] {
			return p[0] > p[1]
		}
	}
	return false
}

// String renders what is known by ISO 8601: "1990-01-02", "1990-01", "1990" or
// nothing.
func (d Date) String() string {
	switch {
	case d.Year == 0:
		return ""
	case d.Month == 0:
		return fmt.Sprintf("%04d", d.Year)
	case d.Day == 0:
		return fmt.Sprintf("%04d-%02d", d.Year, d.Month)
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// MarshalText renders the date as String does.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Date) UnmarshalText(b []byte) error {
	var out Date
	for _, layout := range []struct {
		text string
		to   []*int
	}{{"%04d-%02d-%02d", []*int{&out.Year, &out.Month, &out.Day}}, {"%04d-%02d", []*int{&out.Year, &out.Month}}, {"%04d", []*int{&out.Year}}, {"", nil}} {
		out = Date{}
		args := make([]any, len(layout.to))
		for i, p := range layout.to {
			args[i] = p
		}
		if _, err := fmt.Sscanf(string(b), layout.text, args...); err == nil && out.Valid() && out.String() == string(b) {
			*d = out
			return nil
		}
	}
	return Errorf(Invalid, "DATE_INVALID", "a date is written 2006-01-02, 2006-01 or 2006")
}
