package sqltext

import (
	"context"
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
	for len(keys) > 0 {
		n := min(len(keys), ownersAtOnce)
		if err := t.owners(ctx, keys[:n], owners); err != nil {
			return nil, err
		}
		keys = keys[n:]
	}
	return owners, nil
}

type blindKey struct{ kind, blind string }

func (t aliases) owners(ctx context.Context, keys []store.AliasKey, owners map[store.AliasKey]idem.PersonID) error {
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
	text := `SELECT type, blind, person FROM aliases WHERE org = $1 AND live AND (` + strings.Join(pairs, " OR ") + `)`
	return t.each(ctx, text, w.args, func(r row) error {
		var kind string
		var blind []byte
		var person idem.PersonID
		if err := r.Scan(&kind, &blind, &person); err != nil {
			return err
		}
		owners[asked[blindKey{kind, string(blind)}]] = person
		return nil
	})
}
