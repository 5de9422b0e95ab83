package trust

import (
	"bytes"
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
	if counts["UT"] != 1 || counts["DE"] != 2 || len(item.List.Unreadable) != 1 {
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

func TestRevocation(t *testing.T) {
	i, other := edoctest.New(t, edoctest.P256()), edoctest.New(t, edoctest.P256())
	store := Open(t.TempDir())
	for _, data := range [][]byte{i.Root, other.Root, other.Revoke(i.Serial)} {
		if _, err := store.Import(data); err != nil {
			t.Fatal(err)
		}
	}
	signer, root := certificate(t, i.Signer), certificate(t, i.Root)
	set, _ := store.Set()
	if _, revoked := set.Revoked(signer, root); revoked {
		t.Error("another root's list of the same name counted")
	}
	if _, err := store.Import(i.Revoke(i.Serial)); err != nil {
		t.Fatal(err)
	}
	store.looked = time.Time{}
	set, _ = store.Set()
	if at, revoked := set.Revoked(signer, root); !revoked || !at.Equal(i.At) {
		t.Errorf("revoked %v at %v", revoked, at)
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
