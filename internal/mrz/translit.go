package mrz

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Transliterate writes a name with the letters of a zone by the tables of Doc
// 9303-3: Latin letters with marks, Cyrillic, fillers for blanks and hyphens,
// nothing for apostrophes and full stops. It is false when a character has no
// such form.
func Transliterate(name string) (string, bool) {
	var b strings.Builder
	for _, r := range norm.NFC.String(name) {
		r = unicode.ToUpper(r)
		s, ok := transliterated(r)
		if !ok {
			return "", false
		}
		b.WriteString(s)
	}
	words := strings.FieldsFunc(b.String(), func(r rune) bool { return r == rune(Filler) })
	return strings.Join(words, "<"), true
}

// Spells reports whether a zone's letters are an official spelling of a name:
// that of Doc 9303, or one that states have used beside it, letter by letter. A
// name in Latin letters alone has none beside.
func Spells(name, zone string) bool {
	want := bareLetters(strings.ToUpper(zone))
	ends := map[int]bool{0: true} // how much of want the letters so far can be
	foreign := false
	for _, r := range norm.NFC.String(name) {
		r = unicode.ToUpper(r)
		s, ok := transliterated(r)
		if !ok {
			return false
		}
		foreign = foreign || r >= 'Ѐ'
		next := map[int]bool{}
		for _, spelling := range append(strings.Fields(variants[r]), strings.ReplaceAll(s, "<", "")) {
			if spelling == "-" {
				spelling = ""
			}
			for at := range ends {
				if strings.HasPrefix(want[at:], spelling) {
					next[at+len(spelling)] = true
				}
			}
		}
		ends = next
	}
	return foreign && want != "" && ends[len(want)]
}

// bareLetters leaves out what is no letter of a zone.
func bareLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 'A' || r > 'Z' {
			return -1
		}
		return r
	}, s)
}

// variants are spellings beside Doc 9303's that passports of Kazakhstan and its
// neighbours have had; "-" is none at all.
var variants = map[rune]string{
	'Ё': "YO IO", 'Е': "YE", 'Й': "Y -", 'Х': "H", 'Ц': "C", 'Щ': "SCH SH", 'Ъ': "-", 'Ы': "I", 'Ю': "YU U", 'Я': "YA A", 'Ж': "J", 'И': "Y",
	'Ә': "AE", 'Ғ': "GH", 'Қ': "Q KH", 'Ң': "NG", 'Ө': "OE", 'Ұ': "Y", 'Ү': "UE", 'І': "Y", 'У': "W", 'Ь': "-",
}

func transliterated(r rune) (string, bool) {
	if r >= 'A' && r <= 'Z' {
		return string(r), true
	}
	if s, ok := spelled[r]; ok {
		return s, true
	}
	// What the table does not spell loses its marks.
	base := []rune(norm.NFD.String(string(r)))[0]
	if base == r {
		return "", false
	}
	return transliterated(base)
}

var spelled = func() map[rune]string {
	m := map[rune]string{}
	for _, pair := range strings.Fields(spellings) {
		r, s, _ := strings.Cut(pair, "=")
		m[[]rune(r)[0]] = s
	}
	for _, r := range " -<,/\u2010\u2011" {
		m[r] = "<"
	}
	for _, r := range "'.`\u2019\u02bc" {
		m[r] = ""
	}
	return m
}()

// The Cyrillic letters of Kazakh, which Doc 9303 does not list, follow the
// practice of Kazakhstan's passports.
const spellings = `
Ä=AE Å=AA Æ=AE Ö=OE Ø=OE Œ=OE Ü=UE ß=SS ẞ=SS Þ=TH Ð=D Đ=D Ħ=H ı=I Ĳ=IJ ĸ=Q Ł=L Ŀ=L Ŋ=N Ŧ=T Ə=E
А=A Б=B В=V Г=G Д=D Е=E Ё=E Ж=ZH З=Z И=I Й=I К=K Л=L М=M Н=N О=O П=P Р=R С=S Т=T У=U Ф=F Х=KH
Ц=TS Ч=CH Ш=SH Щ=SHCH Ъ=IE Ы=Y Ь= Э=E Ю=IU Я=IA І=I Ї=I Є=IE Ґ=G Ў=U Ђ=D Ѕ=DZ Ј=J Љ=LJ Њ=NJ Ћ=C Џ=DZ
Ә=A Ғ=G Қ=K Ң=N Ө=O Ұ=U Ү=U Һ=H`
