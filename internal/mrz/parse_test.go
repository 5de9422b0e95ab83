package mrz_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/mrz"
)

// The specimens are the examples of ICAO Doc 9303.
var (
	passport = []string{
		"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
		"L898902C36UTO7408122F1204159ZE184226B<<<<<10"}
	card = []string{
		"I<UTOD231458907<<<<<<<<<<<<<<<",
		"7408122F1204159UTO<<<<<<<<<<<6",
		"ERIKSSON<<ANNA<MARIA<<<<<<<<<<"}
	larger = []string{
		"I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<",
		"D231458907UTO7408122F1204159<<<<<<<6"}
	visaA = []string{
		"V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
		"L8988901C4XXX4009078F96121096ZE184226B<<<<<<"}
	visaB = []string{
		"V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<",
		"L8988901C4XXX4009078F9612109<<<<<<<<"}
	longNumber = []string{
		"I<UTOD23145890<7349<<<<<<<<<<<",
		"3407127M9507122UTO<<<<<<<<<<<2",
		"STEVENSON<<PETER<JOHN<<<<<<<<<"}
)

var specimen = mrz.Options{Now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), Specimen: true}

func parse(t *testing.T, lines []string, o mrz.Options) *mrz.Zone {
	t.Helper()
	z, err := mrz.Parse(lines, o)
	if err != nil {
		t.Fatalf("Parse(%q): %v", lines, err)
	}
	return z
}

func TestParseReadsEveryFormat(t *testing.T) {
	anna := mrz.Record{Type: "I", Issuer: "UTO", Number: "D23145890", Surname: "ERIKSSON", Given: "ANNA MARIA", Nationality: "UTO",
		Birth: idem.Date{Year: 1974, Month: 8, Day: 12}, Expiry: idem.Date{Year: 2012, Month: 4, Day: 15}, Sex: idem.Female}
	of := func(f mrz.Format, change func(*mrz.Record)) mrz.Record {
		r := anna
		r.Format = f
		change(&r)
		return r
	}
	visa := func(r *mrz.Record) {
		r.Type, r.Number, r.Nationality = "V", "L8988901C", "XXX"
		r.Birth, r.Expiry = idem.Date{Year: 1940, Month: 9, Day: 7}, idem.Date{Year: 1996, Month: 12, Day: 10}
	}
	for _, c := range []struct {
		lines  []string
		want   mrz.Record
		checks int
	}{
		{card, of(mrz.TD1, func(*mrz.Record) {}), 4},
		{larger, of(mrz.TD2, func(*mrz.Record) {}), 4},
		{passport, of(mrz.TD3, func(r *mrz.Record) { r.Type, r.Number, r.Optional[0] = "P", "L898902C3", "ZE184226B" }), 5},
		{visaA, of(mrz.MRVA, func(r *mrz.Record) { visa(r); r.Optional[0] = "6ZE184226B" }), 3},
		{visaB, of(mrz.MRVB, visa), 3},
	} {
		z := parse(t, c.lines, specimen)
		if !reflect.DeepEqual(z.Record, c.want) || !z.Valid() || len(z.Checks) != c.checks {
			t.Errorf("%v: got %+v, failing %v, %d checks", c.want.Format, z.Record, z.Failing(), len(z.Checks))
		}
		if !slices.Equal(z.Lines(), c.lines) {
			t.Errorf("%v: lines changed to %q", c.want.Format, z.Lines())
		}
	}
}

func TestParseReadsLongDocumentNumbers(t *testing.T) {
	z := parse(t, longNumber, specimen)
	if z.Number != "D23145890734" || z.Optional[0] != "" || !z.Valid() {
		t.Errorf("got %q, optional %q, failing %v", z.Number, z.Optional[0], z.Failing())
	}
	wrong := slices.Clone(longNumber)
	wrong[0] = strings.Replace(wrong[0], "7349", "7348", 1)
	if z := parse(t, wrong, specimen); !slices.Contains(z.Failing(), mrz.DocumentNumber) {
		t.Errorf("a wrong digit of a long number passes")
	}
}

