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
