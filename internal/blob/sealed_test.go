package blob_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/blob"
	"github.com/idem-id/idem/internal/blob/dir"
	"github.com/idem-id/idem/internal/vault"
	"github.com/idem-id/idem/internal/vault/vaulttest"
)

const (
	org = idem.OrgID("01910000-0000-7000-8000-00000000000a")
	ref = idem.BlobRef("01910000-0000-7000-8000-0000000000c1")
)

func TestSealed(t *testing.T) {
	keys := vaulttest.New(t, org)
	raw, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	sealed := blob.NewSealed(raw, keys)
	key, err := keys.NewKey(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	picture := bytes.Repeat([]byte("picture"), 1000)
	if err := sealed.Put(t.Context(), org, key, "person-1", ref, picture); err != nil {
		t.Fatal(err)
	}
	stored, err := raw.Get(t.Context(), org, ref)
	if err != nil || bytes.Contains(stored, []byte("picture")) {
		t.Fatalf("the stored bytes show the picture: %v", err)
	}
	got, err := sealed.Get(t.Context(), org, "person-1", ref)
	if err != nil || !bytes.Equal(got, picture) {
		t.Fatalf("read %d bytes, %v", len(got), err)
	}
	if _, err := sealed.Get(t.Context(), org, "person-2", ref); !errors.Is(err, vault.ErrSealBroken) {
		t.Errorf("another owner's object: %v", err)
	}
	if err := raw.Put(t.Context(), org, "moved", stored); err != nil {
		t.Fatal(err)
	}
	if _, err := sealed.Get(t.Context(), org, "person-1", "moved"); !errors.Is(err, vault.ErrSealBroken) {
		t.Errorf("a moved object: %v", err)
	}
	if err := keys.DestroyKey(t.Context(), org, key); err != nil {
		t.Fatal(err)
	}
	if _, err := sealed.Get(t.Context(), org, "person-1", ref); !errors.Is(err, idem.ErrErased) {
		t.Errorf("an erased object: %v", err)
	}
	if err := sealed.Delete(t.Context(), org, ref); err != nil {
		t.Fatal(err)
	}
	if _, err := sealed.Get(t.Context(), org, "person-1", ref); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("a deleted object: %v", err)
	}
}
