package registry_test

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/blob"
	"github.com/idem-id/idem/internal/blob/dir"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/facetest"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/ram"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
	"github.com/idem-id/idem/internal/vault"
	"github.com/idem-id/idem/internal/vault/vaulttest"
)

// world is one registry over one database, with ports that can be made to fail.
type world struct {
	testing.TB
	*registry.Registry
	store   *flaky
	vault   *keys
	blobs   *objects
	engine  *engine
	gallery *gallery.Gallery
	me      idem.Principal
}

// each runs f on both databases.
func each(t *testing.T, f func(*world)) {
	v := vaulttest.New(t)
	storetest.Each(t, func(t *testing.T, s store.Store) { f(newWorld(t, s, v, gallery.Options{})) }, storetest.WithSealer(v))
}

func newWorld(t testing.TB, s store.Store, v *vault.Vault, o gallery.Options) *world {
	w := &world{TB: t, store: &flaky{Store: s}, vault: &keys{Vault: v}, engine: &engine{}}
	files, err := dir.Open(t.TempDir())
	w.must(err)
	t.Cleanup(func() { w.must(files.Close()) })
	w.blobs = &objects{Sealed: blob.NewSealed(files, v), files: files}
	m := w.engine.Model()
	model := gallery.Model{ID: m.ID, Short: m.Short, Dim: m.Dim}
	w.gallery = gallery.New(s, v, ram.New(model), model, o)
	w.Registry = registry.New(registry.Deps{
		Store: w.store, Vault: w.vault, Blobs: w.blobs, Gallery: w.gallery, Engine: w.engine,
		Pictures: picture.NewDecoder(picture.DefaultLimits(), nil), IDs: idem.UUIDv7{}, Log: slog.New(slog.DiscardHandler),
	})
	w.organisation(v)
	return w
}

func (w *world) organisation(v *vault.Vault) {
	o := idem.Organisation{ID: idem.OrgID(newID()), Name: "Test", Settings: idem.DefaultSettings(), CreatedAt: now(), Version: 1}
	w.must(v.CreateOrg(w.Context(), o.ID))
	w.must(w.store.System().CreateOrganisation(w.Context(), o, nil))
	w.me = idem.Principal{Org: o.ID, Permissions: idem.AllPermissions(),
		Actor: idem.Actor{Source: idem.SourceCabinet, Operator: idem.OperatorID(newID())}}
	w.update(func(tx store.Tx) error {
		return tx.Subscriptions().Insert(w.Context(), idem.Subscription{ID: idem.SubscriptionID(newID()), Technology: idem.TechPersons,
			Status: idem.SubscriptionActive, Total: 100, Left: 100, PurchasedAt: tx.Now()})
	})
}

func newID() string { return idem.UUIDv7{}.New() }

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) update(f func(store.Tx) error) {
	w.Helper()
	w.must(w.store.Store.Update(w.Context(), w.me.Org, f))
}

func (w *world) view(f func(store.Tx) error) {
	w.Helper()
	w.must(w.store.Store.View(w.Context(), w.me.Org, f))
}

func (w *world) settings(change func(*idem.Settings)) {
	w.Helper()
	w.update(func(tx store.Tx) error {
		o, err := tx.Organisations().Get(w.Context())
		if err != nil {
			return err
		}
		change(&o.Settings)
		return tx.Organisations().Save(w.Context(), &o)
	})
}

func (w *world) uniqueness(u idem.FaceUniqueness) {
	w.Helper()
	w.settings(func(s *idem.Settings) { s.FaceUniqueness = u })
}

func picture1(identity string, variant uint8) []byte {
	return facetest.JPEG(facetest.Picture(identity, variant))
}

func portrait(identity string, variant uint8) registry.NewPerson {
	return registry.NewPerson{Photo: &registry.Upload{Image: picture1(identity, variant), Type: idem.PhotoLive}}
}

