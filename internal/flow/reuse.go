package flow

import (
	"context"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// reused is what a session takes over from earlier ones.
type reused struct {
	person idem.PersonID
	steps  []reusedStep
}

// reusedStep is the result of an earlier session for a step.
type reusedStep struct {
	position int
	result   idem.StepResult
	from     idem.Session
}

func (r *reused) pictures() (refs []idem.BlobRef) {
	for _, s := range r.steps {
		refs = append(refs, s.result.Pictures()...)
	}
	return refs
}

// reuse finds the results that a session can take over and copies their
// pictures, sealed under its own key.
func (f *Flows) reuse(ctx context.Context, org idem.OrgID, id idem.SessionID) (*reused, error) {
	var s idem.Session
	var person idem.PersonID
	var found []reusedStep
	err := f.Store.View(ctx, org, func(tx store.Tx) (err error) {
		person, found = "", nil
		if s, err = tx.Sessions().Get(ctx, id); err != nil {
			return fmt.Errorf("read session: %w", err)
		}
		if s.State != idem.SessionNew || s.Demo || !(s.Config.SkipKnown || s.Config.PersonPhoto) {
			return nil
		}
		if person, err = known(ctx, tx, &s); err != nil || person == "" || !s.Config.SkipKnown {
			return err
		}
		found, err = reusable(ctx, tx, &s, person)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &reused{person: person}
	for _, step := range found {
		if step.result, err = f.copied(ctx, org, &step.from, &s, step.result); err != nil {
			f.drop(ctx, org, out.pictures())
			return nil, err
		}
		out.steps = append(out.steps, step)
	}
	return out, nil
}

// known returns the one live person whom the metadata names, "" for none and
// for several.
func known(ctx context.Context, tx store.Tx, s *idem.Session) (idem.PersonID, error) {
	texts, err := members(s.Metadata)
	if err != nil {
		return "", err
	}
	o, err := tx.Organisations().Get(ctx)
	if err != nil {
		return "", fmt.Errorf("read settings: %w", err)
	}
	return owner(ctx, tx, o.Settings, s.Config.Hints(texts))
}

// owner returns the one live person who owns any of the aliases, "" for nobody
// and for several.
func owner(ctx context.Context, tx store.Tx, settings idem.Settings, aliases []idem.Alias) (idem.PersonID, error) {
	var keys []store.AliasKey
	for _, a := range aliases {
		if norm, err := settings.Normalise(a.Type, a.Value); err == nil {
			keys = append(keys, store.AliasKey{Type: a.Type, Norm: norm})
		}
	}
	owners, err := tx.Aliases().Owners(ctx, keys)
	if err != nil {
		return "", fmt.Errorf("look for alias owners: %w", err)
	}
	found := idem.PersonID("")
	for _, who := range owners {
		if found != "" && found != who {
			return "", nil
		}
		found = who
	}
	return found, nil
}

// reusable looks for the newest result of each technology that may be skipped,
// among the sessions that were collected into the person: what the metadata of
// others claims is nothing that they found out about this one.
func reusable(ctx context.Context, tx store.Tx, s *idem.Session, person idem.PersonID) (out []reusedStep, err error) {
	links, err := tx.Sessions().Links(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("list sessions of the person: %w", err)
	}
	best := make([]*idem.Step, len(s.Steps))
	from := make([]idem.Session, len(s.Steps))
	for _, l := range links {
		if l.Role == idem.LinkLookup {
			continue
		}
		earlier, err := tx.Sessions().Get(ctx, l.Session)
		if err != nil {
			return nil, fmt.Errorf("read earlier session: %w", err)
		}
		for i := range s.Steps {
			if p := s.Lent(i, &earlier, tx.Now()); p != nil && (best[i] == nil || p.EndedAt.After(best[i].EndedAt)) {
				best[i], from[i] = p, earlier
			}
		}
	}
	for i, p := range best {
		if p != nil {
			out = append(out, reusedStep{i, *p.Result, from[i]})
		}
	}
	return out, nil
}

// copied is the result with objects of its own, byte for byte the same. Where
// one cannot be copied it leaves none.
func (f *Flows) copied(ctx context.Context, org idem.OrgID, from, to *idem.Session, r idem.StepResult) (idem.StepResult, error) {
	refs := []*idem.BlobRef{&r.Face}
	if r.Document != nil {
		d := *r.Document
		r.Document = &d
		refs = append(refs, &d.Files.PDF, &d.Files.PNG)
	}
	var made []idem.BlobRef
	for _, ref := range refs {
		if *ref == "" {
			continue
		}
		own, err := f.copyPicture(ctx, org, from, to, *ref)
		if err != nil {
			f.drop(ctx, org, made)
			return idem.StepResult{}, err
		}
		*ref, made = own, append(made, own)
	}
	return r, nil
}

func (f *Flows) copyPicture(ctx context.Context, org idem.OrgID, from, to *idem.Session, ref idem.BlobRef) (idem.BlobRef, error) {
	data, err := f.Picture(ctx, org, from, ref)
	if err != nil {
		return "", err
	}
	return f.put(ctx, org, to, data)
}

// skip gives steps their copied results and links the person. Of a person who
// was deleted since the results were copied, nothing is taken.
func (f *Flows) skip(ctx context.Context, tx store.Tx, s *idem.Session, copies *reused) error {
	if copies.person == "" {
		return nil
	}
	who, err := tx.Persons().GetForUpdate(ctx, copies.person)
	if err != nil {
		return fmt.Errorf("lock person: %w", err)
	}
	if !who.Live() {
		return nil
	}
	s.Person = who.ID
	if len(copies.steps) == 0 {
		return nil
	}
	for _, c := range copies.steps {
		if err := s.Skip(c.position, c.result, c.from.ID, tx.Now()); err != nil {
			return err
		}
		if err := f.emit(ctx, tx, s, Event{Name: idem.EventTechnologyEnd, Step: c.position}); err != nil {
			return err
		}
	}
	link := idem.SessionLink{Person: s.Person, Session: s.ID, Role: idem.LinkLookup, At: tx.Now()}
	if err := tx.Sessions().Link(ctx, link); err != nil {
		return fmt.Errorf("link session: %w", err)
	}
	return nil
}
