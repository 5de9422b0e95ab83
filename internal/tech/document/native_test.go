package document

import (
	"context"
	"image"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/specimen"
	"github.com/idem-id/idem/internal/tech/document/ocr"
	"github.com/idem-id/idem/internal/tech/document/tesseract"
)

// cyrillicLetters is the installed program, which make test installs.
func cyrillicLetters(t testing.TB) *tesseract.Reader {
	t.Helper()
	p, err := tesseract.Find(t.Context())
	if err != nil {
		t.Fatal(err, "(make test installs what is missing)")
	}
	return tesseract.NewReader(&picture.Worker{Path: "/usr/bin/env", Args: append(tesseract.Environment(), p.Command()...)})
}

// bilingual is a photograph of each side of a card with Kazakh and Russian
// labels, taken once.
func bilingual(t testing.TB) (p specimen.Person, front, back image.Image) {
	t.Helper()
	p = specimen.NewNative(random())
	sides.Do(func() {
		sides.front, sides.back = photo(t, card(t, specimen.BilingualFront, p, nil).Image), photo(t, card(t, specimen.Bilingual, p, nil).Image)
	})
	return p, sides.front, sides.back
}

var sides struct {
	sync.Once
	front, back image.Image
}

func TestDOC_1_CyrillicVisualZoneOfABilingualCard(t *testing.T) {
	t.Parallel()
	p, front, back := bilingual(t)
	out, r := run(t, recogniser(t, false, Options{Cyrillic: cyrillicLetters(t)}), front, back)
	if !out.Passed || r.Kind != Card || slices.Contains(out.Warnings, NameMismatch) {
		t.Errorf("%+v", out)
	}
	for n, want := range map[Name]string{Patronymic: p.Native.Patronymic, BirthPlace: p.Native.BirthPlace, Authority: p.Native.Authority} {
		if f, _ := r.Field(n); f.Value != want || f.Source != FromVisual || f.Confidence < sureLine || f.Confidence > 1 {
			t.Errorf("%s is %+v, want %s", n, f, want)
		}
	}
	for n, want := range map[Name]string{Surname: p.Native.Surname, GivenNames: p.Native.Given} {
		f, _ := r.Field(n)
		if f.Source != FromZone || !f.Agreed || len(f.Others) != 1 || f.Others[0].Value != want || f.Others[0].Page != 0 {
			t.Errorf("%s is %+v, beside it %s", n, f, want)
		}
	}
	for _, n := range []Name{PersonalNumber, BirthDate, DocumentNumber, ExpiryDate} {
		if f, _ := r.Field(n); !f.Agreed || len(f.Others) != 1 {
			t.Errorf("%s was not confirmed: %+v", n, f)
		}
	}
}

// TestWithoutTesseract reads the same card: the zone as ever, and no field that
// only Cyrillic letters give.
func TestWithoutTesseract(t *testing.T) {
	t.Parallel()
	p, front, back := bilingual(t)
	for name, r := range map[string]*tesseract.Reader{"none": nil, "broken": tesseract.NewReader(broken{})} {
		out, r := run(t, recogniser(t, false, Options{Cyrillic: r}), front, back)
		if f, _ := r.Field(DocumentNumber); !out.Passed || f.Value != p.Number || f.Source != FromZone {
			t.Errorf("%s: %+v, %+v", name, out, f)
		}
		for _, n := range []Name{Patronymic, BirthPlace, Authority} {
			if f, ok := r.Field(n); ok {
				t.Errorf("%s: %s is invented: %+v", name, n, f)
			}
		}
	}
}

// counting counts how often the program is run.
type counting struct{ runs *int }

func (c counting) Run(context.Context, io.Reader, int) ([]byte, error) {
	*c.runs++
	return nil, nil
}

func TestLatinPagesDoNotCostTesseract(t *testing.T) {
	runs := 0
	s := &sheet{img: &ocr.Raster{W: 9, H: 9, Pix: make([]uint8, 243)}}
	s.text = []ocr.Line{{Text: "Surname", Confidence: 0.98}, {Text: "ERIKSSON", Confidence: 0.99}, {Text: "Dateofbirth", Confidence: 0.8},
		{Text: "12.08.1974", Confidence: 0.6}, {Text: "UTOPIA", Confidence: 0.97}}
	if err := s.readNative(t.Context(), tesseract.NewReader(counting{&runs})); err != nil || runs != 0 {
		t.Errorf("%d runs, %v", runs, err)
	}
	for i := range s.text {
		s.text[i].Confidence = 0.7
	}
	if err := s.readNative(t.Context(), tesseract.NewReader(counting{&runs})); err != nil || runs != 1 {
		t.Errorf("%d runs for a page read in doubt, %v", runs, err)
	}
}

func TestLabelsOfSeveralLanguages(t *testing.T) {
	for text, want := range map[string]struct {
		name Name
		rest string
	}{
		"ТЕГІ / ФАМИЛИЯ": {Surname, ""}, "ӘКЕСІНІҢ АТЫ / ОТЧЕСТВО": {Patronymic, ""}, "АТЫ/ИМЯ/NAME": {}, "ТЕГІ | ФАМИЛИЯ / SURNAME": {Surname, ""},
		"ЖСН / ИИН 840801471331": {PersonalNumber, "840801471331"}, "ТУҒАН КУНІ / ДАТА РОЖДЕНИЯ": {BirthDate, ""}, "ТЕГІНШЕ": {}, "Surname: ERIKSSON": {},
		"ТУҒАН": {}, "ФАМИЛИЯСЫ ОСПАНОВ": {},
	} {
		if n, rest, _ := label(text); n != want.name || rest != want.rest {
			t.Errorf("%s: %s %q", text, n, rest)
		}
	}
}
