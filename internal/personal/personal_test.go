package personal_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/personal"
)

func TestNUM_1_IINsAreJudged(t *testing.T) {
	for _, c := range []struct{ number, birth, sex string }{
		{"200209519319", "2020-02-09", "M"}, // first pass
		{"190816662191", "2019-08-16", "F"},
		{"700606376142", "1970-06-06", "M"}, // second pass
		{"100220284208", "1810-02-20", "F"},
		{"090723657012", "2009-07-23", "F"},
	} {
		n, err := personal.Read("KAZ", c.number)
		if err != nil || n.Birth.String() != c.birth || string(n.Sex) != c.sex || n.Value != c.number {
			t.Errorf("%s: %+v, %v", c.number, n, err)
		}
	}
	for number, want := range map[string]personal.Reason{
		"200209519310":  personal.WrongDigit,
		"201309519319":  personal.WrongDate,
		"200230519319":  personal.WrongDate,
		"200209919319":  personal.WrongCentury,
		"20020951931":   personal.WrongLength,
		"20020O519319":  personal.WrongCharacter,
		"０00209519319":  personal.WrongLength, // a full-width digit is three bytes
		"20020951931 ":  personal.WrongCharacter,
		" 200209519319": personal.WrongLength,
		"":              personal.WrongLength,
	} {
		refused(t, "KAZ", number, want)
	}
}

func refused(t *testing.T, country, number string, want personal.Reason) {
	t.Helper()
	_, err := personal.Read(country, number)
	var e *idem.Error
	if !errors.As(err, &e) || !errors.Is(err, personal.ErrInvalid) || e.Details["reason"] != want {
		t.Errorf("%s %q: %v, want %s", country, number, err, want)
	}
}

// iinDigit is the rule written out plainly, against the shared arithmetic of
// the package.
func iinDigit(head string) int {
	first, second := 0, 0
	for i := 1; i <= 11; i++ {
		d := int(head[i-1] - '0')
		first += d * i
		second += d * ((i+1)%11 + 1)
	}
	if first%11 < 10 {
		return first % 11
	}
	return second % 11
}

func TestNUM_1_GeneratedIINsAreJudged(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	never := 0
	for range 20000 {
		day := time.Date(1800, 1, 1+random.IntN(365*220), 0, 0, 0, 0, time.UTC)
		century := (day.Year()/100-18)*2 + 1 + random.IntN(2)
		head := fmt.Sprintf("%s%d%04d", day.Format("060102"), century, random.IntN(10000))
		digit := iinDigit(head)
		if digit == 10 {
			never++
			refused(t, "KAZ", head+"0", personal.NeverIssued)
			continue
		}
		n, err := personal.Read("KAZ", fmt.Sprint(head, digit))
		if err != nil || n.Birth != idem.DateOf(day) || n.Sex != []idem.Sex{idem.Female, idem.Male}[century%2] {
			t.Fatalf("%s%d: %+v, %v", head, digit, n, err)
		}
		refused(t, "KAZ", fmt.Sprint(head, (digit+1)%10), personal.WrongDigit)
	}
	if never == 0 {
		t.Error("no number that was never issued came up")
	}
}

func TestIINWithoutCenturyStatesNothing(t *testing.T) {
	head := "00022900001"
	n, err := personal.Read("KAZ", fmt.Sprint(head, iinDigit(head)))
	if err != nil || !n.Birth.IsZero() || n.Sex != "" {
		t.Errorf("%+v, %v", n, err)
	}
	refused(t, "KAZ", "001329000010", personal.WrongDate)
}

// The numbers are the examples that the states or their encyclopaedias print.
func TestReadKnowsOtherCountries(t *testing.T) {
	for _, c := range []struct{ country, number, birth, sex string }{
		{"POL", "44051401359", "1944-05-14", "M"},
		{"EST", "37605030299", "1976-05-03", "M"},
		{"LTU", "33309240064", "1933-09-24", "M"},
		{"ROU", "1800101221144", "1980-01-01", "M"},
		{"CHN", "11010519491231002X", "1949-12-31", "F"},
		{"TUR", "10000000146", "", ""},
	} {
		n, err := personal.Read(c.country, c.number)
		if err != nil || n.Birth.String() != c.birth || string(n.Sex) != c.sex {
			t.Errorf("%s %s: %+v, %v", c.country, c.number, n, err)
		}
		last := len(c.number) - 1
		refused(t, c.country, c.number[:last]+string('0'+('9'-c.number[last]+1)%10), personal.WrongDigit)
	}
}

