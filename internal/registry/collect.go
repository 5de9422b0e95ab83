package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/store"
)

// Gathered is what a flow session found out about a person.
type Gathered struct {
	Session  idem.SessionID
	Aliases  []idem.Alias // type, value and norm; in the order of their keys
	Photos   []Upload     // at most one of each type, the best first
	Verified bool         // what a new person becomes
	Verifies bool         // an existing person becomes verified
	Lookup   idem.PersonID
	Faced    idem.PersonID // whose photo the face matched, "" for none
	Policy   idem.ConflictPolicy
	Deleted  idem.DeletedMatchPolicy
	// Decided is an operator's answer to a conflict, nil without one.
	Decided *Decision
	// Tell is told of what was done; nil tells nobody.
	Tell Tell
}

// Tell is told, in its transaction, of a collection that made or found a person,
// or is a conflict: role is "" then.
type Tell func(ctx context.Context, tx store.Tx, c idem.Collection, role idem.LinkRole) error

// Decision answers a conflict: the person that the session belongs to, or ""
// for a new one. Aliases that others own stay where they are.
type Decision struct{ Person idem.PersonID }

// errMoved: what a collection was prepared for changed before it was written.
var errMoved = errors.New("the person changed meanwhile")

// Collect makes or updates the person that a session belongs to and closes the
// session's collection, in one transaction. A conflict is closed as such and
// writes nothing else. A collection that is closed already stays as it is and
// is returned. A new person spends one unit of PERSONS:
// idem.ErrSubscriptionRequired or ErrSubscriptionLimit without one. Known faces
// are reported and never refused.
func (r *Registry) Collect(ctx context.Context, p idem.Principal, g Gathered) (out idem.Collection, err error) {
	if err := p.Require(idem.PersonsWrite); err != nil {
		return out, err
	}
	for range attempts {
		out, err = r.collect(ctx, p, g)
		if !errors.Is(err, errMoved) && !errors.Is(err, idem.ErrAliasConflict) {
			return out, err
		}
	}
	return out, idem.Errorf(idem.Unavailable, gallery.ErrBusy.Code, "%s", gallery.ErrBusy.Message).Because(err)
}

// intent is what a collection is about to do, as one moment shows it.
type intent struct {
	settings idem.Settings
	row      idem.Collection
	person   idem.PersonID // "" for a new one
	key      idem.DataKeyID
	reason   idem.CollectionReason
	hits     []idem.Hit
	aliases  []idem.Alias     // that nobody has
	types    []idem.PhotoType // that the person lacks
	photos   []idem.Photo     // that the person has
	restores bool             // the person is deleted and comes back
}

func (r *Registry) collect(ctx context.Context, p idem.Principal, g Gathered) (idem.Collection, error) {
	var plan intent
	err := r.store.View(ctx, p.Org, func(tx store.Tx) (err error) {
		plan, err = r.intend(ctx, tx, g)
		return err
	})
	if err != nil || plan.row.Closed(g.Decided != nil) {
		return plan.row, err
	}
	if plan.reason != "" {
		return r.closeConflict(ctx, p, g)
	}
	back, err := r.returning(ctx, p.Org, &plan)
	if err != nil {
		return plan.row, err
	}
	taken, err := r.gather(ctx, p.Org, g, &plan)
	if err != nil {
		return plan.row, err
	}
	taken.back = back
	var out idem.Collection
	err = r.enrol(ctx, p.Org, flagging(plan.settings), append(back, taken.references()...), func(tx store.Tx, gate gate) error {
		out, err = r.write(ctx, tx, p, g, plan, taken, gate)
		return err
	})
	return out, r.leave(ctx, p.Org, taken, err)
}

// flagging is the settings of a channel that never refuses a known face.
func flagging(s idem.Settings) idem.Settings {
	if s.FaceUniqueness == idem.UniquenessReject {
		s.FaceUniqueness = idem.UniquenessFlag
	}
	return s
}

// intend finds out whose the session is.
func (r *Registry) intend(ctx context.Context, tx store.Tx, g Gathered) (plan intent, err error) {
	if plan.row, err = tx.Collections().Get(ctx, g.Session); err != nil {
		return plan, fmt.Errorf("read collection: %w", err)
	}
	if plan.settings, err = r.settings(ctx, tx); err != nil {
		return plan, err
	}
	owners, err := tx.Aliases().Owners(ctx, keysOf(g.Aliases))
	if err != nil {
		return plan, fmt.Errorf("look for alias owners: %w", err)
	}
	for _, a := range g.Aliases {
		if owners[keyOf(a)] == "" {
			plan.aliases = append(plan.aliases, a)
		}
	}
	if g.Decided != nil {
		plan.person = g.Decided.Person
		return plan, plan.read(ctx, tx, g)
	}
	if err := plan.target(ctx, tx, g, owners); err != nil || plan.reason != "" {
		return plan, err
	}
	if plan.person == "" && g.Lookup == "" && g.Deleted == idem.DeletedRestore {
		if err := plan.former(ctx, tx, g); err != nil {
			return plan, err
		}
	}
	return plan, plan.read(ctx, tx, g)
}

