package specimen

import (
	"math/rand/v2"
	"strings"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/mrz"
)

// Native is what a bilingual card writes in Cyrillic letters.
type Native struct {
	Surname    string `json:"sur"`
	Given      string `json:"giv"`
	Patronymic string `json:"pat"`
	BirthPlace string `json:"pob"`
	Authority  string `json:"aut"`
}

// Names as Kazakh and Russian write them, men's and women's by turns, with the
// letters that only Kazakh has. They are combined at random and belong to nobody.
var (
	nativeSurnames = [2][]string{
		strings.Fields(`ӘБЕНОВ ЖАҚСЫЛЫҚОВ ОСПАНОВ ТӨЛЕГЕНОВ ҚҰНАНБАЕВ СҮЛЕЙМЕНОВ ІЛИЯСОВ ҒАБДУЛЛИН ИВАНОВ КОВАЛЁВ ЩЕРБАКОВ ЮСУПОВ ЦОЙ МОЛДАБЕКОВ БАЙЖАНОВ ЯКОВЛЕВ`),
		strings.Fields(`ӘБЕНОВА ЖАҚСЫЛЫҚОВА ОСПАНОВА ТӨЛЕГЕНОВА ҚҰНАНБАЕВА СҮЛЕЙМЕНОВА ІЛИЯСОВА ҒАБДУЛЛИНА ИВАНОВА КОВАЛЁВА ЩЕРБАКОВА ЮСУПОВА ЦОЙ МОЛДАБЕКОВА БАЙЖАНОВА ЯКОВЛЕВА`),
	}
	nativeGivens = [2][]string{
		strings.Fields(`НҰРЛАН ӘЛІБЕК БАУЫРЖАН ЕРЛАН ҚАНАТ ТІМУР МИРАС ДМИТРИЙ СЕРГЕЙ ҒАЛЫМ ӨМІРЗАҚ АЛЕКСАНДР`),
		strings.Fields(`АЙНҰР ГҮЛМИРА ЖАННА ӘСЕЛ ДИНАРА САЛТАНАТ МӘДИНА ЗАРИНА ҚАРЛЫҒАШ ӨРІК ОЛЬГА ЕКАТЕРИНА`),
	}
	patronymics = [2][]string{
		strings.Fields(`СЕРІКҰЛЫ НҰРЛАНҰЛЫ БОЛАТОВИЧ ҚАЙРАТҰЛЫ ИВАНОВИЧ ЕРМЕКҰЛЫ ӘБДІҒАЛИҰЛЫ СЕРГЕЕВИЧ`),
		strings.Fields(`СЕРІКҚЫЗЫ НҰРЛАНҚЫЗЫ БОЛАТОВНА ҚАЙРАТҚЫЗЫ ИВАНОВНА ЕРМЕКҚЫЗЫ ӘБДІҒАЛИҚЫЗЫ СЕРГЕЕВНА`),
	}
	birthPlaces = strings.Split("АЛМАТЫ ҚАЛАСЫ|ҚАРАҒАНДЫ ОБЛЫСЫ|ШЫМКЕНТ ҚАЛАСЫ|ПАВЛОДАРСКАЯ ОБЛАСТЬ|АҚТӨБЕ ОБЛЫСЫ|ӨСКЕМЕН ҚАЛАСЫ", "|")
)

const nativeAuthority = "УТОПИЯ ІШКІ ІСТЕР МИНИСТРЛІГІ"

// NewNative makes up a holder whose names are Cyrillic; the zone has them by the
// tables of Doc 9303.
func NewNative(r *rand.Rand) Person {
	p := NewPerson(r)
	i := 0
	if p.Sex == idem.Female {
		i = 1
	}
	of := func(all []string) string { return all[r.IntN(len(all))] }
	n := &Native{Surname: of(nativeSurnames[i]), Given: of(nativeGivens[i]), Patronymic: of(patronymics[i]), BirthPlace: of(birthPlaces), Authority: nativeAuthority}
	p.Surname, _ = mrz.Transliterate(n.Surname) // every letter above has a spelling
	p.Given, _ = mrz.Transliterate(n.Given)
	p.Number = documentNumber(r)
	p.Native = n
	return p
}

// nativeFront are the labels and values of the front of a bilingual card,
// Kazakh before Russian.
func (p Person) nativeFront() [][2]string {
	return [][2]string{
		{"ТЕГІ / ФАМИЛИЯ", p.Native.Surname}, {"АТЫ / ИМЯ", p.Native.Given}, {"ӘКЕСІНІҢ АТЫ / ОТЧЕСТВО", p.Native.Patronymic},
		{"ТУҒАН КҮНІ / ДАТА РОЖДЕНИЯ", day(p.Birth)}, {"ЖСН / ИИН", p.PersonalNumber},
	}
}

// nativeBack are those of its back.
func (p Person) nativeBack() [][2]string {
	return [][2]string{
		{"ҚҰЖАТ НӨМІРІ / НОМЕР ДОКУМЕНТА", p.Number}, {"ТУҒАН ЖЕРІ / МЕСТО РОЖДЕНИЯ", p.Native.BirthPlace},
		{"БЕРГЕН ОРГАН / ОРГАН ВЫДАЧИ", p.Native.Authority}, {"ҚОЛДАНУ МЕРЗІМІ / СРОК ДЕЙСТВИЯ", day(p.Expiry)},
	}
}
