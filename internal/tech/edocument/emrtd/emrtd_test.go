package emrtd_test

import (
	"bytes"
	"crypto"
	"errors"
	"slices"
	"testing"

	"github.com/idem-id/idem/internal/tech/edocument/cms"
	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
	"github.com/idem-id/idem/internal/tech/edocument/emrtd"
	"github.com/idem-id/idem/internal/tech/edocument/pki"
)

func TestChipOfEveryAlgorithm(t *testing.T) {
	for _, a := range edoctest.Algorithms() {
		t.Run(a.Name, func(t *testing.T) {
			i := edoctest.New(t, a)
			chip := open(t, i.Chip(edoctest.Groups(edoctest.Passport(), edoctest.Portrait())))
			signature, err := chip.SOD.Signed.Verify()
			if err != nil || !signature.Time.Equal(i.At) {
				t.Fatalf("signature: %v, signed at %v", err, signature.Time)
			}
			root, err := pki.ParseCertificate(i.Root)
			if err != nil {
				t.Fatal(err)
			}
			if err := signature.Certificate.CheckIssuer(root); err != nil || !root.MayIssue(signature.Certificate) || !root.SelfSigned() || !root.Authority {
				t.Errorf("issuer: %v", err)
			}
			differ, unlisted, err := chip.CheckDigests()
			if err != nil || len(differ)+len(unlisted) > 0 {
				t.Errorf("digests: %v %v %v", differ, unlisted, err)
			}
		})
	}
}

func open(t *testing.T, files map[string][]byte) *emrtd.Chip {
	t.Helper()
	chip, err := emrtd.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	return chip
}

func TestAlteredChip(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	files := i.Chip(edoctest.Groups(edoctest.Passport(), edoctest.Portrait()))
	files["EF.DG2"] = bytes.Clone(files["EF.DG2"])
	files["EF.DG2"][100] ^= 1
	files["EF.DG11"] = []byte{0x6b, 0}
	differ, unlisted, err := open(t, files).CheckDigests()
	if err != nil || !slices.Equal(differ, []int{2}) || !slices.Equal(unlisted, []int{11}) {
		t.Errorf("%v %v %v", differ, unlisted, err)
	}
	sod := bytes.Clone(files["EF.SOD"])
	sod[len(sod)-1] ^= 1
	files["EF.SOD"] = sod
	if _, err := open(t, files).SOD.Signed.Verify(); !errors.Is(err, cms.ErrSignature) {
		t.Errorf("altered signature: %v", err)
	}
}

func TestSignedContentAltered(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	files := i.Chip(edoctest.Groups(edoctest.Passport(), edoctest.Portrait()))
	sum := crypto.SHA256.New()
	sum.Write(files["EF.DG1"])
	at := bytes.Index(files["EF.SOD"], sum.Sum(nil))
	if at < 0 {
		t.Fatal("no digest in the security object")
	}
	files["EF.SOD"][at] ^= 1
	if _, err := open(t, files).SOD.Signed.Verify(); !errors.Is(err, cms.ErrSignature) {
		t.Errorf("altered content: %v", err)
	}
}

func TestOpenRefusesFiles(t *testing.T) {
	good := edoctest.New(t, edoctest.P256()).SOD(nil)
	for name, c := range map[string]struct {
		files map[string][]byte
		want  error
	}{
		"nothing":       {nil, emrtd.ErrMissing},
		"no SOD":        {map[string][]byte{"EF.DG1": {}}, emrtd.ErrMissing},
		"garbage":       {map[string][]byte{"EF.SOD": []byte("garbage")}, emrtd.ErrMalformed},
		"cut":           {map[string][]byte{"EF.SOD": good[:len(good)-20]}, emrtd.ErrMalformed},
		"foreign":       {map[string][]byte{"EF.SOD": good, "passwd": {}}, emrtd.ErrUnknown},
		"no such group": {map[string][]byte{"EF.SOD": good, "EF.DG17": {}}, emrtd.ErrUnknown},
		"SOD twice":     {map[string][]byte{"EF.SOD": good, "ef.sod": good}, emrtd.ErrUnknown},
		"group twice":   {map[string][]byte{"EF.SOD": good, "EF.DG1": {1}, "ef.dg1": {2}}, emrtd.ErrUnknown},
		"zero":          {map[string][]byte{"EF.SOD": good, "EF.DG01": {}}, emrtd.ErrUnknown},
		"large SOD":     {map[string][]byte{"EF.SOD": make([]byte, emrtd.MaxSOD+1)}, emrtd.ErrTooLarge},
		"large group":   {map[string][]byte{"EF.SOD": good, "EF.DG2": make([]byte, emrtd.MaxGroup+1)}, emrtd.ErrTooLarge},
	} {
		if _, err := emrtd.Open(c.files); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMRZ(t *testing.T) {
	chip := emrtd.Chip{Groups: map[int][]byte{1: edoctest.DG1(edoctest.Passport())}}
	lines, err := chip.MRZ()
	if err != nil || !slices.Equal(lines, edoctest.Passport()) {
		t.Errorf("%q, %v", lines, err)
	}
	chip.Groups[1] = edoctest.DG1([]string{"P<UTO"})
	if _, err := chip.MRZ(); !errors.Is(err, emrtd.ErrMalformed) {
		t.Errorf("short zone: %v", err)
	}
}

func TestActiveAuthentication(t *testing.T) {
	for _, a := range edoctest.Algorithms() {
		if a.Explicit || a.PSS || a.RSABits > 0 && a.Hash != crypto.SHA1 {
			continue
		}
		key, err := a.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		chip := emrtd.Chip{Groups: map[int][]byte{14: edoctest.DG14(), 15: edoctest.DG15(a, key)}}
		challenge := []byte("8 octets")
		if err := chip.VerifyActive(challenge, edoctest.Answer(key, challenge)); err != nil {
			t.Errorf("%s: %v", a.Name, err)
		}
		if err := chip.VerifyActive([]byte("another!"), edoctest.Answer(key, challenge)); !errors.Is(err, pki.ErrSignature) {
			t.Errorf("%s, another challenge: %v", a.Name, err)
		}
		if err := chip.VerifyActive(challenge, nil); !errors.Is(err, pki.ErrSignature) {
			t.Errorf("%s, no answer: %v", a.Name, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	i := edoctest.New(f, edoctest.P256())
	files := i.Chip(edoctest.Groups(edoctest.Passport(), []byte("\xff\xd8\xff image")))
	f.Add(files["EF.SOD"], files["EF.DG1"], files["EF.DG2"])
	f.Fuzz(func(t *testing.T, sod, dg1, dg2 []byte) {
		chip, err := emrtd.Open(map[string][]byte{"EF.SOD": sod, "EF.DG1": dg1, "EF.DG2": dg2, "EF.DG11": dg1, "EF.DG15": dg2})
		if err != nil {
			return
		}
		_, _ = chip.SOD.Signed.Verify()
		_, _, _ = chip.CheckDigests()
		if lines, err := chip.MRZ(); err == nil && len(lines) < 2 {
			t.Errorf("zone of %d lines", len(lines))
		}
		_, _ = chip.Portrait()
		_, _ = chip.Details()
		_ = chip.VerifyActive([]byte("8 octets"), dg1)
	})
}
