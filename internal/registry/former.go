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

// former looks for the deleted person whom a session without a live one
// belongs to. It must be the only one with any of the aliases, must not
// contradict the session's personal number, and must be free to come back;
// otherwise the session makes a new person, as it does where deleted persons
// are ignored.
func (i *intent) former(ctx context.Context, tx store.Tx, g Gathered) error {
	deleted, err := tx.Aliases().FormerOwners(ctx, keysOf(g.Aliases))
	if err != nil || len(deleted) != 1 {
		return err
	}
	who, err := tx.Persons().Get(ctx, deleted[0])
	if err != nil {
		return fmt.Errorf("read deleted person: %w", err)
	}
	aliases, err := tx.Aliases().List(ctx, who.ID)
	if err != nil {
		return fmt.Errorf("list aliases: %w", err)
	}
	if restorable(who) != nil || contradicts(g, who.ID, aliases) {
		return nil
	}
	switch err := free(ctx, tx, idem.ErrRestoreConflict, who.ID, aliases); {
	case errors.Is(err, idem.ErrRestoreConflict):
		return nil
	case err != nil:
		return err
	}
	i.person, i.restores = who.ID, true
	i.aliases = slices.DeleteFunc(i.aliases, func(a idem.Alias) bool { return has(aliases, a) })
	return nil
}

func has(list []idem.Alias, a idem.Alias) bool {
	return slices.ContainsFunc(list, func(b idem.Alias) bool { return keyOf(a) == keyOf(b) })
}

// contradicts asks the rule of live persons.
func contradicts(g Gathered, who idem.PersonID, aliases []idem.Alias) bool {
	owners := make([]idem.PersonID, len(g.Aliases))
	for at, a := range g.Aliases {
		if has(aliases, a) {
			owners[at] = who
		}
	}
	var numbers []string
	for _, a := range aliases {
		if a.Type == idem.AliasPersonalNumber {
			numbers = append(numbers, a.Norm)
		}
	}
	h := idem.Harvest{Aliases: g.Aliases}
	target, _, _ := h.Target(owners, map[idem.PersonID][]string{who: numbers}, "", g.Policy)
	return target != who
}

// returning are the references with which a deleted person comes back.
func (r *Registry) returning(ctx context.Context, org idem.OrgID, plan *intent) ([]gallery.Entry, error) {
	if !plan.restores {
		return nil, nil
	}
	refs, err := r.storedReferences(ctx, org, View{Person: idem.Person{ID: plan.person, DataKey: plan.key}, Photos: plan.photos})
	if errors.Is(err, idem.ErrErased) { // another session brought the person back, which replaced them
		return nil, errMoved
	}
	return refs, err
}

// comeBack makes the locked person live again and takes its aliases back. The
// row is saved first: nothing can be added to a deleted person.
func comeBack(ctx context.Context, tx store.Tx, who *idem.Person) error {
	if err := who.Restore(tx.Now()); err != nil {
		return err
	}
	if err := tx.Persons().Save(ctx, *who); err != nil {
		return fmt.Errorf("save person: %w", err)
	}
	err := claimAliases(ctx, tx, who.ID)
	if errors.Is(err, idem.ErrRestoreConflict) {
		return errMoved
	}
	return err
}

// parts divides a gate between two writers: the first n references and the
// rest. All of them are admitted at once, by whoever comes first.
func (g gate) parts(n int) (first, rest gate) {
	var seqs []idem.Seq
	var err error
	done := false
	admit := func(tx store.Tx) ([]idem.Seq, error) {
		if !done {
			done = true
			seqs, err = g.admit(tx)
		}
		return seqs, err
	}
	first, rest = g, g
	first.admit = func(tx store.Tx) ([]idem.Seq, error) {
		all, err := admit(tx)
		return all[:min(n, len(all))], err
	}
	rest.admit = func(tx store.Tx) ([]idem.Seq, error) {
		all, err := admit(tx)
		return all[min(n, len(all)):], err
	}
	return first, rest
}