func (i *intent) target(ctx context.Context, tx store.Tx, g Gathered, owners map[store.AliasKey]idem.PersonID) error {
	numbers := map[idem.PersonID][]string{}
	list := make([]idem.PersonID, len(g.Aliases))
	for at, a := range g.Aliases {
		list[at] = owners[keyOf(a)]
		if list[at] != "" {
			numbers[list[at]] = nil
		}
	}
	for who := range numbers {
		aliases, err := tx.Aliases().List(ctx, who)
		if err != nil {
			return fmt.Errorf("list aliases: %w", err)
		}
		for _, a := range aliases {
			if a.Type == idem.AliasPersonalNumber {
				numbers[who] = append(numbers[who], a.Norm)
			}
		}
	}
	h := idem.Harvest{Aliases: g.Aliases, Faced: g.Faced}
	i.person, i.reason, i.hits = h.Target(list, numbers, g.Lookup, g.Policy)
	return nil
}

// read finds out which photos are new.
func (i *intent) read(ctx context.Context, tx store.Tx, g Gathered) error {
	if i.person == "" {
		if err := store.Affordable(ctx, tx, idem.TechPersons); err != nil {
			return err
		}
	} else {
		who, err := tx.Persons().Get(ctx, i.person)
		if err != nil {
			return fmt.Errorf("read person: %w", err)
		}
		if err := who.Writable(); err != nil && !i.restores {
			return err
		}
		i.key = who.DataKey
		if i.photos, err = tx.Photos().List(ctx, i.person); err != nil {
			return fmt.Errorf("list photos: %w", err)
		}
	}
	for _, u := range g.Photos {
		if !slices.ContainsFunc(i.photos, func(f idem.Photo) bool { return f.Type == u.Type }) && len(i.photos)+len(i.types) < i.settings.MaxPhotos {
			i.types = append(i.types, u.Type)
		}
	}
	return nil
}

// gathering is what a collection puts outside the database.
type gathering struct {
	person    idem.PersonID
	key       idem.DataKeyID
	fresh     bool // the key was made for a new person
	portraits []*portrait
	made      []made
	back      []gallery.Entry // of a person that comes back
}

// gather takes in the new photos and stores their pictures.
func (r *Registry) gather(ctx context.Context, org idem.OrgID, g Gathered, plan *intent) (*gathering, error) {
	out := &gathering{person: plan.person, key: plan.key}
	for _, u := range g.Photos {
		if !slices.Contains(plan.types, u.Type) {
			continue
		}
		f, err := r.take(ctx, u, flagging(plan.settings).FaceUniqueness)
		if unfit(err) {
			r.log.WarnContext(ctx, "photo of a session left out", "session", g.Session, "type", u.Type, "code", idem.CodeOf(err))
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("take in %s photo: %w", u.Type, err)
		}
		out.portraits = append(out.portraits, f)
	}
	if out.person == "" {
		var err error
		if out.key, err = r.vault.NewKey(ctx, org); err != nil {
			return nil, fmt.Errorf("make data key: %w", err)
		}
		out.person, out.fresh = idem.PersonID(r.ids.New()), true
	}
	for _, f := range out.portraits {
		photo, blob, err := r.keep(ctx, org, out.person, out.key, f)
		if err != nil {
			return nil, r.leave(ctx, org, out, err)
		}
		out.made = append(out.made, made{person: out.person, photo: photo, blob: blob, key: out.key})
	}
	return out, nil
}

// unfit reports whether a picture will never be a photo, such as a tiny
// portrait: the rest of the session is still collected.
func unfit(err error) bool {
	switch idem.KindOf(err) {
	case idem.Unprocessable, idem.Unsupported, idem.TooLarge:
		return err != nil
	}
	return false
}

func (g *gathering) references() (refs []gallery.Entry) {
	for i, f := range g.portraits {
		refs = append(refs, reference(g.made[i], f)...)
	}
	return refs
}

// leave removes what a refused collection stored. When it is not known whether
// it was written, everything stays: the next run finds out.
func (r *Registry) leave(ctx context.Context, org idem.OrgID, g *gathering, err error) error {
	if err == nil || errors.As(err, new(unsure)) {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	for _, m := range g.made {
		r.dropBlob(ctx, org, m.blob)
	}
	if g.fresh {
		r.discard(ctx, org, made{key: g.key}, err)
	}
	return err
}

// closeConflict records that an operator must decide.
func (r *Registry) closeConflict(ctx context.Context, p idem.Principal, g Gathered) (out idem.Collection, err error) {
	err = r.store.Update(ctx, p.Org, func(tx store.Tx) error {
		if _, err := tx.Collections().GetForUpdate(ctx, g.Session); err != nil {
			return fmt.Errorf("lock collection: %w", err)
		}
		plan, err := r.intend(ctx, tx, g)
		if err != nil {
			return err
		}
		if plan.reason == "" {
			return errMoved
		}
		if out = plan.row; out.State == idem.CollectionConflict {
			return nil
		}
		out.Hits = plan.hits
		return endConflict(ctx, tx, &out, plan.reason, g.Tell)
	})
	return out, err
}

// endConflict leaves a collection to an operator, and tells of it.
func endConflict(ctx context.Context, tx store.Tx, c *idem.Collection, reason idem.CollectionReason, tell Tell) error {
	if err := end(ctx, tx, c, idem.CollectionConflict, reason, ""); err != nil || tell == nil {
		return err
	}
	return tell(ctx, tx, *c, "")
}

func end(ctx context.Context, tx store.Tx, c *idem.Collection, state idem.CollectionState, reason idem.CollectionReason, who idem.PersonID) error {
	if err := c.End(state, reason, who, tx.Now()); err != nil {
		return err
	}
	if err := tx.Collections().Save(ctx, *c); err != nil {
		return fmt.Errorf("save collection: %w", err)
	}
	return nil
}
