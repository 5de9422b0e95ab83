package edocument

import (
	"strconv"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/mrz"
	"github.com/idem-id/idem/internal/tech/edocument/emrtd"
	"golang.org/x/text/language"
)

func documentOf(zone *mrz.Zone, d emrtd.Details) *Document {
	doc := &Document{
		Type: zone.Type, Issuer: zone.Issuer, Number: zone.Number, Surname: zone.Surname, Given: zone.Given,
		Nationality: zone.Nationality, Birth: zone.Birth, Expiry: zone.Expiry, Sex: zone.Sex, MRZ: zone.Lines(),
		FullName: d.FullName, PersonalNumber: d.PersonalNumber, Authority: d.Authority, Issued: compactDate(d.IssueDate),
	}
	if doc.PersonalNumber == "" {
		doc.PersonalNumber, _ = zone.PersonalNumber()
	}
	if full := compactDate(d.BirthDate); full.Complete() && sameButCentury(full, zone.Birth) {
		doc.Birth = full
	}
	return doc
}

// sameButCentury reports whether two dates can be the same day where one of
// them was written with two digits of the year.
func sameButCentury(full, short idem.Date) bool {
	return full.Agrees(idem.Date{Month: short.Month, Day: short.Day}) && (short.Year == 0 || full.Year%100 == short.Year%100)
}

// compactDate reads YYYYMMDD; nothing from anything else.
func compactDate(text string) idem.Date {
	n, err := strconv.Atoi(text)
	d := idem.Date{Year: n / 10000, Month: n / 100 % 100, Day: n % 100}
	if err != nil || len(text) != 8 || n < 0 || !d.Valid() {
		return idem.Date{}
	}
	return d
}

// expired reports whether the day is certainly over.
func expired(d idem.Date, now time.Time) bool { return idem.DateOf(now).After(d) }

// specimenCountry is the country of certificates of the fictional state UTO.
const specimenCountry = "UT"

// certificateCountries are the countries that sign documents of a code which
// is not ISO 3166-1, or which others sign for as well (ICAO 9303-3, 5).
var certificateCountries = map[string][]string{
	"D": {"DE"}, "GBD": {"GB"}, "GBN": {"GB"}, "GBO": {"GB"}, "GBP": {"GB"}, "GBS": {"GB"},
	"RKS": {"KS", "XK"}, "UNO": {"UN"}, "UNA": {"UN"}, "UNK": {"UN"}, "EUE": {"EU"}, "XPO": {"XP"}, "UTO": {specimenCountry},
	"CHN": {"CN", "HK", "MO"},
}

// sameState reports whether a certificate's country signs documents of the
// zone's issuing state; known is false for a code without a country.
func sameState(country, issuer string) (same, known bool) {
	countries, listed := certificateCountries[issuer]
	if !listed {
		region, err := language.ParseRegion(issuer)
		if err != nil || len(issuer) != 3 || !region.IsCountry() {
			return false, false
		}
		countries = []string{region.String(), issuer}
	}
	for _, c := range countries {
		if c == country {
			return true, true
		}
	}
	return false, true
}