func TestDOC_4_NamesTheFieldsWhoseCheckDigitIsWrong(t *testing.T) {
	for _, c := range []struct {
		place int
		with  string
		want  []mrz.Field
	}{
		{9, "7", []mrz.Field{mrz.DocumentNumber, mrz.Composite}},
		{19, "3", []mrz.Field{mrz.BirthDate, mrz.Composite}},
		{27, "8", []mrz.Field{mrz.ExpiryDate, mrz.Composite}},
		{42, "2", []mrz.Field{mrz.Optional1, mrz.Composite}},
		{43, "9", []mrz.Field{mrz.Composite}},
		{0, "M", []mrz.Field{mrz.DocumentNumber, mrz.Composite}},
	} {
		line := passport[1][:c.place] + c.with + passport[1][c.place+1:]
		z := parse(t, []string{passport[0], line}, specimen)
		if z.Valid() || !slices.Equal(z.Failing(), c.want) {
			t.Errorf("place %d: valid %v, failing %v, want %v", c.place, z.Valid(), z.Failing(), c.want)
		}
		if z.Lines()[1] != line {
			t.Errorf("place %d: the line was corrected", c.place)
		}
	}
}

func TestParseReportsBrokenRules(t *testing.T) {
	replace := func(line, place int, with string) []string {
		out := slices.Clone(passport)
		out[line] = out[line][:place] + with + out[line][place+len(with):]
		return out
	}
	for _, c := range []struct {
		lines []string
		want  mrz.Fault
	}{
		{replace(0, 6, "0"), mrz.Fault{Field: mrz.Name, Reason: mrz.IllegalCharacter}},
		{replace(1, 20, "X"), mrz.Fault{Field: mrz.SexField, Reason: mrz.IllegalCharacter}},
		{replace(0, 2, "QQQ"), mrz.Fault{Field: mrz.Issuer, Reason: mrz.UnknownState}},
		{replace(1, 10, "D0<"), mrz.Fault{Field: mrz.Nationality, Reason: mrz.IllegalCharacter}},
		{replace(1, 13, "741312"), mrz.Fault{Field: mrz.BirthDate, Reason: mrz.ImpossibleDate}},
		{replace(1, 13, "750229"), mrz.Fault{Field: mrz.BirthDate, Reason: mrz.ImpossibleDate}},
		{replace(1, 13, "74<<12"), mrz.Fault{Field: mrz.BirthDate, Reason: mrz.ImpossibleDate}},
		{replace(0, 5, strings.Repeat("<", 39)), mrz.Fault{Field: mrz.Name, Reason: mrz.MissingName}},
		{replace(1, 0, "<<<<<<<<<"), mrz.Fault{Field: mrz.DocumentNumber, Reason: mrz.MissingNumber}},
	} {
		if z := parse(t, c.lines, specimen); !slices.Contains(z.Faults, c.want) || z.Valid() {
			t.Errorf("%q: faults %v, want %v", c.lines, z.Faults, c.want)
		}
	}
}

func TestParseKnowsUtopiaOnlyAsSpecimen(t *testing.T) {
	z := parse(t, passport, mrz.Options{Now: specimen.Now})
	if !slices.Equal(z.Failing(), []mrz.Field{mrz.Issuer, mrz.Nationality}) {
		t.Errorf("failing %v", z.Failing())
	}
}

func TestKnownStates(t *testing.T) {
	if n := len(mrz.States()); n != 249+26 {
		t.Errorf("%d states, want the 249 of ISO 3166-1 and 26 more", n)
	}
	for _, code := range strings.Fields("KAZ D GBD GBN GBO GBP GBS RKS EUE UNO UNA XXA XXB XXX XOM XPO") {
		if !mrz.KnownState(code, false) {
			t.Errorf("%s is unknown", code)
		}
	}
	for _, code := range []string{"", "UTO", "KA", "QQQ", "ABW AFG"} {
		if mrz.KnownState(code, false) {
			t.Errorf("%q is known", code)
		}
	}
}

func TestParseChoosesTheCentury(t *testing.T) {
	for _, c := range []struct{ birth, expiry, wantBirth, wantExpiry string }{
		{"261122", "261122", "2026-11-22", "2026-11-22"},
		{"261123", "761231", "1926-11-23", "2076-12-31"},
		{"270101", "770101", "1927-01-01", "1977-01-01"},
		{"00<<<<", "000229", "2000", "2000-02-29"},
		{"9912<<", "<<<<<<", "1999-12", ""},
		{"<<<<<<", "991231", "", "1999-12-31"},
		{"2612<<", "300101", "1926-12", "2030-01-01"},
	} {
		line := passport[1][:13] + c.birth + "0F" + c.expiry + passport[1][27:]
		z := parse(t, []string{passport[0], line}, specimen)
		if z.Birth.String() != c.wantBirth || z.Expiry.String() != c.wantExpiry {
			t.Errorf("%s %s: got %q %q", c.birth, c.expiry, z.Birth, z.Expiry)
		}
	}
}