// create makes a person of a face.
func (w *world) create(identity string, variant uint8) registry.View {
	w.Helper()
	v, _, err := w.Create(w.Context(), w.me, portrait(identity, variant))
	w.must(err)
	return v
}

// totals is what a refused change must leave as it is.
type totals struct{ Persons, Left, Actions, Objects int }

func (w *world) totals() (out totals) {
	w.Helper()
	ctx := w.Context()
	w.view(func(tx store.Tx) error {
		n, err := tx.Persons().Count(ctx, store.PersonQuery{State: store.StateAll})
		w.must(err)
		subs, err := tx.Subscriptions().List(ctx)
		w.must(err)
		chain, err := tx.Actions().Chain(ctx, 0, 1000)
		out.Persons, out.Left, out.Actions = int(n), int(subs[0].Left), len(chain)
		return err
	})
	out.Objects = w.blobs.count(w)
	return out
}

// keys is a vault that counts and can refuse to destroy.
type keys struct {
	*vault.Vault
	made, destroyed atomic.Int32
	stuck           atomic.Bool
	lost            atomic.Pointer[idem.DataKeyID] // that cannot be destroyed
}

func (k *keys) NewKey(ctx context.Context, org idem.OrgID) (idem.DataKeyID, error) {
	k.made.Add(1)
	return k.Vault.NewKey(ctx, org)
}

func (k *keys) DestroyKey(ctx context.Context, org idem.OrgID, key idem.DataKeyID) error {
	if k.stuck.Load() {
		return errors.New("the vault does not answer")
	}
	if lost := k.lost.Load(); lost != nil && *lost == key {
		return vault.ErrKeyMissing
	}
	k.destroyed.Add(1)
	return k.Vault.DestroyKey(ctx, org, key)
}

// objects is a blob store that can refuse.
type objects struct {
	*blob.Sealed
	files *dir.Dir
	full  atomic.Bool
	stuck atomic.Bool
}

func (o *objects) Put(ctx context.Context, org idem.OrgID, key idem.DataKeyID, owner string, ref idem.BlobRef, plain []byte) error {
	if o.full.Load() {
		return idem.ErrStorageFull
	}
	return o.Sealed.Put(ctx, org, key, owner, ref, plain)
}

func (o *objects) Delete(ctx context.Context, org idem.OrgID, ref idem.BlobRef) error {
	if o.stuck.Load() {
		return errors.New("the disk does not answer")
	}
	return o.Sealed.Delete(ctx, org, ref)
}

func (o *objects) count(w *world) (n int) {
	w.must(o.files.List(w.Context(), w.me.Org, func(idem.BlobRef) error { n++; return nil }))
	return n
}

// flaky is a store whose next updates fail: before they run, or after they
// were committed, when the answer of the database got lost.
type flaky struct {
	store.Store
	skip   atomic.Int32 // updates to let pass first
	before atomic.Bool
	after  atomic.Bool
}

var errLost = idem.ErrDatabaseUnavailable

func (f *flaky) Update(ctx context.Context, org idem.OrgID, g func(store.Tx) error) error {
	if f.skip.Add(-1) >= 0 {
		return f.Store.Update(ctx, org, g)
	}
	if f.before.Swap(false) {
		return f.Store.Update(ctx, org, func(tx store.Tx) error {
			if err := g(tx); err != nil {
				return err
			}
			return errLost // nothing is kept
		})
	}
	err := f.Store.Update(ctx, org, g)
	if err == nil && f.after.Swap(false) {
		return errLost
	}
	return err
}

// engine is the fake engine with a switch.
type engine struct {
	facetest.Fake
	off atomic.Bool
}

func (e *engine) fake() facetest.Fake {
	if e.off.Load() {
		return facetest.Fake{Err: errors.New("switched off")}
	}
	return e.Fake
}

func (e *engine) Ready() error { return e.fake().Ready() }

func (e *engine) Analyse(ctx context.Context, img image.Image, want face.Want) (face.Analysis, error) {
	return e.fake().Analyse(ctx, img, want)
}
