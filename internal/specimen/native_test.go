package specimen_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/font/sfnt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/mrz"
	"github.com/idem-id/idem/internal/specimen"
)

// TestBilingualCardsNameOneHolder: the zone spells the Cyrillic names, and the
// fonts have their letters.
func TestBilingualCardsNameOneHolder(t *testing.T) {
	f := fonts(t)
	r := rand.New(rand.NewPCG(7, 7))
	letters := map[rune]bool{}
	for range 300 {
		p := specimen.NewNative(r)
		if !mrz.Spells(p.Native.Surname, p.Surname) || !mrz.Spells(p.Native.Given, p.Given) || len(p.PersonalNumber) != 12 {
			t.Fatalf("%+v, %+v", p, p.Native)
		}
		for _, c := range p.Native.Surname + p.Native.Given + p.Native.Patronymic + p.Native.BirthPlace + p.Native.Authority {
			letters[c] = true
		}
	}
	for _, c := range "ӘҒҚӨҰҮІЁЙЩЮЯ" {
		if !letters[c] {
			t.Errorf("no name has %q", c)
		}
	}
	var b sfnt.Buffer
	for c := range letters {
		if i, err := f.Bold.GlyphIndex(&b, c); err != nil || i == 0 {
			t.Errorf("the fonts lack %q: %v", c, err)
		}
	}
	p := specimen.NewNative(r)
	back, err := specimen.Draw(f, specimen.Bilingual, p, nil, r)
	if err != nil {
		t.Fatal(err)
	}
	z, err := mrz.Parse(back.Lines, mrz.Options{Now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), Specimen: true})
	if err != nil || !z.Valid() || z.Issuer != "UTO" || z.Surname != strings.ReplaceAll(p.Surname, "<", " ") {
		t.Errorf("%+v, %v", z, err)
	}
	if _, err := specimen.Draw(f, specimen.TD3, p, nil, r); idem.CodeOf(err) != "SPECIMEN_KIND" {
		t.Errorf("a Latin passport of a holder with Cyrillic names: %v", err)
	}
	if err := specimen.Write(t.Context(), f, t.TempDir(), specimen.Batch{Count: 1, Kinds: []specimen.Kind{specimen.BilingualFront}}); idem.CodeOf(err) != "SPECIMEN_KIND" {
		t.Errorf("a front alone has no zone to measure by: %v", err)
	}
}
