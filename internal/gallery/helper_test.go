package gallery_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/gallerytest"
	"github.com/idem-id/idem/internal/gallery/ram"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/match"
)

const org idem.OrgID = "00000000-0000-7000-8000-000000000001"

// rule finds mates of the synthetic faces and nothing else.
var rule = gallery.Rule{Sets: []idem.Set{idem.SetPhoto}, Floor: 0.56}

// newIndex is an index whose searches share passes however few references there
// are, as they do in a large gallery.
func newIndex() *ram.Index { return ram.New(gallerytest.Model).ShareFrom(0) }

// rig is a gallery over a store in memory.
type rig struct {
	*gallery.Gallery
	t      *testing.T
	store  *memStore
	sealer *memSealer
	faces  *gallerytest.Faces
}

func newRig(t *testing.T, o gallery.Options) *rig {
	t.Helper()
	return newRigOn(t, newMemStore(), newMemSealer(), newIndex(), o)
}

func newRigOn(t *testing.T, s *memStore, sealer *memSealer, x gallery.Index, o gallery.Options) *rig {
	t.Helper()
	o.KeyOf = memKeyOf
	return &rig{gallery.New(s, sealer, x, gallerytest.Model, o), t, s, sealer, gallerytest.NewFaces(1)}
}

// again returns a second gallery over the same store, as another process has.
func (r *rig) again(o gallery.Options) *rig {
	return newRigOn(r.t, r.store, r.sealer, newIndex(), o)
}

func photoOf(subject string, t match.Template) gallery.Entry {
	return gallery.Entry{
		Set: idem.SetPhoto, Subject: subject, Sample: uuid.NewString(), Key: idem.DataKeyID("key of " + subject), Template: t,
	}
}

func (r *rig) reserve(entries ...gallery.Entry) []*gallery.Reservation {
	r.t.Helper()
	held, err := r.Reserve(r.t.Context(), org, entries, nil)
	if err != nil {
		r.t.Fatalf("Reserve: %v", err)
	}
	return held
}

func (r *rig) search(held *gallery.Reservation) []gallery.Match {
	r.t.Helper()
	matches, err := held.Search(r.t.Context(), rule)
	if err != nil {
		r.t.Fatalf("Search for %d: %v", held.Seq(), err)
	}
	return matches
}

func (r *rig) activate(held ...*gallery.Reservation) {
	r.t.Helper()
	err := r.update(func(tx store.Tx) error { return gallery.ActivateAll(r.t.Context(), tx, held...) })
	if err != nil {
		r.t.Fatalf("ActivateAll: %v", err)
	}
}

func (r *rig) update(f func(store.Tx) error) error {
	return r.store.Update(r.t.Context(), org, f)
}

// enrol adds an active entry without a search and returns its position.
func (r *rig) enrol(subject string, t match.Template) idem.Seq {
	r.t.Helper()
	var seqs []idem.Seq
	err := r.update(func(tx store.Tx) (err error) {
		seqs, err = r.Add(r.t.Context(), tx, []gallery.Entry{photoOf(subject, t)})
		return err
	})
	if err != nil {
		r.t.Fatalf("Add: %v", err)
	}
	return seqs[0]
}

func (r *rig) identify(probe match.Template, q gallery.Query) gallery.Answer {
	r.t.Helper()
	answer, err := r.Identify(r.t.Context(), org, probe, q)
	if err != nil {
		r.t.Fatalf("Identify: %v", err)
	}
	return answer
}

// seqs lists the positions of matches, in their order.
func seqs(matches []gallery.Match) []idem.Seq {
	out := []idem.Seq{}
	for _, m := range matches {
		out = append(out, m.Seq)
	}
	return out
}

func subject(i int) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, i)).String()
}

// soon bounds a test that would otherwise hang.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}
