package idem_test

import (
	"testing"
	"time"

	"github.com/idem-id/idem"
)

func TestDateKnowsTheCalendar(t *testing.T) {
	for _, d := range []idem.Date{{}, {Year: 1990}, {Year: 1990, Month: 2}, {Year: 2000, Month: 2, Day: 29}, {Year: 1999, Month: 12, Day: 31}} {
		if !d.Valid() {
			t.Errorf("%+v is not valid", d)
		}
	}
	for _, d := range []idem.Date{{Month: 1}, {Year: 1990, Day: 3}, {Year: 1900, Month: 2, Day: 29}, {Year: 2001, Month: 13}, {Year: 2001, Month: 4, Day: 31}, {Year: -1}, {Year: 10000}} {
		if d.Valid() {
			t.Errorf("%+v is valid", d)
		}
	}
}

func TestDateComparesWhatIsKnown(t *testing.T) {
	day := idem.DateOf(time.Date(2026, 11, 22, 23, 59, 0, 0, time.UTC))
	for _, c := range []struct {
		d             idem.Date
		after, agrees bool
	}{
		{idem.Date{Year: 2026, Month: 11, Day: 23}, true, false},
		{idem.Date{Year: 2027}, true, false},
		{idem.Date{Year: 2026}, false, true},
		{idem.Date{Year: 2026, Month: 12}, true, false},
		{idem.Date{Year: 2026, Month: 11}, false, true},
		{day, false, true},
		{idem.Date{}, false, true},
		{idem.Date{Year: 1926, Month: 12, Day: 31}, false, false},
	} {
		if c.d.After(day) != c.after || c.d.Agrees(day) != c.agrees {
			t.Errorf("%v: after %v, agrees %v", c.d, c.d.After(day), c.d.Agrees(day))
		}
	}
}

func TestDateTextRoundTrips(t *testing.T) {
	for _, s := range []string{"", "1990", "1990-01", "1990-01-02", "0007-12-31"} {
		var d idem.Date
		if err := d.UnmarshalText([]byte(s)); err != nil || d.String() != s {
			t.Errorf("%q: %v, %v", s, d, err)
		}
	}
	for _, s := range []string{"19", "1990-13", "1990-02-30", "1990-1-2", "1990-01-02x", "x", "1990-", " 1990"} {
		if err := new(idem.Date).UnmarshalText([]byte(s)); idem.CodeOf(err) != "DATE_INVALID" {
			t.Errorf("%q: %v", s, err)
		}
	}
}
