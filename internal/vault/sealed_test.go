package vault

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// drawPlace makes places whose parts overlap, so that a sloppy encoding would
// confuse them.
func drawPlace(t *rapid.T, label string) store.Place {
	text := rapid.StringMatching(`[ab\x00]{0,3}`)
	return store.Place{
		Org:    rapid.SampledFrom([]idem.OrgID{"", orgA, orgB}).Draw(t, label+" org"),
		Owner:  text.Draw(t, label+" owner"),
		Column: text.Draw(t, label+" column"),
		Row:    text.Draw(t, label+" row"),
	}
}

func TestSealingHoldsForEveryPlaceAndValue(t *testing.T) {
	v := open(t, Options{URL: filepath.Join(t.TempDir(), "keys.db"), Master: NewMaster()})
	keys := map[idem.OrgID]idem.DataKeyID{}
	for _, org := range []idem.OrgID{"", orgA, orgB} {
		keys[org] = newKey(t, v, org)
	}
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		at, elsewhere := drawPlace(t, "at"), drawPlace(t, "elsewhere")
		plain := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "plain")
		sealed, err := v.Seal(ctx, keys[at.Org], at, plain)
		if err != nil || len(sealed) != len(plain)+Overhead {
			t.Fatalf("sealed %d bytes, %v", len(sealed), err)
		}
		if opened, err := v.Open(ctx, at, sealed); err != nil || !bytes.Equal(opened, plain) {
			t.Fatalf("opened %x, %v", opened, err)
		}
		if _, err := v.Open(ctx, elsewhere, sealed); (elsewhere == at) != (err == nil) || err != nil && !errors.Is(err, ErrSealBroken) {
			t.Fatalf("opened at %+v: %v", elsewhere, err)
		}
	})
}

func TestAssociatedDataIsInjective(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawPlace(t, "a"), drawPlace(t, "b")
		header := []byte{sealVersion}
		if bytes.Equal(associated(header, a), associated(header, b)) != (a == b) {
			t.Fatalf("%+v and %+v", a, b)
		}
	})
}

func FuzzOpen(f *testing.F) {
	v, err := Open(f.Context(), Options{URL: filepath.Join(f.TempDir(), "keys.db"), Master: NewMaster()})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = v.Close() })
	key, err := v.NewKey(f.Context(), "")
	if err != nil {
		f.Fatal(err)
	}
	good, err := v.Seal(f.Context(), key, place(""), []byte("plain"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{})
	f.Add(good[:headerSize])
	f.Add(append([]byte{2}, good[1:]...))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		plain, err := v.Open(t.Context(), place(""), sealed)
		switch {
		case bytes.Equal(sealed, good):
			if err != nil || string(plain) != "plain" {
				t.Fatalf("%q, %v", plain, err)
			}
		case !errors.Is(err, ErrSealBroken) && !errors.Is(err, ErrKeyMissing):
			t.Fatalf("%q, %v", plain, err)
		}
		if id, ok := KeyOf(sealed); ok && len(id) != 36 {
			t.Fatalf("key %q", id)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	v, key := benchVault(b)
	plain := make([]byte, 528)
	for b.Loop() {
		if _, err := v.Seal(b.Context(), key, place(""), plain); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	v, key := benchVault(b)
	sealed, err := v.Seal(b.Context(), key, place(""), make([]byte, 528))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Open(b.Context(), place(""), sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewKey(b *testing.B) {
	v, _ := benchVault(b)
	for b.Loop() {
		if _, err := v.NewKey(b.Context(), ""); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDestroyKey(b *testing.B) {
	v, _ := benchVault(b)
	for b.Loop() {
		b.StopTimer()
		key, err := v.NewKey(b.Context(), "")
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := v.DestroyKey(b.Context(), "", key); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPreload loads 100,000 keys into an empty memory.
func BenchmarkPreload(b *testing.B) {
	v, _ := benchVault(b)
	ids := make([]idem.DataKeyID, 100_000)
	for i := range ids {
		var err error
		if ids[i], err = v.NewKey(b.Context(), ""); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		v.cache.wipe()
		if err := v.Preload(b.Context(), "", ids); err != nil {
			b.Fatal(err)
		}
	}
	if v.cache.len() != len(ids) {
		b.Fatalf("%d keys loaded", v.cache.len())
	}
}

func benchVault(b *testing.B) (*Vault, idem.DataKeyID) {
	v, err := Open(b.Context(), Options{URL: filepath.Join(b.TempDir(), "keys.db"), Master: NewMaster()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = v.Close() })
	key, err := v.NewKey(b.Context(), "")
	if err != nil {
		b.Fatal(err)
	}
	return v, key
}

// TestAEAD: a cipher seals for whoever holds it, and is refused for a key that
// is destroyed or was never there.
func TestAEAD(t *testing.T) {
	v := open(t, Options{URL: t.TempDir() + "/keys.db", Master: NewMaster()})
	key := newKey(t, v, orgA)
	aead, err := v.AEAD(t.Context(), orgA, key)
	if err != nil || aead.NonceSize() != 0 {
		t.Fatalf("AEAD: %v", err)
	}
	sealed := aead.Seal(nil, nil, []byte("plain"), []byte("here"))
	again, err := v.AEAD(t.Context(), orgA, key)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Open(nil, nil, sealed, []byte("here")); err != nil || string(plain) != "plain" {
		t.Errorf("Open: %q, %v", plain, err)
	}
	if _, err := again.Open(nil, nil, sealed, []byte("there")); err == nil {
		t.Error("opened at another place")
	}
	if err := v.DestroyKey(t.Context(), orgA, key); err != nil {
		t.Fatal(err)
	}
	if _, err := v.AEAD(t.Context(), orgA, key); idem.CodeOf(err) != idem.ErrErased.Code {
		t.Errorf("of a destroyed key: %v", err)
	}
	for _, strange := range []idem.DataKeyID{"", "00000000-0000-7000-8000-000000000000"} {
		if _, err := v.AEAD(t.Context(), orgA, strange); idem.CodeOf(err) != ErrKeyMissing.Code {
			t.Errorf("of key %q: %v", strange, err)
		}
	}
}
