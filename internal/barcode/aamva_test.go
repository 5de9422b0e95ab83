package barcode_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/barcode"
)

// licence makes a record of a version from its elements.
func licence(version string, elements ...string) string {
	own := "02"
	if version == "01" {
		own = ""
	}
	return "@\n\x1e\rANSI 636000" + version + own + "01DL00310200DL" + strings.Join(elements, "\n") + "\r"
}

func TestDOC_13_AAMVARecordsOfEveryOrderAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want barcode.Licence
	}{
		"United States": {
			licence("10", "DAQD1234567", "DCSO'HARA", "DACMARY", "DADANN LEE", "DBB12311990", "DBA01022031", "DBD05062021", "DBC2", "DAJVA", "DCGUSA"),
			barcode.Licence{Version: 10, Country: "USA", Jurisdiction: "VA", Number: "D1234567", Surname: "O'HARA", Given: "MARY ANN LEE", Sex: idem.Female,
				Birth: idem.Date{Year: 1990, Month: 12, Day: 31}, Expiry: idem.Date{Year: 2031, Month: 1, Day: 2}, Issued: idem.Date{Year: 2021, Month: 5, Day: 6}}},
		"Canada": {
			licence("08", "DAQA-77", "DCSROY", "DACLUC", "DADNONE", "DBB19901231", "DBA20310102", "DBC1", "DAJON", "DCGCAN"),
			barcode.Licence{Version: 8, Country: "CAN", Jurisdiction: "ON", Number: "A-77", Surname: "ROY", Given: "LUC", Sex: idem.Male,
				Birth: idem.Date{Year: 1990, Month: 12, Day: 31}, Expiry: idem.Date{Year: 2031, Month: 1, Day: 2}}},
		"given names in one": {
			licence("03", "DCSDOE", "DCTJOHN,QUINCY", "DAQ55", "DBB01021980", "DBC9", "DCGUSA"),
			barcode.Licence{Version: 3, Country: "USA", Number: "55", Surname: "DOE", Given: "JOHN QUINCY", Sex: idem.Unspecified,
				Birth: idem.Date{Year: 1980, Month: 1, Day: 2}}},
		"version 1": {
			licence("01", "DAADOE,JANE,R", "DAQX9", "DBB19800102", "DBCF"),
			barcode.Licence{Version: 1, Number: "X9", Surname: "DOE", Given: "JANE R", Sex: idem.Female, Birth: idem.Date{Year: 1980, Month: 1, Day: 2}}},
		"no country": {
			licence("04", "DAQ7", "DBB20010203", "DBA02032030"),
			barcode.Licence{Version: 4, Number: "7", Birth: idem.Date{Year: 2001, Month: 2, Day: 3}, Expiry: idem.Date{Year: 2030, Month: 2, Day: 3}}},
		"impossible dates": {
			licence("09", "DAQ7", "DBB13311990", "DBA02302030", "DCGUSA"),
			barcode.Licence{Version: 9, Country: "USA", Number: "7"}},
	} {
		c.want.Issuer, c.want.Document = "636000", "DL"
		if got, err := barcode.ParseAAMVA(c.text); err != nil || *got != c.want {
			t.Errorf("%s: %+v, %v\nwant %+v", name, got, err, c.want)
		}
	}
}

func TestParseAAMVARefusesOtherText(t *testing.T) {
	good := licence("10", "DAQ1")
	for _, text := range []string{
		"", "@", "https://idem.example", strings.Replace(good, "ANSI ", "ANSY ", 1), strings.Replace(good, "636000", "63600X", 1),
		good[:20], strings.Replace(good, "DAQ", "DAX", 1), strings.Replace(good, "DLDAQ", "ZVDAQ", 1), strings.Replace(good, "1002", "0002", 1), good + strings.Repeat("x", 9000),
	} {
		if _, err := barcode.ParseAAMVA(text); !errors.Is(err, barcode.ErrAAMVA) || idem.KindOf(err) != idem.Unprocessable {
			t.Errorf("%.60q: %v", text, err)
		}
	}
}

func FuzzParseAAMVA(f *testing.F) {
	f.Add(licence("10", "DAQD1", "DCSDOE", "DACJOE", "DBB01021990", "DBC1", "DCGUSA"))
	f.Add(licence("01", "DAADOE,JANE", "DAQ1", "DBB19900102"))
	f.Add("@\n\x1c\rAAMVA6360000199")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := barcode.ParseAAMVA(text)
		if err != nil {
			return
		}
		for _, d := range []idem.Date{l.Birth, l.Expiry, l.Issued} {
			if !d.IsZero() && !d.Complete() {
				t.Errorf("%q: %v", text, d)
			}
		}
		if l.Number == "" || len(l.Issuer) != 6 {
			t.Errorf("%q: %+v", text, l)
		}
	})
}
