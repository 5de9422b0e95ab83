package specimen

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/mrz"
)

// Person is the holder of a specimen.
type Person struct {
	Surname        string
	Given          string
	Number         string // of the document
	PersonalNumber string // made as Kazakhstan's IIN is
	Birth          idem.Date
	Expiry         idem.Date
	Sex            idem.Sex
	Native         *Native // the names of bilingual cards; nil on all others
}

// Names have the shapes that documents meet: short and long ones, several
// words, letters that are easily taken for one another.
var (
	surnames = strings.Fields(`ABENOV AKHMETOVA ALMEIDA BAIZHANOV BERGSTROEM CHEN DA-SILVA DE-VRIES DUISENOVA
		FITZGERALD GARCIA-LOPEZ HOLLIS IVANOVA JANKOWSKI KASSYMOVA KIM KOWALCZYK LINDQUIST MAC-GILLIVRAY MOLDABEKOVA
		NAKAMURA NGUYEN NOVAK OEZDEMIR OSPANOVA PAPADOPOULOS QUINTANA RAKHIMBEKOVA SADVAKASSOV SCHOENBERG SULEIMENOVA
		TLEUBERDINA TURSUNBAEV UTEGENOV VAN-DER-MEER WILLIAMS XHAFERI YERZHANOVA ZHAKSYLYKOV ZIMMERMANN`)
	givens = strings.Fields(`AIDA AINUR-SAULE ALIBEK ALMA BAUYRZHAN BENEDIKT CAMILLE DINARA-AIGUL DMITRI ELEONORA
		ERLAN FLORIAN GULMIRA HUGO-XAVIER IDA INGRID JULIJA KANAT KYLIE LIAM MADINA MAXIMILIAN-JOSEPH MIRAS NURLAN
		OLGA-IOANNA PAVEL QUENTIN RAUSHAN SALTANAT SVEN TIMUR URSULA VERA WENDY XENIA YASMIN-ZOE ZARINA ZHANNA`)
)

const numberLetters = "ABCDEFGHJKLMNPRSTUVWXYZ"

// NewPerson makes up a holder.
func NewPerson(r *rand.Rand) Person {
	p := Person{Surname: pick(r, surnames), Given: pick(r, givens), Number: documentNumber(r), Sex: idem.Male}
	if r.IntN(2) == 0 {
		p.Sex = idem.Female
	}
	p.Birth = idem.Date{Year: 1950 + r.IntN(56), Month: 1 + r.IntN(12), Day: 1 + r.IntN(28)}
	p.Expiry = idem.Date{Year: 2027 + r.IntN(9), Month: 1 + r.IntN(12), Day: 1 + r.IntN(28)}
	p.PersonalNumber = iin(r, p.Birth, p.Sex)
	return p
}

func pick(r *rand.Rand, names []string) string {
	return strings.ReplaceAll(names[r.IntN(len(names))], "-", " ")
}

// documentNumber takes one of the shapes that states use.
func documentNumber(r *rand.Rand) string {
	letter := func() string { return string(numberLetters[r.IntN(len(numberLetters))]) }
	switch r.IntN(4) {
	case 0:
		return fmt.Sprintf("N%08d", r.IntN(1e8))
	case 1:
		return letter() + letter() + fmt.Sprintf("%07d", r.IntN(1e7))
	case 2:
		return fmt.Sprintf("%09d", r.IntN(1e9))
	}
	const mixed = numberLetters + "0123456789"
	var b strings.Builder
	for range 9 {
		b.WriteByte(mixed[r.IntN(len(mixed))])
	}
	return b.String()
}

// iin draws serial numbers until one has a check digit.
func iin(r *rand.Rand, birth idem.Date, sex idem.Sex) string {
	century := (birth.Year/100-18)*2 + 1
	if sex == idem.Female {
		century++
	}
	for {
		head := fmt.Sprintf("%02d%02d%02d%d%04d", birth.Year%100, birth.Month, birth.Day, century, r.IntN(10000))
		if digit, ok := idem.IINCheckDigit(head); ok {
			return head + string(digit)
		}
	}
}

// Zone writes the machine readable zone of the person's document.
func (p Person) Zone(f mrz.Format) ([]string, error) { return mrz.Compose(p.record(f)) }

// record is what the machine readable zone of the person's document states.
func (p Person) record(f mrz.Format) mrz.Record {
	r := mrz.Record{Format: f, Type: "I", Issuer: "UTO", Nationality: "UTO", Number: p.Number,
		Surname: p.Surname, Given: p.Given, Birth: p.Birth, Expiry: p.Expiry, Sex: p.Sex}
	switch f {
	case mrz.TD3:
		r.Type, r.Optional[0] = "P", p.PersonalNumber
	case mrz.TD1:
		r.Optional[0] = p.PersonalNumber
	}
	return r
}
