package trust

import (
	"bytes"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
	"github.com/idem-id/idem/internal/tech/edocument/pki"
)

func certificate(t *testing.T, der []byte) *pki.Certificate {
	t.Helper()
	c, err := pki.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestEDOC_7_MasterList: the signature is checked, certificates are counted by
// country, unreadable ones listed.
func TestEDOC_7_MasterList(t *testing.T) {
	utopia, germany := edoctest.New(t, edoctest.P256()), edoctest.NewIn(t, edoctest.Algorithms()[10], "DE")
	list := utopia.MasterList(utopia.Root, germany.Root, germany.Signer, edoctest.Seq([]byte{2, 1, 7}))
	store := Open(filepath.Join(t.TempDir(), "trust"))
	item, err := store.Import(list)
	if err != nil {
		t.Fatal(err)
	}
	if item.Kind != Master || !item.List.Anchored || item.List.Signer.Fingerprint() != certificate(t, utopia.Signer).Fingerprint() {
		t.Errorf("signer %v, anchored %v", item.List.Signer.Subject, item.List.Anchored)
	}
	counts := Countries(item.Certificates)
	if counts["UT"] != 1 || counts["DE"] != 1 || len(item.List.Unreadable) != 2 {
		t.Errorf("counted %v, unreadable %q", counts, item.List.Unreadable)
	}
	set, err := store.Set()
	if err != nil {
		t.Fatal(err)
	}
	if root, err := set.Issuer(certificate(t, germany.Signer)); err != nil || !bytes.Equal(root.Raw, germany.Root) {
		t.Errorf("issuer: %v", err)
	}
}

func TestAlteredMasterListIsRefused(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	list := i.MasterList(i.Root)
	list[bytes.LastIndex(list, []byte("Specimen"))] ^= 1
	folder := filepath.Join(t.TempDir(), "trust")
	if _, err := Open(folder).Import(list); err == nil {
		t.Error("an altered list was taken in")
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("a refused file left a folder")
	}
}

func TestImportOfPEM(t *testing.T) {
	i, other := edoctest.New(t, edoctest.P256()), edoctest.NewIn(t, edoctest.P256(), "DE")
	one := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Root})
	item, err := Open(t.TempDir()).Import(one)
	if err != nil || !bytes.Equal(item.Certificates[0].Raw, i.Root) {
		t.Errorf("%+v, %v", item, err)
	}
	bundle := append(one, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.Root})...)
	if _, err := Open(t.TempDir()).Import(bundle); err == nil {
		t.Error("a part of a bundle was taken in")
	}
}

func TestStoreFollowsItsFolder(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	folder := filepath.Join(t.TempDir(), "trust")
	store := Open(folder)
	signer := certificate(t, i.Signer)
	expect := func(want error) {
		t.Helper()
		store.looked = time.Time{}
		set, err := store.Set()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := set.Issuer(signer); !errors.Is(err, want) {
			t.Errorf("issuer: %v, want %v", err, want)
		}
	}
	expect(ErrNotTrusted)
	item, err := Open(folder).Import(i.Root)
	if err != nil {
		t.Fatal(err)
	}
	expect(nil)
	if err := os.WriteFile(filepath.Join(folder, "broken.cer"), []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(nil)
	if err := store.Remove(item.Name); err != nil {
		t.Fatal(err)
	}
	expect(ErrNotTrusted)
	if err := store.Remove("../" + item.Name); err == nil {
		t.Error("removed outside the folder")
	}
}

// TestRevocation: a list of a root that is not trusted does not count; one that
// the same authority signed with another key does.
func TestRevocation(t *testing.T) {
	i, rekeyed := edoctest.New(t, edoctest.P256()), edoctest.New(t, edoctest.P256())
	signer := certificate(t, i.Signer)
	store := Open(t.TempDir())
	for _, step := range []struct {
		data    []byte
		revoked bool
	}{{i.Root, false}, {rekeyed.Revoke(i.Serial), false}, {rekeyed.Root, true}} {
		if _, err := store.Import(step.data); err != nil {
			t.Fatal(err)
		}
		store.looked = time.Time{}
		set, _ := store.Set()
		if at, revoked := set.Revoked(signer); revoked != step.revoked || revoked && !at.Equal(i.At) {
			t.Errorf("revoked %v at %v", revoked, at)
		}
	}
}

// TestRenewedRoot: of two certificates of one key, the one that was valid then.
func TestRenewedRoot(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	old, signer := certificate(t, i.RenewedRoot(i.At.AddDate(-20, 0, 0), i.At.AddDate(-10, 0, 0))), certificate(t, i.Signer)
	for _, roots := range [][]*pki.Certificate{{old, certificate(t, i.Root)}, {certificate(t, i.Root), old}} {
		if root, err := NewSet(roots, nil).Issuer(signer); err != nil || !bytes.Equal(root.Raw, i.Root) {
			t.Errorf("root %v, %v", root, err)
		}
	}
	if root, err := NewSet([]*pki.Certificate{old}, nil).Issuer(signer); err != nil || root != old {
		t.Errorf("root %v, %v", root, err)
	}
}

// TestMasterListProvesOnlyItself: a list whose signer no root on it issued says
// so, whatever comes with it; a signer's certificate is no root.
func TestMasterListProvesOnlyItself(t *testing.T) {
	i, other := edoctest.New(t, edoctest.P256()), edoctest.NewIn(t, edoctest.P256(), "DE")
	list, err := ParseMasterList(i.MasterList(other.Root)) // which carries i.Root beside the list
	if err != nil || list.Anchored {
		t.Errorf("anchored %v, %v", list.Anchored, err)
	}
	if _, err := Open(t.TempDir()).Import(i.Signer); err == nil {
		t.Error("a signer became a root")
	}
}

func FuzzImport(f *testing.F) {
	i := edoctest.New(f, edoctest.P256())
	for _, seed := range [][]byte{i.Root, i.MasterList(i.Root), i.Revoke(i.Serial), []byte("-----BEGIN")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if item, err := recognise(data); err == nil && item.Kind == "" {
			t.Error("recognised nothing without an error")
		}
	})
}
