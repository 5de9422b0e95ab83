package gallery_test

import (
	"cmp"
	"context"
	"crypto/cipher"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/ram"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/match"
)

// wide is a model of which an extent holds sixteen rows.
var wide = gallery.Model{ID: "synthetic-2048", Short: 7, Dim: match.MaxDim}

var wideSets = []idem.Set{idem.SetPhoto, idem.SetRegistered, idem.SetUnconfirmed}

// seesaw is a gallery on which a test plays while its snapshot is written.
type seesaw struct {
	t     *rapid.T
	g     *gallery.Gallery
	store *memStore
	r     *rand.Rand
	live  []idem.Seq // active entries
	held  []*gallery.Reservation
}

func (s *seesaw) template() match.Template {
	v := make([]float32, wide.Dim)
	for i := range v {
		v[i] = float32(s.r.NormFloat64())
	}
	x, err := match.Quantise(wide.Short, v)
	if err != nil {
		s.t.Fatal(err)
	}
	return x
}

func (s *seesaw) update(f func(tx store.Tx) error) {
	if err := s.store.Update(context.Background(), org, f); err != nil {
		s.t.Fatal(err)
	}
}

// pick takes one of the entries out of the list, 0 when it is empty.
func (s *seesaw) pick() idem.Seq {
	if len(s.live) == 0 {
		return 0
	}
	i := s.r.IntN(len(s.live))
	seq := s.live[i]
	s.live = slices.Delete(s.live, i, i+1)
	return seq
}

// play makes one change, and mostly lets the follower see it.
func (s *seesaw) play() {
	ctx := context.Background()
	entry := gallery.Entry{Set: wideSets[s.r.IntN(3)], Subject: uuid.NewString(), Sample: uuid.NewString(), Key: "k", Template: s.template()}
	switch s.r.IntN(6) {
	case 0:
		s.update(func(tx store.Tx) error {
			seqs, err := s.g.Add(ctx, tx, []gallery.Entry{entry})
			s.live = append(s.live, seqs...)
			return err
		})
	case 1:
		held, err := s.g.Reserve(ctx, org, []gallery.Entry{entry}, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		s.held = append(s.held, held...)
	case 2, 3:
		if seq := s.pick(); seq > 0 {
			s.update(func(tx store.Tx) error { return s.g.Move(ctx, tx, seq, wideSets[s.r.IntN(3)]) })
			s.live = append(s.live, seq)
		}
	case 4:
		if seq := s.pick(); seq > 0 {
			s.update(func(tx store.Tx) error { return s.g.Remove(ctx, tx, seq) })
		}
	case 5:
		s.decide()
	}
	if s.r.IntN(4) > 0 {
		s.see(s.g)
	}
}

func (s *seesaw) decide() {
	if len(s.held) == 0 {
		return
	}
	held := s.held[0]
	s.held = s.held[1:]
	if s.r.IntN(2) == 0 {
		s.update(func(tx store.Tx) error { return held.WithdrawTx(context.Background(), tx) })
		return
	}
	s.update(func(tx store.Tx) error { return held.Activate(context.Background(), tx) })
	s.live = append(s.live, held.Seq())
}

// see returns everything that a gallery knows, by position.
func (s *seesaw) see(g *gallery.Gallery) []gallery.Match {
	probe := s.template()
	answer, err := g.Identify(context.Background(), org, probe, gallery.Query{Sets: wideSets, Floor: -1})
	if err != nil {
		s.t.Fatal(err)
	}
	for i := range answer.Matches {
		answer.Matches[i].Score = 0 // of a probe of this look
	}
	return slices.SortedFunc(slices.Values(answer.Matches), func(a, b gallery.Match) int { return cmp.Compare(a.Seq, b.Seq) })
}

// playingKeys let a test play before each extent that a save writes.
type playingKeys struct {
	*memKeys
	play, armed func()
}

func (k *playingKeys) NewKey(ctx context.Context, id idem.OrgID) (idem.DataKeyID, error) {
	k.armed = k.play
	return k.memKeys.NewKey(ctx, id)
}

func (k *playingKeys) AEAD(ctx context.Context, id idem.OrgID, key idem.DataKeyID) (cipher.AEAD, error) {
	aead, err := k.memKeys.AEAD(ctx, id, key)
	play := k.armed
	k.armed = nil // later ciphers are for erasing, while the log stands still
	return playingAEAD{aead, play}, err
}

type playingAEAD struct {
	cipher.AEAD
	play func()
}

func (a playingAEAD) Seal(dst, nonce, plain, bind []byte) []byte {
	if a.play != nil {
		a.play()
	}
	return a.AEAD.Seal(dst, nonce, plain, bind)
}

// TestSnapshotOfAChangingGallery saves while the log goes on and goes on after
// it. A start from the snapshot must know what a reading of the whole log does,
// and the snapshot must hold no entry that has ended.
func TestSnapshotOfAChangingGallery(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		keys := &playingKeys{memKeys: newMemKeys()}
		options := gallery.Options{Page: 5, Snapshots: &gallery.Snapshots{Folder: t.TempDir(), Keys: keys, MinRows: 1, MaxAge: 1, Pace: 1 << 40}}
		mem, sealer := newMemStore(), newMemSealer()
		s := &seesaw{t: rt, store: mem, r: rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1)),
			g: gallery.New(mem, sealer, ram.New(wide), wide, options)}
		playFor := func(n int) {
			for range n {
				s.play()
			}
		}
		playFor(rapid.IntRange(1, 60).Draw(rt, "before"))
		for range rapid.IntRange(1, 2).Draw(rt, "saves") {
			during := rapid.IntRange(0, 8).Draw(rt, "during")
			keys.play = func() { playFor(s.r.IntN(during + 1)) }
			s.see(s.g)
			s.g.SaveSnapshots(t.Context(), false)
			playFor(rapid.IntRange(0, 20).Draw(rt, "after"))
		}
		keys.play = nil
		s.see(s.g)
		next := gallery.New(mem, sealer, ram.New(wide), wide, options)
		truth := gallery.New(mem, sealer, ram.New(wide), wide, gallery.Options{})
		got, want := s.see(next), s.see(truth)
		if !slices.Equal(got, want) {
			rt.Fatalf("from the snapshot %v\nfrom the log %v", got, want)
		}
		if n := next.Stats().Snapshots; n.Failed > 0 || n.Erased > 0 || s.g.Stats().Snapshots.Failed > 0 || next.Stats().Rebuilds > 0 || n.Loaded != min(1, s.g.Stats().Snapshots.Saved) {
			rt.Fatalf("%+v of %+v", n, s.g.Stats().Snapshots)
		}
	})
}
