package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/blob"
)

const (
	orgA = idem.OrgID("01910000-0000-7000-8000-00000000000a")
	orgB = idem.OrgID("01910000-0000-7000-8000-00000000000b")
	ref1 = idem.BlobRef("01910000-0000-7000-8000-0000000000c1")
	ref2 = idem.BlobRef("01910000-0000-7000-8000-0000000000c2")
)

// Harness makes the backends that the contract is run against.
type Harness struct {
	// Fresh makes an empty backend.
	Fresh func(t *testing.T) blob.Store
	// Reopen returns a second handle on the same storage, as after a restart.
	Reopen func(t *testing.T, s blob.Store) blob.Store
	// Full makes a backend whose storage is full after a few hundred
	// kilobytes, and a function that returns how many objects and leftovers,
	// in files or parts, the storage holds.
	Full func(t *testing.T) (s blob.Store, stored func() int)
}

// Run runs the whole contract.
func Run(t *testing.T, h Harness) {
	t.Run("round trip", func(t *testing.T) { roundTrip(t, h) })
	t.Run("written once", func(t *testing.T) { writtenOnce(t, h.Fresh(t)) })
	t.Run("delete", func(t *testing.T) { deletes(t, h.Fresh(t)) })
	t.Run("list", func(t *testing.T) { lists(t, h.Fresh(t)) })
	t.Run("organisations are apart", func(t *testing.T) { apart(t, h.Fresh(t)) })
	t.Run("hostile names", func(t *testing.T) { hostile(t, h.Fresh(t)) })
	t.Run("concurrent", func(t *testing.T) { concurrent(t, h.Fresh(t)) })
	t.Run("one winner", func(t *testing.T) { oneWinner(t, h.Fresh(t)) })
	t.Run("cancelled", func(t *testing.T) { cancelled(t, h.Fresh(t)) })
	t.Run("full", func(t *testing.T) { full(t, h) })
}

func roundTrip(t *testing.T, h Harness) {
	s := h.Fresh(t)
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	for ref, data := range map[idem.BlobRef][]byte{ref1: large, ref2: {}, "ab": []byte("short name")} {
		put(t, s, orgA, ref, data)
		want(t, s, orgA, ref, data)
		want(t, h.Reopen(t, s), orgA, ref, data)
	}
	_, err := s.Get(t.Context(), orgA, "01910000-0000-7000-8000-0000000000c3")
	wantError(t, err, blob.ErrNotFound)
}

func writtenOnce(t *testing.T, s blob.Store) {
	put(t, s, orgA, ref1, []byte("first"))
	wantError(t, s.Put(t.Context(), orgA, ref1, []byte("second")), blob.ErrExists)
	want(t, s, orgA, ref1, []byte("first"))
}

