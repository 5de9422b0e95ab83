package document

import (
	"errors"
	"slices"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/mrz"
	"github.com/idem-id/idem/internal/personal"
	"github.com/idem-id/idem/internal/tech"
)

// judge turns the result into an outcome. Whether an expired document is good
// enough is for the policy of whoever asks.
func (t *Technology) judge(r *Result, in tech.Evidence) tech.Outcome {
	out := tech.Outcome{Technology: t.Code(), Details: r}
	out.Reasons = r.zoneFaults()
	if r.mixed {
		out.Reasons = append(out.Reasons, PagesDiffer)
	}
	out.Passed = len(out.Reasons) == 0
	if r.Portrait != nil {
		out.Face = r.Portrait.Image
	}
	out.Warnings = slices.Concat(r.disagreements(), t.personalDoubts(r), r.documentDoubts(in), t.portraitDoubts(r), r.pictureDoubts())
	return out
}

// zoneFaults says what is wrong with the zone: a code that is no state's by a
// reason of its own, all else by one.
func (r *Result) zoneFaults() []tech.Reason {
	if r.Zone == nil {
		if r.Licence == nil {
			return []tech.Reason{ZoneMissing}
		}
		return nil
	}
	var out, states []tech.Reason
	for _, f := range r.Zone.Failing() {
		why, state := map[mrz.Field]tech.Reason{mrz.Issuer: IssuerUnknown, mrz.Nationality: NationalityUnknown}[f]
		switch {
		case state && slices.Contains(r.Zone.Faults, mrz.Fault{Field: f, Reason: mrz.UnknownState}):
			states = append(states, why)
		case len(out) == 0:
			out = append(out, ZoneInvalid)
		}
	}
	return append(out, states...)
}

// disagreements compares the sources of each field.
func (r *Result) disagreements() []tech.Reason {
	var out []tech.Reason
	for _, f := range r.Fields {
		why := FieldMismatch
		if f.Name == Surname || f.Name == GivenNames {
			why = NameMismatch
		}
		if !f.Agreed && !slices.Contains(out, why) {
			out = append(out, why)
		}
	}
	if r.nameHalfShown() && !slices.Contains(out, NameMismatch) {
		out = append(out, NameMismatch)
	}
	return out
}

// nameHalfShown reports whether the visual zone shows one of the zone's names
// and nothing like the other: the zone was then misread or forged.
func (r *Result) nameHalfShown() bool {
	surname, ok := r.Field(Surname)
	given, both := r.Field(GivenNames)
	return ok && both && (r.Zone != nil || r.Licence != nil) && (len(surname.Others) > 0) != (len(given.Others) > 0)
}

// specimenNumbers is the country by whose scheme the specimens of UTO number
// their holders.
const specimenNumbers = "KAZ"

// personalDoubts checks the personal number against the holder's birth and sex.
func (t *Technology) personalDoubts(r *Result) []tech.Reason {
	f, ok := r.Field(PersonalNumber)
	if !ok {
		return nil
	}
	country := r.Country
	if country == "UTO" && t.options.Specimen {
		country = specimenNumbers
	}
	n, err := personal.Read(country, f.Value)
	if errors.Is(err, personal.ErrCountry) {
		return nil
	}
	if err != nil {
		return []tech.Reason{PersonalInvalid}
	}
	var birth idem.Date
	if b, ok := r.Field(BirthDate); ok {
		_ = birth.UnmarshalText([]byte(b.Value)) // merged only what is a date
	}
	sex, _ := r.Field(Sex)
	if len(n.Mismatches(birth, idem.Sex(sex.Value))) > 0 {
		return []tech.Reason{PersonalMismatch}
	}
	return nil
}

func (r *Result) documentDoubts(in tech.Evidence) []tech.Reason {
	var out []tech.Reason
	if r.Expired {
		out = append(out, Expired)
	}
	if in.Country != "" && r.Country != "" && in.Country != country(r.Country) {
		out = append(out, CountryMismatch)
	}
	if r.Zone != nil && len(r.Zone.Corrections) > 0 {
		out = append(out, Corrected)
	}
	return out
}

// country returns the ISO 3166-1 code of an issuer.
func country(issuer string) string {
	switch issuer {
	case "D":
		return "DEU"
	case "GBD", "GBN", "GBO", "GBP", "GBS":
		return "GBR"
	case "RKS":
		return "XKX"
	}
	return issuer
}

func (t *Technology) portraitDoubts(r *Result) []tech.Reason {
	switch {
	case t.options.ZoneOnly || t.faces.Ready() != nil:
		return nil
	case r.Portrait == nil:
		return []tech.Reason{PortraitMissing}
	case r.Portrait.InterEye < minInterEye:
		return []tech.Reason{PortraitSmall}
	}
	return nil
}

func (r *Result) pictureDoubts() []tech.Reason {
	var out []tech.Reason
	for _, p := range r.Pages {
		for _, why := range p.Quality.doubts() {
			if !slices.Contains(out, why) {
				out = append(out, why)
			}
		}
	}
	return out
}
