package gallery

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/match"
)

// Entry is a reference on its way into the gallery.
type Entry struct {
	Set      idem.Set
	Subject  string         // the person or record that it belongs to
	Sample   string         // the photo or sample that the template was made from
	Key      idem.DataKeyID // seals the stored template
	Template match.Template
}

// Stored is what the log knows of an entry.
type Stored struct {
	Seq      idem.Seq
	Set      idem.Set // the set that it was reserved for
	Subject  string
	Sample   string
	Template match.Template
}

// column names the stored templates in a sealed value's associated data.
const column = "templates.sealed"

// draft is an entry sealed outside any transaction.
type draft struct {
	row    idem.LogRow
	sealed []byte
}

// Reserve takes the next positions of the organisation's log for the entries,
// in their order and in one transaction, in which also runs last; nil adds
// nothing. The entries are pending until they are decided or their lease ends.
//
// Reservations of one block wait for each other like those of strangers, so
// decide them in their order. A search renews the leases of its whole block:
// decide none of the block while another one of it is searching.
func (g *Gallery) Reserve(ctx context.Context, org idem.OrgID, entries []Entry, also func(store.Tx, []idem.Seq) error) ([]*Reservation, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	drafts, err := g.seal(ctx, org, entries)
	if err != nil {
		return nil, err
	}
	b := g.newBlock(org)
	var seqs []idem.Seq
	err = g.store.Update(ctx, org, func(tx store.Tx) error {
		if seqs, err = g.append(ctx, tx, drafts); err != nil {
			return err
		}
		if err := tx.Gallery().PutPending(ctx, g.model.ID, g.leases(tx, seqs)); err != nil {
			return fmt.Errorf("lease gallery entries: %w", err)
		}
		if also == nil {
			return nil
		}
		return also(tx, slices.Clone(seqs))
	})
	if err != nil {
		return nil, err
	}
	return b.hold(entries, seqs), nil
}

// Add brings entries into the gallery in the caller's transaction and without
// a search: for organisations that switched uniqueness off.
func (g *Gallery) Add(ctx context.Context, tx store.Tx, entries []Entry) ([]idem.Seq, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	drafts, err := g.seal(ctx, tx.Org(), entries)
	if err != nil {
		return nil, err
	}
	seqs, err := g.append(ctx, tx, drafts)
	if err != nil {
		return nil, err
	}
	return seqs, g.log(ctx, tx, idem.OpActivate, "", seqs...)
}

// Move puts an active entry into another set.
func (g *Gallery) Move(ctx context.Context, tx store.Tx, seq idem.Seq, set idem.Set) error {
	if set == "" {
		return ErrEntry
	}
	return g.log(ctx, tx, idem.OpMove, set, seq)
}

// Remove takes an active entry out of the gallery and destroys its template.
func (g *Gallery) Remove(ctx context.Context, tx store.Tx, seq idem.Seq) error {
	if err := g.log(ctx, tx, idem.OpRemove, "", seq); err != nil {
		return err
	}
	return g.forget(ctx, tx, seq)
}

// Entry reads an entry with its template from the store, whatever its state.
// The error is ErrEntryNotFound, or idem.ErrErased when the template is gone.
func (g *Gallery) Entry(ctx context.Context, org idem.OrgID, seq idem.Seq) (Stored, error) {
	if seq < 1 {
		return Stored{}, ErrEntryNotFound
	}
	var rows []store.StoredRow
	err := g.store.View(ctx, org, func(tx store.Tx) (err error) {
		rows, err = tx.Gallery().Rows(ctx, g.model.ID, seq-1, 1)
		return err
	})
	switch {
	case err != nil:
		return Stored{}, fmt.Errorf("read gallery entry %d: %w", seq, err)
	case len(rows) == 0 || rows[0].Seq != seq || rows[0].Op != idem.OpReserve:
		return Stored{}, ErrEntryNotFound
	case rows[0].Sealed == nil:
		return Stored{}, idem.ErrErased
	}
	row := rows[0]
	t, err := g.open(ctx, org, row.Subject, row.Sample, row.Sealed)
	if err != nil {
		return Stored{}, fmt.Errorf("open gallery entry %d: %w", seq, err)
	}
	return Stored{Seq: seq, Set: row.Set, Subject: row.Subject, Sample: row.Sample, Template: t}, nil
}

