package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/audit"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/tech/edocument/trust"
)

// trustWatch compares the trust stores with what the instance's audit knows of
// them, so that files that were put there by hand have an entry as well.
type trustWatch struct {
	store   store.Store
	folders []*trust.Store
	after   int64 // the last entry that was read
	known   map[string]digests
}

// digests are files of a trust store by their SHA-256 in hex.
type digests map[string]bool

func (d *data) watchTrust() *trustWatch {
	return &trustWatch{store: d.store, folders: []*trust.Store{travelTrust(d.config), mobileTrust(d.config)}, known: map[string]digests{}}
}

// compare records what differs, an entry for each trust store.
func (w *trustWatch) compare(ctx context.Context) error {
	for a, err := range audit.InstanceBehind(ctx, w.store, w.after) {
		if err != nil {
			return err
		}
		w.follow(a)
	}
	for _, folder := range w.folders {
		if err := w.compareFolder(ctx, folder); err != nil {
			return fmt.Errorf("trust store %s: %w", filepath.Base(folder.Folder()), err)
		}
	}
	return nil
}

// follow takes one entry of the audit in.
func (w *trustWatch) follow(a idem.InstanceAction) {
	w.after = a.Seq
	name, _ := a.Details["store"].(string)
	known := w.of(name)
	switch a.Type {
	case idem.ActionTrustImported:
		known.set(true, a.Details["sha256"])
	case idem.ActionTrustRemoved:
		known.set(false, a.Details["sha256"])
	case idem.ActionTrustChanged:
		came, _ := a.Details["came"].([]any)
		went, _ := a.Details["went"].([]any)
		known.set(true, came...)
		known.set(false, went...)
	}
}

func (w *trustWatch) of(name string) digests {
	if w.known[name] == nil {
		w.known[name] = digests{}
	}
	return w.known[name]
}

func (d digests) set(there bool, list ...any) {
	for _, one := range list {
		if text, ok := one.(string); ok && there {
			d[text] = true
		} else if ok {
			delete(d, text)
		}
	}
}

// without lists what the others lack, in order.
func (d digests) without(others digests) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(d)), func(one string) bool { return others[one] })
}

func (w *trustWatch) compareFolder(ctx context.Context, folder *trust.Store) error {
	items, err := folder.List()
	if err != nil {
		return err
	}
	name := filepath.Base(folder.Folder())
	known, there, roots := w.of(name), digests{}, []string{}
	for _, i := range items {
		if i.Fault != nil {
			continue // nobody is believed on it
		}
		digest := hex.EncodeToString(i.Digest[:])
		there[digest] = true
		if !known[digest] {
			roots = append(roots, fingerprints(i.Certificates)...)
		}
	}
	came, went := there.without(known), known.without(there)
	if len(came)+len(went) == 0 {
		return nil
	}
	return w.store.System().Record(ctx, idem.InstanceAction{Type: idem.ActionTrustChanged, Account: account(),
		Details: map[string]any{"store": name, "came": came, "went": went, "certificates": roots}})
}