// fitting returns the only number that begins with head.
func fitting(t *testing.T, country, head string) personal.Number {
	t.Helper()
	var found []personal.Number
	for d := range 10 {
		if n, err := personal.Read(country, fmt.Sprint(head, d)); err == nil {
			found = append(found, n)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s: %d check digits fit", head, len(found))
	}
	return found[0]
}

func TestReadKnowsTheCenturies(t *testing.T) {
	for _, c := range []struct {
		country, head, birth string
		sex                  idem.Sex
	}{
		{"POL", "0281010000", "1802-01-01", idem.Female},
		{"POL", "0221010001", "2002-01-01", idem.Male},
		{"POL", "0221010010", "2002-01-01", idem.Female},
		{"EST", "5020101001", "2002-01-01", idem.Male},
		{"EST", "2020101001", "1802-01-01", idem.Female},
		{"ROU", "500010122114", "2000-01-01", idem.Male},
		{"ROU", "400010122114", "1800-01-01", idem.Female},
		{"ROU", "710010122114", "", idem.Male},
		{"ROU", "910010122114", "", ""},
	} {
		if n := fitting(t, c.country, c.head); n.Birth.String() != c.birth || n.Sex != c.sex {
			t.Errorf("%s %s: %+v", c.country, c.head, n)
		}
	}
	refused(t, "ROU", "0000101221144", personal.WrongCentury)
	refused(t, "EST", "90201010011", personal.WrongCentury)
	refused(t, "ROU", "5020229221144", personal.WrongDate)
	refused(t, "CHN", "1101051949X231002X", personal.WrongCharacter)
}

func TestReadRefusesUnknownCountries(t *testing.T) {
	if _, err := personal.Read("QQQ", "1"); !errors.Is(err, personal.ErrCountry) {
		t.Error(err)
	}
	if want := []string{"CHN", "EST", "KAZ", "LTU", "POL", "ROU", "TUR"}; !slices.Equal(personal.Countries(), want) {
		t.Error(personal.Countries())
	}
}

func TestMismatches(t *testing.T) {
	n, err := personal.Read("KAZ", "700606376142")
	if err != nil {
		t.Fatal(err)
	}
	day := idem.Date{Year: 1970, Month: 6, Day: 6}
	for _, c := range []struct {
		birth idem.Date
		sex   idem.Sex
		want  []personal.Mismatch
	}{
		{day, idem.Male, nil},
		{idem.Date{Year: 1970}, idem.Unspecified, nil},
		{idem.Date{}, "", nil},
		{idem.Date{Year: 1970, Month: 6, Day: 7}, idem.Male, []personal.Mismatch{personal.BirthDiffers}},
		{day, idem.Female, []personal.Mismatch{personal.SexDiffers}},
		{idem.Date{Year: 1971}, idem.Female, []personal.Mismatch{personal.BirthDiffers, personal.SexDiffers}},
	} {
		if got := n.Mismatches(c.birth, c.sex); !slices.Equal(got, c.want) {
			t.Errorf("%v %v: %v, want %v", c.birth, c.sex, got, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for i, number := range []string{"700606376142", "11010519491231002X", "44051401359", "1800101221144", "10000000146"} {
		f.Add(uint8(i), number)
	}
	f.Fuzz(func(t *testing.T, country uint8, number string) {
		countries := personal.Countries()
		n, err := personal.Read(countries[int(country)%len(countries)], number)
		if err != nil && idem.CodeOf(err) != "PERSONAL_NUMBER_INVALID" {
			t.Error(err)
		}
		if err == nil && (!n.Birth.Valid() || n.Value != number) {
			t.Errorf("%+v", n)
		}
	})
}
