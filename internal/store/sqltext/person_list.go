package sqltext

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// List implements store.Persons.
func (t persons) List(ctx context.Context, q store.PersonQuery, page store.Page) ([]idem.Person, string, error) {
	if err := checkPage(page); err != nil {
		return nil, "", err
	}
	w, err := t.narrow(ctx, q)
	if err != nil {
		return nil, "", err
	}
	column, direction, after := "created_at", "DESC", "<"
	if q.ByUpdateTime {
		column = "updated_at"
	}
	if q.OldestFirst {
		direction, after = "ASC", ">"
	}
	if page.After != "" {
		at, id, err := parseCursor(page.After)
		if err != nil {
			return nil, "", err
		}
		w.add("("+column+", id) "+after+" (?, ?)", at, id)
	}
	text := `SELECT ` + personColumns + ` FROM persons p WHERE ` + w.text() +
		` ORDER BY ` + column + ` ` + direction + `, id ` + direction + ` LIMIT ` + w.arg(page.Limit+1)
	found, err := list(ctx, t.Tx, text, w.args, scanPerson)
	if err != nil || len(found) <= page.Limit {
		return found, "", err
	}
	found = found[:page.Limit]
	last := found[page.Limit-1]
	at := last.CreatedAt
	if q.ByUpdateTime {
		at = last.UpdatedAt
	}
	return found, cursor(micros(at), string(last.ID)), nil
}

// Count implements store.Persons.
func (t persons) Count(ctx context.Context, q store.PersonQuery) (int64, error) {
	w, err := t.narrow(ctx, q)
	if err != nil {
		return 0, err
	}
	var n int64
	_, err = t.first(ctx, `SELECT COUNT(*) FROM persons p WHERE `+w.text(), w.args, &n)
	return n, err
}

func (t persons) narrow(ctx context.Context, q store.PersonQuery) (*where, error) {
	w := &where{}
	w.add("p.org = ?", t.org)
	switch q.State {
	case store.StateActive:
		w.add("p.deleted_at = 0 AND p.erased_at = 0")
	case store.StateDeleted:
		w.add("(p.deleted_at <> 0 OR p.erased_at <> 0)")
	}
	if q.Verified != nil {
		w.add("p.verified = ?", *q.Verified)
	}
	if q.Source != "" {
		w.add("p.created_source = ?", q.Source)
	}
	if q.IDs != nil {
		w.anyOf("p.id", q.IDs)
	}
	narrowTimes(w, q)
	narrowChildren(w, q)
	return w, t.narrowAliases(ctx, w, q.AliasNorms)
}

// anyOf narrows to a list of identifiers, of which an empty one selects nothing.
func (w *where) anyOf(column string, ids []idem.PersonID) {
	known := slices.DeleteFunc(slices.Clone(ids), func(id idem.PersonID) bool { return !storable(string(id)) })
	if len(known) == 0 {
		w.add("1 = 0")
		return
	}
	in(w, column, known)
}

func narrowTimes(w *where, q store.PersonQuery) {
	if !q.CreatedFrom.IsZero() {
		w.add("p.created_at >= ?", micros(q.CreatedFrom))
	}
	if !q.CreatedTo.IsZero() {
		w.add("p.created_at < ?", micros(q.CreatedTo))
	}
	if !q.UpdatedFrom.IsZero() {
		w.add("p.updated_at >= ?", micros(q.UpdatedFrom))
	}
	if !q.UpdatedTo.IsZero() {
		w.add("p.updated_at < ?", micros(q.UpdatedTo))
	}
}

func narrowChildren(w *where, q store.PersonQuery) {
	const photo = "EXISTS (SELECT 1 FROM photos f WHERE f.org = p.org AND f.person = p.id"
	if q.HasPhoto != nil && *q.HasPhoto {
		w.add(photo + ")")
	}
	if q.HasPhoto != nil && !*q.HasPhoto {
		w.add("NOT " + photo + ")")
	}
	if q.PhotoType != "" {
		w.add(photo+" AND f.type = ?)", q.PhotoType)
	}
	if q.AliasType != "" {
		w.add("EXISTS (SELECT 1 FROM aliases a WHERE a.org = p.org AND a.person = p.id AND a.type = ?)", q.AliasType)
	}
	const link = "EXISTS (SELECT 1 FROM person_sessions l JOIN sessions s ON s.org = l.org AND s.id = l.session WHERE l.org = p.org AND l.person = p.id"
	if q.Session != "" {
		w.add(link+" AND s.id = ?)", q.Session)
	}
	if q.Flow != "" {
		w.add(link+" AND s.flow = ?)", q.Flow)
	}
}

// narrowAliases narrows to the owners of any of the norms. Reserved and freed
// aliases are asked apart because each have their own index.
func (t persons) narrowAliases(ctx context.Context, w *where, norms map[idem.AliasType]string) error {
	if len(norms) == 0 {
		return nil
	}
	var pairs []string
	for _, kind := range slices.Sorted(maps.Keys(norms)) {
		if !storable(norms[kind]) || !storable(string(kind)) {
			continue
		}
		blind, err := t.blindAlias(ctx, kind, norms[kind])
		if err != nil {
			return err
		}
		pairs = append(pairs, "a.type = "+w.arg(kind)+" AND a.blind = "+w.arg(blind))
	}
	if len(pairs) == 0 {
		w.add("1 = 0")
		return nil
	}
	either := "(" + strings.Join(pairs, " OR ") + ")"
	w.add("p.id IN (SELECT a.person FROM aliases a WHERE a.org = $1 AND a.live AND " + either +
		" UNION ALL SELECT a.person FROM aliases a WHERE a.org = $1 AND a.live = FALSE AND " + either + ")")
	return nil
}
