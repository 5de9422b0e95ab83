package flow

import (
	"context"
	"fmt"
	"slices"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// reused is what a session takes over from earlier ones.
type reused struct {
	person idem.PersonID
	steps  []reusedStep
}

type reusedStep struct {
	position int
	result   idem.StepResult
	from     idem.SessionID
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
	out := &reused{}
	var s idem.Session
	var sources []idem.Session
	err := f.Store.View(ctx, org, func(tx store.Tx) (err error) {
		if s, err = tx.Sessions().Get(ctx, id); err != nil {
			return fmt.Errorf("read session: %w", err)
		}
		if s.State != idem.SessionNew || s.Demo || !(s.Config.SkipKnown || s.Config.PersonPhoto) {
			return nil
		}
		if out.person, err = known(ctx, tx, &s); err != nil || out.person == "" || !s.Config.SkipKnown {
			return err
		}
		return f.reusable(ctx, tx, &s, out, &sources)
	})
	if err != nil {
		return out, err
	}
	for i := range out.steps {
		if err := f.copyPictures(ctx, org, &sources[i], &s, &out.steps[i].result); err != nil {
			f.drop(ctx, org, out.pictures())
			return &reused{}, err
		}
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
func (f *Flows) reusable(ctx context.Context, tx store.Tx, s *idem.Session, out *reused, sources *[]idem.Session) error {
	links, err := tx.Sessions().Links(ctx, out.person)
	if err != nil {
		return fmt.Errorf("list sessions of the person: %w", err)
	}
	links = slices.DeleteFunc(links, func(l idem.SessionLink) bool { return l.Role == idem.LinkLookup })
	out.steps, *sources = nil, nil
	for i := range s.Steps {
		if !slices.Contains(s.Config.SkipTechnologies, s.Steps[i].Technology) {
			continue
		}
		var best *idem.Step
		var from idem.Session
		for _, l := range links {
			earlier, err := tx.Sessions().Get(ctx, l.Session)
			if err != nil {
				return fmt.Errorf("read earlier session: %w", err)
			}
			p := earlier.Contribution(s.Steps[i].Technology)
			if p != nil && p.Reusable(tx.Now(), s.Config.SkipMaxAge) && (best == nil || p.EndedAt.After(best.EndedAt)) {
				best, from = p, earlier
			}
		}
		if best != nil {
			out.steps = append(out.steps, reusedStep{i, *best.Result, from.ID})
			*sources = append(*sources, from)
		}
	}
	return nil
}

// copyPictures gives the result its own objects, byte for byte the same.
func (f *Flows) copyPictures(ctx context.Context, org idem.OrgID, from, to *idem.Session, r *idem.StepResult) (err error) {
	if r.Face, err = f.copyPicture(ctx, org, from, to, r.Face); err != nil || r.Document == nil {
		return err
	}
	d := *r.Document
	r.Document = &d
	if d.Files.PDF, err = f.copyPicture(ctx, org, from, to, d.Files.PDF); err != nil {
		return err
	}
	d.Files.PNG, err = f.copyPicture(ctx, org, from, to, d.Files.PNG)
	return err
}

func (f *Flows) copyPicture(ctx context.Context, org idem.OrgID, from, to *idem.Session, ref idem.BlobRef) (idem.BlobRef, error) {
	if ref == "" {
		return "", nil
	}
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
		if err := s.Skip(c.position, c.result, c.from, tx.Now()); err != nil {
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
