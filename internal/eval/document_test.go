package eval_test

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/eval"
	"github.com/idem-id/idem/internal/specimen"
)

var utopian = []string{
	"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
	"L898902C36UTO7408122F1204159ZE184226B<<<<<10"}

// documents makes a folder of n empty pictures that claim to be a passport.
func documents(t *testing.T, n int) string {
	t.Helper()
	folder := t.TempDir()
	var entries []specimen.Entry
	for i := range n {
		file := string(rune('a'+i)) + ".jpg"
		f, err := os.Create(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(jpeg.Encode(f, image.NewGray(image.Rect(0, 0, 80+i, 80)), nil), f.Close()); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, specimen.Entry{File: file, Kind: specimen.TD3, Level: "L1", MRZ: utopian, Person: specimen.Holder{PersonalNumber: "740812400012"}})
	}
	data, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, specimen.ManifestName), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// reader answers by the width of the picture: right, a name misread, a data
// line misread with an invented number, refused.
func reader(_ context.Context, pages ...image.Image) (eval.DocumentReading, error) {
	right := map[string]string{"surname": "ERIKSSON", "given_names": "ANNA MARIA", "document_number": "L898902C3", "birth_date": "1974-08-12", "sex": "F", "personal_number": "740812400012"}
	switch pages[0].Bounds().Dx() - 80 {
	case 0:
		return eval.DocumentReading{Lines: utopian, Valid: true, Fields: right}, nil
	case 1:
		right["surname"] = "ERIXSSON"
		return eval.DocumentReading{Lines: []string{strings.Replace(utopian[0], "KSS", "XSS", 1), utopian[1]}, Valid: true, Fields: right}, nil
	case 2:
		right["document_number"] = "777777777"
		return eval.DocumentReading{Lines: []string{utopian[0], strings.Replace(utopian[1], "L898902C3", "777777777", 1)}, Fields: right}, nil
	}
	return eval.DocumentReading{}, idem.Errorf(idem.Unprocessable, "DOCUMENT_NOT_FOUND", "none")
}

func TestDocumentsCountsWhatWasRead(t *testing.T) {
	d, err := eval.Documents(t.Context(), reader, documents(t, 4), eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l := d.Levels[0]
	for name, c := range map[string][2]int{
		"pictures": {d.Pictures, 4}, "found": {l.Found.Hits, 3}, "valid": {l.Valid.Hits, 2}, "exact": {l.Exact.Hits, 1}, "data line": {l.DataLine.Hits, 2},
		"names": {l.Names.Hits, 2}, "valid but wrong": {l.ValidWrong.Hits, 1}, "fields": {l.Fields, 18}, "wrong": {l.Wrong, 2}, "invented": {l.Invented, 1},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: %d, want %d", name, c[0], c[1])
		}
	}
	if l.Found.N != 4 || l.Level != "L1" {
		t.Errorf("%+v", l)
	}
	var b strings.Builder
	if err := d.Text(&b); err != nil || !strings.Contains(b.String(), "| L1 | 75.00 % (3/4,") {
		t.Errorf("%s %v", b.String(), err)
	}
}

func TestDocumentsStopsWithoutAnEngine(t *testing.T) {
	missing := idem.Errorf(idem.Unavailable, "ENGINE_UNAVAILABLE", "no models")
	_, err := eval.Documents(t.Context(), func(context.Context, ...image.Image) (eval.DocumentReading, error) {
		return eval.DocumentReading{}, missing
	}, documents(t, 1), eval.Options{})
	if !errors.Is(err, missing) {
		t.Error(err)
	}
}

// TestDocumentsCountsCyrillicValues shows a bilingual card of which one value
// is read, one misread and the rest not.
func TestDocumentsCountsCyrillicValues(t *testing.T) {
	folder := documents(t, 2)
	entries, err := specimen.ReadManifest(folder)
	if err != nil {
		t.Fatal(err)
	}
	e := entries[0]
	e.Front, e.Person.Native = entries[1].File, &specimen.Native{Surname: "ОСПАНОВА", Given: "ӘСЕЛ", Patronymic: "СЕРІКҚЫЗЫ", BirthPlace: "АЛМАТЫ", Authority: "ІІМ"}
	data, err := json.Marshal([]specimen.Entry{e})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, specimen.ManifestName), data, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := eval.Documents(t.Context(), func(_ context.Context, pages ...image.Image) (eval.DocumentReading, error) {
		if len(pages) != 2 || pages[0].Bounds().Dx() != 81 {
			t.Errorf("%d pages, the front is not the first", len(pages))
		}
		visual := map[string]string{"surname": "ОСПАНОВА", "given_names": "АСЕЛ"}
		return eval.DocumentReading{Lines: utopian, Valid: true, Fields: map[string]string{"patronymic": "СЕРІКҚЫЗЫ"}, Visual: visual}, nil
	}, folder, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := d.Levels[0].Native
	if n == nil || n.Right.Hits != 1 || n.Right.N != 5 || n.Wrong.Hits != 1 || d.Levels[0].Wrong != 0 {
		t.Errorf("%+v, %+v", n, d.Levels[0])
	}
	var b strings.Builder
	if err := d.Text(&b); err != nil || !strings.Contains(b.String(), "Cyrillic") {
		t.Errorf("%s %v", b.String(), err)
	}
}