func deletes(t *testing.T, s blob.Store) {
	put(t, s, orgA, ref1, []byte("x"))
	put(t, s, orgA, ref2, []byte("y"))
	for range 2 {
		if err := s.Delete(t.Context(), orgA, ref1); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Get(t.Context(), orgA, ref1)
	wantError(t, err, blob.ErrNotFound)
	want(t, s, orgA, ref2, []byte("y"))
	put(t, s, orgA, ref1, []byte("again"))
	want(t, s, orgA, ref1, []byte("again"))
}

func lists(t *testing.T, s blob.Store) {
	if got := list(t, s, orgA); len(got) != 0 {
		t.Fatalf("an empty store lists %v", got)
	}
	var all []idem.BlobRef
	for i := range 40 {
		ref := idem.BlobRef(fmt.Sprintf("01910000-0000-7000-8000-%012x", i*7919))
		put(t, s, orgA, ref, []byte("x"))
		all = append(all, ref)
	}
	if err := s.Delete(t.Context(), orgA, all[7]); err != nil {
		t.Fatal(err)
	}
	all = slices.Delete(all, 7, 8)
	slices.Sort(all)
	if got := list(t, s, orgA); !slices.Equal(got, all) {
		t.Fatalf("listed %d, want %d", len(got), len(all))
	}
	stop := errors.New("enough")
	calls := 0
	err := s.List(t.Context(), orgA, func(idem.BlobRef) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("list went on after an error: %d calls, %v", calls, err)
	}
}

func apart(t *testing.T, s blob.Store) {
	put(t, s, orgA, ref1, []byte("of A"))
	_, err := s.Get(t.Context(), orgB, ref1)
	wantError(t, err, blob.ErrNotFound)
	put(t, s, orgB, ref1, []byte("of B"))
	if err := s.Delete(t.Context(), orgB, ref1); err != nil {
		t.Fatal(err)
	}
	want(t, s, orgA, ref1, []byte("of A"))
	if got := list(t, s, orgB); len(got) != 0 {
		t.Errorf("B lists %v", got)
	}
}

func hostile(t *testing.T, s blob.Store) {
	names := []string{"", ".", "..", "a", "../" + string(orgB), "a/b", `a\b`, "/etc/passwd", "ab\x00", "ab\n", ".tmp", ".lock", "..ab",
		"a b", "C:ab", "ABC", "aé", "%2e%2e", "ab.", strings.Repeat("a", 129)}
	for _, name := range names {
		for _, at := range []struct {
			org idem.OrgID
			ref idem.BlobRef
		}{{orgA, idem.BlobRef(name)}, {idem.OrgID(name), ref1}} {
			wantError(t, s.Put(t.Context(), at.org, at.ref, []byte("x")), blob.ErrName)
			_, err := s.Get(t.Context(), at.org, at.ref)
			wantError(t, err, blob.ErrName)
			wantError(t, s.Delete(t.Context(), at.org, at.ref), blob.ErrName)
		}
		wantError(t, s.List(t.Context(), idem.OrgID(name), func(idem.BlobRef) error { return nil }), blob.ErrName)
	}
}

func concurrent(t *testing.T, s blob.Store) {
	var group sync.WaitGroup
	for w := range 8 {
		group.Go(func() {
			for i := range 12 {
				ref := idem.BlobRef(fmt.Sprintf("%02d-%02d", w, i))
				data := []byte(strings.Repeat(string(ref), 500))
				if err := s.Put(context.Background(), orgA, ref, data); err != nil {
					t.Error(err)
				}
				if got, err := s.Get(context.Background(), orgA, ref); err != nil || !bytes.Equal(got, data) {
					t.Errorf("read %d bytes, %v", len(got), err)
				}
				if i%3 == 0 {
					if err := s.Delete(context.Background(), orgA, ref); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	if got := list(t, s, orgA); len(got) != 8*8 {
		t.Errorf("%d objects, want 64", len(got))
	}
}

func oneWinner(t *testing.T, s blob.Store) {
	var group sync.WaitGroup
	var mu sync.Mutex
	var winner []byte
	for w := range 8 {
		group.Go(func() {
			data := bytes.Repeat([]byte{byte(w)}, 1000)
			err := s.Put(context.Background(), orgA, ref1, data)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && winner == nil:
				winner = data
			case !errors.Is(err, blob.ErrExists):
				t.Errorf("a second writer got %v", err)
			}
		})
	}
	group.Wait()
	want(t, s, orgA, ref1, winner)
}

func cancelled(t *testing.T, s blob.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, s.Put(ctx, orgA, ref1, []byte("x")), context.Canceled)
	if got := list(t, s, orgA); len(got) != 0 {
		t.Errorf("a cancelled Put left %v", got)
	}
}

func full(t *testing.T, h Harness) {
	s, stored := h.Full(t)
	data := bytes.Repeat([]byte("z"), 64<<10)
	var written []idem.BlobRef
	for i := range 200 {
		ref := idem.BlobRef(fmt.Sprintf("full-%03d", i))
		err := s.Put(t.Context(), orgA, ref, data)
		if err == nil {
			written = append(written, ref)
			continue
		}
		wantError(t, err, idem.ErrStorageFull)
		break
	}
	if len(written) == 200 {
		t.Fatal("the storage never became full")
	}
	if len(written) == 0 {
		t.Fatal("the storage was full at once, nothing was tested")
	}
	if got := list(t, s, orgA); !slices.Equal(got, written) || stored() != len(written) {
		t.Fatalf("%d objects and %d files after %d writes", len(got), stored(), len(written))
	}
	for _, ref := range written {
		want(t, s, orgA, ref, data)
	}
	if err := s.Delete(t.Context(), orgA, written[0]); err != nil {
		t.Fatalf("a full disk must admit deletion: %v", err)
	}
}

func put(t *testing.T, s blob.Store, org idem.OrgID, ref idem.BlobRef, data []byte) {
	t.Helper()
	if err := s.Put(t.Context(), org, ref, data); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, s blob.Store, org idem.OrgID, ref idem.BlobRef, data []byte) {
	t.Helper()
	got, err := s.Get(t.Context(), org, ref)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, data) {
		t.Fatalf("read %d bytes that differ from the %d written", len(got), len(data))
	}
}

func wantError(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("error is %v, want %v", err, target)
	}
}

func list(t *testing.T, s blob.Store, org idem.OrgID) []idem.BlobRef {
	t.Helper()
	var refs []idem.BlobRef
	if err := s.List(t.Context(), org, func(ref idem.BlobRef) error { refs = append(refs, ref); return nil }); err != nil {
		t.Fatal(err)
	}
	slices.Sort(refs)
	return refs
}
