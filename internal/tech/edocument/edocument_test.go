package edocument_test

import (
	"bytes"
	"crypto/elliptic"
	"errors"
	"fmt"
	"image"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
	"github.com/idem-id/idem/internal/tech/edocument/trust"
)

// TestMain lets the test binary be the worker of its own tests.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "worker" {
		if err := picture.RunWorker(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// technology trusts the roots given, for travel and mobile documents alike.
func technology(t testing.TB, roots ...[]byte) *edocument.Technology {
	t.Helper()
	store := trust.Open(filepath.Join(t.TempDir(), "trust"))
	for _, data := range roots {
		if _, err := store.Import(data); err != nil {
			t.Fatal(err)
		}
	}
	return edocument.New(edocument.Deps{Travel: store, Mobile: store, Decoder: picture.NewDecoder(picture.DefaultLimits(), nil)})
}

func run(t testing.TB, ed *edocument.Technology, files map[string][]byte) (tech.Outcome, *edocument.Result) {
	t.Helper()
	out, err := ed.Run(t.Context(), tech.Evidence{Files: files, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return out, out.Details.(*edocument.Result)
}

func passport() map[int][]byte {
	return edoctest.Groups(edoctest.Passport(), edoctest.Portrait())
}

// refused checks reasons, and that nothing of an unproven document is told.
func refused(t *testing.T, out tech.Outcome, want ...tech.Reason) {
	t.Helper()
	r := out.Details.(*edocument.Result)
	if out.Passed || !slices.Equal(out.Reasons, want) {
		t.Errorf("reasons %v, want %v", out.Reasons, want)
	}
	if out.Face != nil || r.Document != nil || r.Portrait != nil || r.Proven {
		t.Error("an unproven document was used")
	}
}

// TestEDOC_1_PassiveAuthentication: every algorithm that issuers use passes
// with signer, root, signing time, fields and portrait.
func TestEDOC_1_PassiveAuthentication(t *testing.T) {
	for _, a := range edoctest.Algorithms() {
		t.Run(a.Name, func(t *testing.T) {
			i := edoctest.New(t, a)
			out, r := run(t, technology(t, i.Root), i.Chip(passport()))
			if !out.Passed || !r.Proven || len(out.Reasons)+len(out.Warnings) > 0 || r.Chip != edocument.AuthenticationNone {
				t.Fatalf("%v %v %+v", out.Reasons, out.Warnings, r)
			}
			if !bytes.Equal(r.Signer.Raw, i.Signer) || !bytes.Equal(r.Root.Raw, i.Root) || !r.SignedAt.Equal(i.At) {
				t.Errorf("signer %v, root %v at %v", r.Signer, r.Root, r.SignedAt)
			}
			d := r.Document
			got := fmt.Sprintln(d.Type, d.Issuer, d.Number, d.Surname, d.Given, d.Birth, d.Expiry, d.Sex)
			if want := "P UTO L898902C3 ERIKSSON ANNA MARIA 1974-08-12 2032-04-15 F\n"; got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if out.Face == nil || out.Face.Bounds().Size() != image.Pt(90, 120) || !bytes.Equal(r.Portrait.Data, edoctest.Portrait()) {
				t.Error("portrait differs")
			}
		})
	}
}

// TestEDOC_2_Tampering: each alteration has its reason.
func TestEDOC_2_Tampering(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	ed := technology(t, i.Root)
	for name, c := range map[string]struct {
		file string
		at   int
		want tech.Reason
	}{
		"zone":      {"EF.DG1", 20, edocument.DigestMismatch},
		"portrait":  {"EF.DG2", 200, edocument.DigestMismatch},
		"signature": {"EF.SOD", -1, edocument.SignatureInvalid},
	} {
		files := i.Chip(passport())
		at := (c.at + len(files[c.file])) % len(files[c.file])
		files[c.file][at] ^= 1
		out, r := run(t, ed, files)
		refused(t, out, c.want)
		if c.want == edocument.DigestMismatch && (len(r.Altered) != 1 || c.file != fmt.Sprintf("EF.DG%d", r.Altered[0])) {
			t.Errorf("%s: altered %v", name, r.Altered)
		}
	}
}

// TestEDOC_3_UntrustedRoot: another root, even of the same name, is told apart
// from tampering.
func TestEDOC_3_UntrustedRoot(t *testing.T) {
	i, other := edoctest.New(t, edoctest.P256()), edoctest.New(t, edoctest.P256())
	out, _ := run(t, technology(t, other.Root), i.Chip(passport()))
	refused(t, out, edocument.NotTrusted)
	out, _ = run(t, technology(t), i.Chip(passport()))
	refused(t, out, edocument.NotTrusted)
}

// TestEDOC_4_UnlistedGroup: what the issuer did not sign is refused.
func TestEDOC_4_UnlistedGroup(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	files := i.Chip(passport())
	files["EF.DG11"] = edoctest.TLV(0x6B, edoctest.TLV(0x5F0E, []byte("OTHER<<NAME")))
	out, r := run(t, technology(t, i.Root), files)
	refused(t, out, edocument.GroupUnlisted)
	if !slices.Equal(r.Unlisted, []int{11}) {
		t.Errorf("unlisted %v", r.Unlisted)
	}
}

// TestEDOC_5_PortraitWithoutWorker: JPEG 2000 is kept as it came and warned of.
func TestEDOC_5_PortraitWithoutWorker(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	portrait := []byte("\xff\x4f\xff\x51 codestream")
	out, r := run(t, technology(t, i.Root), i.Chip(edoctest.Groups(edoctest.Passport(), portrait)))
	if !out.Passed || out.Face != nil || !slices.Equal(out.Warnings, []tech.Reason{edocument.PortraitUnsupported}) ||
		!bytes.Equal(r.Portrait.Data, portrait) || r.Portrait.Type != "image/j2c" {
		t.Errorf("%v %v %+v", out.Reasons, out.Warnings, r.Portrait)
	}
}

// TestEDOC_5_PortraitInWorker: with a worker and a build that has the decoder
// JPEG 2000 becomes an image, and the original is kept.
func TestEDOC_5_PortraitInWorker(t *testing.T) {
	if !picture.DecodesJPEG2000() {
		t.Skip("this build has no decoder of JPEG 2000 (make test has)")
	}
	worker, err := picture.SelfWorker()
	if err != nil {
		t.Fatal(err)
	}
	i := edoctest.New(t, edoctest.P256())
	ed := technology(t, i.Root)
	ed.Decoder = picture.NewDecoder(picture.DefaultLimits(), worker)
	for _, name := range []string{"quarters.jp2", "quarters.j2k"} {
		portrait, err := os.ReadFile(filepath.Join("..", "..", "picture", "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		out, r := run(t, ed, i.Chip(edoctest.Groups(edoctest.Passport(), portrait)))
		if !out.Passed || len(out.Warnings) > 0 || out.Face == nil || out.Face.Bounds().Size() != image.Pt(96, 128) || !bytes.Equal(r.Portrait.Data, portrait) {
			t.Errorf("%s: %v %v", name, out.Reasons, out.Warnings)
		}
	}
	if _, err := ed.Run(t.Context(), tech.Evidence{Now: now, Files: i.Chip(edoctest.Groups(edoctest.Passport(), []byte("\xff\x4f\xff\x51 codestream")))}); !errors.Is(err, edocument.ErrPortrait) {
		t.Errorf("damaged: %v", err)
	}
}

func TestDamagedPortraitIsRefused(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	_, err := technology(t, i.Root).Run(t.Context(), tech.Evidence{Now: now, Files: i.Chip(edoctest.Groups(edoctest.Passport(), []byte("\xff\xd8\xff damaged")))})
	if !errors.Is(err, edocument.ErrPortrait) {
		t.Errorf("err = %v", err)
	}
}

// TestEDOC_8_UnknownCurve: parameters with another base point are no curve,
// and a curve that is not known is none either.
func TestEDOC_8_UnknownCurve(t *testing.T) {
	forged := *elliptic.P256().Params()
	//lint:ignore SA1019 a forger needs the low level
	forged.Gx, forged.Gy = elliptic.P256().ScalarBaseMult(big.NewInt(2).Bytes())
	for name, a := range map[string]edoctest.Algorithm{
		"another base point": {Hash: edoctest.P256().Hash, Curve: &forged, Explicit: true},
		"secp256k1 by name":  {Hash: edoctest.P256().Hash, Curve: elliptic.P256(), CurveOID: "1.3.132.0.10"},
	} {
		i := edoctest.New(t, a)
		store := technology(t)
		if _, err := store.Travel.Import(i.Root); err == nil {
			t.Errorf("%s: the root was taken in", name)
		}
		out, _ := run(t, store, i.Chip(passport()))
		refused(t, out, edocument.UnsupportedAlgorithm)
	}
}

// TestEDOC_9_ActiveAuthentication: a chip that answers the challenge is the
// original; an answer to another challenge is refused. That a challenge serves
// once is kept by the use case.
func TestEDOC_9_ActiveAuthentication(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	ed := technology(t, i.Root)
	for _, a := range edoctest.Algorithms()[4:6] {
		key, err := a.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		groups := passport()
		groups[14], groups[15] = edoctest.DG14(), edoctest.DG15(a, key)
		asked, err := ed.Challenge(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		files := i.Chip(groups)
		files[edocument.ActiveResponse] = edoctest.Answer(key, asked.Memo)
		out, err := ed.Run(t.Context(), tech.Evidence{Files: files, Challenge: asked.Memo, Now: now})
		if err != nil || !out.Passed || out.Details.(*edocument.Result).Chip != edocument.AuthenticationActive {
			t.Errorf("%s: %v, %v", a.Name, out.Reasons, err)
		}
		again, _ := ed.Challenge(t.Context())
		out, err = ed.Run(t.Context(), tech.Evidence{Files: files, Challenge: again.Memo, Now: now})
		if err != nil || out.Passed || !slices.Equal(out.Reasons, []tech.Reason{edocument.ActiveFailed}) || out.Face != nil {
			t.Errorf("%s, another challenge: %v, %v", a.Name, out.Reasons, err)
		}
		if _, err = ed.Run(t.Context(), tech.Evidence{Files: files, Now: now}); !errors.Is(err, edocument.ErrChallenge) {
			t.Errorf("%s, no challenge: %v", a.Name, err)
		}
		delete(files, edocument.ActiveResponse)
		if _, err = ed.Run(t.Context(), tech.Evidence{Files: files, Challenge: again.Memo, Now: now}); !errors.Is(err, tech.ErrEvidenceMissing) {
			t.Errorf("%s, no answer to the challenge: %v", a.Name, err)
		}
	}
}

// TestEDOC_10_PolicyRequiresTheChip: passive data alone are not enough then.
func TestEDOC_10_PolicyRequiresTheChip(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	ed := technology(t, i.Root)
	ed.Policy.RequireChip = true
	out, r := run(t, ed, i.Chip(passport()))
	if out.Passed || !slices.Equal(out.Reasons, []tech.Reason{edocument.InsufficientAssurance}) || !r.Proven || r.Chip != edocument.AuthenticationNone {
		t.Errorf("%v %+v", out.Reasons, r)
	}
}

func TestSignerIsChecked(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	files := i.Chip(passport())
	out, _ := run(t, technology(t, i.Root, i.Revoke(i.Serial)), files)
	refused(t, out, edocument.SignerRevoked)

	late := *i
	late.At = i.At.AddDate(10, 0, 0)
	out, err := technology(t, i.Root).Run(t.Context(), tech.Evidence{Files: late.Chip(passport()), Now: late.At})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, out, edocument.SignerInvalid)
}

func TestStateIsThatOfTheSigner(t *testing.T) {
	germany := edoctest.NewIn(t, edoctest.P256(), "DE")
	ed := technology(t, germany.Root)
	out, _ := run(t, ed, germany.Chip(passport()))
	refused(t, out, edocument.IssuerMismatch)
	zone := []string{"P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4"}
	out, _ = run(t, ed, germany.Chip(edoctest.Groups(zone, edoctest.Portrait())))
	if !out.Passed || len(out.Warnings) > 0 {
		t.Errorf("a German passport: %v %v", out.Reasons, out.Warnings)
	}
}

func TestOptionalGroups(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	groups := passport()
	groups[11] = edoctest.TLV(0x6B, edoctest.TLV(0x5F0E, []byte("ERIKSSON<<ANNA<MARIA")), edoctest.TLV(0x5F10, []byte("123456")), edoctest.TLV(0x5F2B, []byte{0x19, 0x74, 0x08, 0x12}))
	groups[12] = edoctest.TLV(0x6C, edoctest.TLV(0x5F26, []byte("20220415")))
	_, r := run(t, technology(t, i.Root), i.Chip(groups))
	if d := r.Document; d.PersonalNumber != "123456" || d.FullName != "ERIKSSON ANNA MARIA" || d.Issued.String() != "2022-04-15" || d.Birth.String() != "1974-08-12" {
		t.Errorf("%+v", d)
	}
}

// TestCenturyOfBirth: group 11 adds the century to a birth of the zone, and no
// other year.
func TestCenturyOfBirth(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	for full, want := range map[string]string{"18740812": "1874-08-12", "19750812": "1974-08-12", "19740813": "1974-08-12"} {
		groups := passport()
		groups[11] = edoctest.TLV(0x6B, edoctest.TLV(0x5F2B, []byte(full)))
		_, r := run(t, technology(t, i.Root), i.Chip(groups))
		if got := r.Document.Birth.String(); got != want {
			t.Errorf("%s: born %s, want %s", full, got, want)
		}
	}
}

func TestRefusedFiles(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	ed := technology(t, i.Root)
	noZone := passport()
	delete(noZone, 1)
	for name, c := range map[string]struct {
		files map[string][]byte
		want  error
	}{
		"none":    {nil, tech.ErrEvidenceMissing},
		"foreign": {map[string][]byte{"x": {}}, edocument.ErrUnknown},
		"garbage": {map[string][]byte{"EF.SOD": []byte("garbage")}, edocument.ErrMalformed},
		"huge":    {map[string][]byte{"EF.SOD": make([]byte, 1<<20)}, edocument.ErrTooLarge},
		"no zone": {i.Chip(noZone), tech.ErrEvidenceMissing},
	} {
		if _, err := ed.Run(t.Context(), tech.Evidence{Files: c.files, Now: now}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
