package edocument_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
	"github.com/idem-id/idem/internal/tech/edocument/mdl"
)

func licence(i *edoctest.Issuer) []byte {
	elements := edoctest.Licence()
	elements["portrait"] = edoctest.Portrait()
	return i.Mobile(mdl.DocType, elements)
}

// TestEDOC_11_MobileLicence: fields, portrait and validity; a changed element
// and another root are told apart.
func TestEDOC_11_MobileLicence(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	ed := technology(t, i.Root)
	data := licence(i)
	for name, file := range map[string][]byte{edocument.IssuerSigned: data, edocument.DeviceResponse: edoctest.Response(data)} {
		out, r := run(t, ed, map[string][]byte{name: file})
		if !out.Passed || r.Kind != edocument.FromMobile || out.Face == nil || !bytes.Equal(r.Root.Raw, i.Root) || !r.SignedAt.Equal(i.At) {
			t.Fatalf("%s: %v %+v", name, out.Reasons, r)
		}
		if d := r.Document; d.Surname != "ERIKSSON" || d.Given != "ANNA" || d.Number != "UT1234567" || d.Birth.String() != "1974-08-12" || d.Expiry.String() != "2032-04-15" || d.Sex != "F" {
			t.Errorf("%s: %+v", name, d)
		}
	}
	changed := bytes.Replace(data, []byte("ERIKSSON"), []byte("ERICSSON"), 1)
	out, r := run(t, ed, map[string][]byte{edocument.IssuerSigned: changed})
	refused(t, out, edocument.ElementMismatch)
	if !slices.Equal(r.Elements, []string{"family_name"}) {
		t.Errorf("elements %v", r.Elements)
	}
	other := edoctest.New(t, edoctest.P256())
	out, _ = run(t, technology(t, other.Root), map[string][]byte{edocument.IssuerSigned: data})
	refused(t, out, edocument.MobileNotTrusted)
}

func TestMobileSignatureAndValidity(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	ed := technology(t, i.Root)
	data := licence(i)
	for _, want := range []string{"2027-01-02", "2026-01-02"} { // both digits of the period and its signature
		changed := bytes.Replace(data, []byte(want), []byte("2029-01-02"), 1)
		if bytes.Equal(changed, data) {
			t.Fatalf("no %s in the licence", want)
		}
		out, _ := run(t, ed, map[string][]byte{edocument.IssuerSigned: changed})
		if out.Passed || out.Reasons[0] != edocument.MobileSignature {
			t.Errorf("changed %s: %v", want, out.Reasons)
		}
	}
	out, err := ed.Run(t.Context(), tech.Evidence{Files: map[string][]byte{edocument.IssuerSigned: data}, Now: i.At.AddDate(1, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, out, edocument.MobileNotValid)
}

// TestMobileIssuerIsItsSigner: a signer of one country answers for no other.
func TestMobileIssuerIsItsSigner(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	ed := technology(t, i.Root)
	elements := edoctest.Licence()
	elements["issuing_country"] = "DE"
	out, _ := run(t, ed, map[string][]byte{edocument.IssuerSigned: i.Mobile(mdl.DocType, elements)})
	refused(t, out, edocument.IssuerMismatch)
	delete(elements, "issuing_country")
	out, _ = run(t, ed, map[string][]byte{edocument.IssuerSigned: i.Mobile(mdl.DocType, elements)})
	if !out.Passed || !slices.Contains(out.Warnings, edocument.IssuerUnknown) {
		t.Errorf("without a country: %v %v", out.Reasons, out.Warnings)
	}
}

// TestMobileNamesItsHolder: what is left of a licence without its holder's name
// proves nothing.
func TestMobileNamesItsHolder(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	ed := technology(t, i.Root)
	for _, left := range []string{"family_name", "birth_date", "document_number"} {
		elements := edoctest.Licence()
		delete(elements, left)
		files := map[string][]byte{edocument.IssuerSigned: i.Mobile(mdl.DocType, elements)}
		if out, err := ed.Run(t.Context(), tech.Evidence{Files: files, Now: now}); !errors.Is(err, tech.ErrEvidenceMissing) {
			t.Errorf("without %s: passed %v, %v", left, out.Passed, err)
		}
	}
}

// TestSignersOfOtherThings: a root certifies more than signers of documents.
func TestSignersOfOtherThings(t *testing.T) {
	for purpose, want := range map[string][2]bool{ // chip, licence
		"2.23.136.1.1.3":    {false, false}, // master lists
		"1.0.18013.5.1.2":   {false, true},  // licences
		"1.3.6.1.5.5.7.3.1": {false, false}, // servers
	} {
		i := edoctest.New(t, edoctest.P256())
		i.Purposed(purpose)
		ed := technology(t, i.Root)
		chip, _ := run(t, ed, i.Chip(passport()))
		mobile, _ := run(t, ed, map[string][]byte{edocument.IssuerSigned: licence(i)})
		if got := [2]bool{chip.Passed, mobile.Passed}; got != want {
			t.Errorf("%s: passed %v, want %v; %v %v", purpose, got, want, chip.Reasons, mobile.Reasons)
		}
	}
}

func TestMobileRefusesFiles(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	ed := technology(t, i.Root)
	for name, data := range map[string][]byte{
		"empty": {}, "garbage": []byte("garbage"), "another type": i.Mobile("org.iso.23220.photoid.1", edoctest.Licence()),
		"nested": bytes.Repeat([]byte{0x81}, 1000), "duplicate keys": {0xa2, 0x61, 'a', 1, 0x61, 'a', 1}, "large": make([]byte, mdl.MaxSize+1),
	} {
		for _, file := range []string{edocument.IssuerSigned, edocument.DeviceResponse} {
			if _, err := ed.Run(t.Context(), tech.Evidence{Files: map[string][]byte{file: data}, Now: time.Now()}); !errors.Is(err, edocument.ErrMalformed) {
				t.Errorf("%s as %s: %v", name, file, err)
			}
		}
	}
}

func FuzzMobile(f *testing.F) {
	i := edoctest.New(f, edoctest.P256())
	ed := technology(f, i.Root)
	f.Add(licence(i))
	f.Add(edoctest.Response(i.Mobile(mdl.DocType, edoctest.Licence())))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, file := range []string{edocument.IssuerSigned, edocument.DeviceResponse} {
			out, err := ed.Run(t.Context(), tech.Evidence{Files: map[string][]byte{file: data}, Now: now})
			if err == nil && out.Passed && len(data) < 500 {
				t.Error("passed something shorter than any signature")
			}
		}
	})
}