func (g *Gallery) seal(ctx context.Context, org idem.OrgID, entries []Entry) ([]draft, error) {
	out := make([]draft, len(entries))
	for i, e := range entries {
		if err := g.check(e); err != nil {
			return nil, err
		}
		sealed, err := g.sealer.Seal(ctx, e.Key, place(org, e.Subject, e.Sample), e.Template.Bytes())
		if err != nil {
			return nil, fmt.Errorf("seal template of %s: %w", e.Sample, err)
		}
		out[i] = draft{sealed: sealed, row: idem.LogRow{
			Op: idem.OpReserve, Set: e.Set, Subject: e.Subject, Sample: e.Sample, Digest: sha256.Sum256(sealed),
		}}
	}
	return out, nil
}

func (g *Gallery) check(e Entry) error {
	if e.Set == "" || e.Subject == "" || e.Sample == "" {
		return ErrEntry
	}
	return g.checkModel(e.Template)
}

func (g *Gallery) checkModel(t match.Template) error {
	if t.Model() != g.model.Short || t.Dim() != g.model.Dim {
		return ErrModel
	}
	return nil
}

func place(org idem.OrgID, subject, sample string) store.Place {
	return store.Place{Org: org, Owner: subject, Column: column, Row: sample}
}

func (g *Gallery) open(ctx context.Context, org idem.OrgID, subject, sample string, sealed []byte) (match.Template, error) {
	var none match.Template
	plain, err := g.sealer.Open(ctx, place(org, subject, sample), sealed)
	if err != nil {
		return none, err
	}
	t, err := match.Parse(plain)
	if err != nil {
		return none, err
	}
	return t, g.checkModel(t)
}

// append writes the reserve rows with their templates.
func (g *Gallery) append(ctx context.Context, tx store.Tx, drafts []draft) ([]idem.Seq, error) {
	rows := make([]idem.LogRow, len(drafts))
	for i, d := range drafts {
		rows[i] = d.row
	}
	if err := tx.Gallery().Append(ctx, g.model.ID, rows); err != nil {
		return nil, fmt.Errorf("append to gallery log: %w", err)
	}
	seqs := make([]idem.Seq, len(rows))
	templates := make(map[idem.Seq][]byte, len(rows))
	for i, row := range rows {
		seqs[i] = row.Seq
		templates[row.Seq] = drafts[i].sealed
	}
	if err := tx.Gallery().PutTemplates(ctx, g.model.ID, templates); err != nil {
		return nil, fmt.Errorf("store templates: %w", err)
	}
	return seqs, nil
}

// log appends one row of the operation for each entry.
func (g *Gallery) log(ctx context.Context, tx store.Tx, op idem.LogOp, set idem.Set, refs ...idem.Seq) error {
	rows := make([]idem.LogRow, len(refs))
	for i, ref := range refs {
		rows[i] = idem.LogRow{Op: op, Ref: ref, Set: set}
	}
	if err := tx.Gallery().Append(ctx, g.model.ID, rows); err != nil {
		return fmt.Errorf("append %s to gallery log: %w", op, err)
	}
	return nil
}

func (g *Gallery) forget(ctx context.Context, tx store.Tx, seqs ...idem.Seq) error {
	for _, seq := range seqs {
		if err := tx.Gallery().DeleteTemplate(ctx, g.model.ID, seq); err != nil {
			return fmt.Errorf("destroy template %d: %w", seq, err)
		}
	}
	return nil
}

func (g *Gallery) leases(tx store.Tx, seqs []idem.Seq) []store.Lease {
	out := make([]store.Lease, len(seqs))
	for i, seq := range seqs {
		out[i] = store.Lease{Seq: seq, Until: tx.Now().Add(g.opt.Lease), Epoch: firstEpoch}
	}
	return out
}