func TestParseRefusesWhatIsNoZone(t *testing.T) {
	for _, lines := range [][]string{
		nil, {""}, {"", ""}, {passport[0]}, {passport[0], passport[1][1:]}, {card[0], card[1]},
		{strings.ToLower(passport[0]), passport[1]}, {strings.Replace(passport[0], "<", " ", 1), passport[1]},
		{passport[0][:42] + "É", passport[1]}, {card[0], card[1], card[2], card[2]}, {passport[0], passport[0], passport[0]},
	} {
		if _, err := mrz.Parse(lines, specimen); !errors.Is(err, mrz.ErrMalformed) || idem.KindOf(err) != idem.Unprocessable {
			t.Errorf("%q: %v", lines, err)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{strings.Join(passport, "\n"), passport},
		{" " + strings.Join(card, " \r\n\t") + "\n", card},
		{strings.Join(card, ""), card},
		{strings.Join(larger, ""), larger},
		{strings.Join(passport, ""), passport},
	} {
		if got, err := mrz.Split(c.text); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, %v", c.text, got, err)
		}
	}
	for _, text := range []string{"P<UTO", strings.Repeat("<", 600)} {
		if _, err := mrz.Split(text); !errors.Is(err, mrz.ErrMalformed) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestPersonalNumberStandsWhereTheIssuerPutsIt(t *testing.T) {
	for _, c := range []struct {
		r    mrz.Record
		want string
	}{
		{mrz.Record{Format: mrz.TD3, Issuer: "KAZ", Optional: [2]string{"790204300142", ""}}, "790204300142"},
		{mrz.Record{Format: mrz.TD1, Issuer: "KAZ", Optional: [2]string{"790204300142", "7"}}, "790204300142"},
		{mrz.Record{Format: mrz.TD2, Issuer: "KAZ", Optional: [2]string{"790204300142", ""}}, ""},
		{mrz.Record{Format: mrz.TD3, Issuer: "FRA", Optional: [2]string{"790204300142", ""}}, ""},
		{mrz.Record{Format: mrz.TD3, Issuer: "KAZ"}, ""},
	} {
		if got, ok := c.r.PersonalNumber(); got != c.want || ok != (c.want != "") {
			t.Errorf("%+v: %q %v", c.r, got, ok)
		}
	}
}

// The table must cover each place once, or the parser and the decoder would
// read or check the wrong ones.
func TestLayoutsCoverEachPlaceOnce(t *testing.T) {
	for _, f := range mrz.Formats {
		l := f.Layout()
		seen := map[[2]int]int{}
		mark := func(r mrz.Range) {
			for i := r.From; i < r.To; i++ {
				seen[[2]int{r.Line, i}]++
			}
		}
		for _, p := range l.Places {
			mark(p.Range)
		}
		for _, c := range l.Checks {
			mark(c.At)
		}
		for line := range l.Lines {
			for i := range l.Width {
				if seen[[2]int{line, i}] != 1 || l.ClassAt(line, i) == "" {
					t.Errorf("%v: place %d of line %d is covered %d times", f, i, line, seen[[2]int{line, i}])
				}
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, lines := range [][]string{passport, card, larger, visaA, visaB, longNumber} {
		f.Add(strings.Join(lines, "\n"))
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := mrz.Split(text)
		if err != nil {
			return
		}
		z, err := mrz.Parse(lines, specimen)
		if err != nil {
			return
		}
		if !z.Birth.Valid() || !z.Expiry.Valid() || z.Birth.After(idem.DateOf(specimen.Now)) {
			t.Errorf("%q: birth %v, expiry %v", lines, z.Birth, z.Expiry)
		}
		if len(z.Checks) != len(z.Format.Layout().Checks) || !slices.Equal(z.Lines(), lines) {
			t.Errorf("%q: %+v", lines, z)
		}
	})
}
