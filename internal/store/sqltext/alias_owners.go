package sqltext

import (
	"context"
	"slices"
	"strings"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// ownersAtOnce bounds the pairs of one statement: SQLite limits how deep an
// expression may be.
const ownersAtOnce = 128

// Owners implements store.Aliases.
func (t aliases) Owners(ctx context.Context, keys []store.AliasKey) (map[store.AliasKey]idem.PersonID, error) {
	owners := make(map[store.AliasKey]idem.PersonID, len(keys))
	err := t.owners(ctx, keys, `live`, func(k store.AliasKey, who idem.PersonID) { owners[k] = who })
	return owners, err
}

// FormerOwners implements store.Aliases. A live person has live aliases only.
func (t aliases) FormerOwners(ctx context.Context, keys []store.AliasKey) (found []idem.PersonID, err error) {
	err = t.owners(ctx, keys, `live = FALSE`, func(_ store.AliasKey, who idem.PersonID) {
		if !slices.Contains(found, who) {
			found = append(found, who)
		}
	})
	return found, err
}

// owners passes on whose the keys are, among the aliases that the condition
// admits.
func (t aliases) owners(ctx context.Context, keys []store.AliasKey, condition string, found func(store.AliasKey, idem.PersonID)) error {
	for part := range slices.Chunk(keys, ownersAtOnce) {
		if err := t.someOwners(ctx, part, condition, found); err != nil {
			return err
		}
	}
	return nil
}

type blindKey struct{ kind, blind string }

func (t aliases) someOwners(ctx context.Context, keys []store.AliasKey, condition string, found func(store.AliasKey, idem.PersonID)) error {
	asked := make(map[blindKey]store.AliasKey, len(keys))
	w := &where{args: []any{t.org}}
	var pairs []string
	for _, k := range keys {
		if !storable(k.Norm) || !storable(string(k.Type)) {
			continue
		}
		blind, err := t.blindAlias(ctx, k.Type, k.Norm)
		if err != nil {
			return err
		}
		asked[blindKey{string(k.Type), string(blind)}] = k
		pairs = append(pairs, "type = "+w.arg(k.Type)+" AND blind = "+w.arg(blind))
	}
	if len(pairs) == 0 {
		return nil
	}
	text := `SELECT type, blind, person FROM aliases WHERE org = $1 AND ` + condition + ` AND (` + strings.Join(pairs, " OR ") + `)`
	return t.each(ctx, text, w.args, func(r row) error {
		var kind string
		var blind []byte
		var person idem.PersonID
		if err := r.Scan(&kind, &blind, &person); err != nil {
			return err
		}
		found(asked[blindKey{kind, string(blind)}], person)
		return nil
	})
}
