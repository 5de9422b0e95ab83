package sqltext

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

type sessions struct{ *Tx }

const sessionColumns = `id, flow, flow_name, state, demo, locale, attempts, config, sealed, visits, person, data_key, failure_type, failure_detail,
	created_at, expires_at, started_at, ended_at, erased_at`

// sealedSession is a row as it is stored; metadata and visits are still closed.
type sealedSession struct {
	idem.Session
	sealed, visits []byte
}

func scanSession(r row, s *sealedSession) (err error) {
	var config []byte
	err = r.Scan(&s.ID, &s.Flow, &s.FlowName, &s.State, &s.Demo, &s.Locale, &s.Attempts, &config, &s.sealed, &s.visits, &s.Person, &s.DataKey,
		&s.Failure.Type, &s.Failure.Detail, (*moment)(&s.CreatedAt), (*moment)(&s.ExpiresAt), (*moment)(&s.StartedAt), (*moment)(&s.EndedAt),
		(*moment)(&s.ErasedAt))
	if err != nil {
		return err
	}
	s.Config, err = decodeConfig(config)
	return err
}

func (t sessions) place(id idem.SessionID, column string) store.Place {
	return store.Place{Org: t.org, Owner: string(id), Column: "sessions." + column, Row: string(id)}
}

// sealVisits returns nil for none.
func (t sessions) sealVisits(ctx context.Context, s *idem.Session) ([]byte, error) {
	if len(s.Visits) == 0 {
		return nil, nil
	}
	plain, err := json.Marshal(s.Visits)
	if err != nil {
		return nil, fmt.Errorf("encode visits: %w", err)
	}
	return t.sealUnder(ctx, s.DataKey, t.place(s.ID, "visits"), plain)
}

func (t sessions) openVisits(ctx context.Context, id idem.SessionID, sealed []byte) (list []idem.Visit, err error) {
	plain, err := t.openUnlessErased(ctx, t.place(id, "visits"), sealed)
	if err != nil || plain == nil {
		return nil, err
	}
	if err := json.Unmarshal(plain, &list); err != nil {
		return nil, fmt.Errorf("read visits: %w", err)
	}
	return list, nil
}

// Insert implements store.Sessions.
func (t sessions) Insert(ctx context.Context, s idem.Session) error {
	config, err := encodeConfig(s.Config)
	if err != nil {
		return err
	}
	sealed, err := t.sealUnder(ctx, s.DataKey, t.place(s.ID, "sealed"), s.Metadata)
	if err != nil {
		return err
	}
	visits, err := t.sealVisits(ctx, &s)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO sessions (org, `+sessionColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		t.org, s.ID, s.Flow, s.FlowName, s.State, s.Demo, s.Locale, s.Attempts, config, sealed, visits, s.Person, s.DataKey,
		s.Failure.Type, s.Failure.Detail, micros(s.CreatedAt), micros(s.ExpiresAt), micros(s.StartedAt), micros(s.EndedAt), micros(s.ErasedAt))
	if err != nil {
		return err
	}
	for i := range s.Steps {
		if err := t.insertStep(ctx, &s, i); err != nil {
			return err
		}
	}
	return nil
}

// Get implements store.Sessions.
func (t sessions) Get(ctx context.Context, id idem.SessionID) (idem.Session, error) {
	return t.one(ctx, id, "")
}

// GetForUpdate implements store.Sessions.
func (t sessions) GetForUpdate(ctx context.Context, id idem.SessionID) (idem.Session, error) {
	return t.one(ctx, id, lock)
}

func (t sessions) one(ctx context.Context, id idem.SessionID, locking string) (idem.Session, error) {
	if !storable(string(id)) {
		return idem.Session{}, idem.ErrSessionNotFound
	}
	found, err := list(ctx, t.Tx, `SELECT `+sessionColumns+` FROM sessions WHERE org = $1 AND id = $2`+locking, []any{t.org, id}, scanSession)
	if err == nil && len(found) == 0 {
		err = idem.ErrSessionNotFound
	}
	if err != nil {
		return idem.Session{}, err
	}
	s := found[0]
	if s.Metadata, err = t.openUnlessErased(ctx, t.place(id, "sealed"), s.sealed); err != nil {
		return idem.Session{}, err
	}
	if s.Visits, err = t.openVisits(ctx, id, s.visits); err != nil {
		return idem.Session{}, err
	}
	s.Steps, err = t.steps(ctx, id)
	return s.Session, err
}

// Save implements store.Sessions.
func (t sessions) Save(ctx context.Context, s idem.Session) error {
	visits, err := t.sealVisits(ctx, &s)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `UPDATE sessions SET state = $3, person = $4, failure_type = $5, failure_detail = $6, started_at = $7, ended_at = $8, visits = $9
		WHERE org = $1 AND id = $2`, t.org, s.ID, s.State, s.Person, s.Failure.Type, s.Failure.Detail, micros(s.StartedAt), micros(s.EndedAt), visits)
	if err := unlessFound(n, err, idem.ErrSessionNotFound); err != nil {
		return err
	}
	for i := range s.Steps {
		if err := t.saveStep(ctx, &s, i); err != nil {
			return err
		}
	}
	return nil
}

// List implements store.Sessions.
func (t sessions) List(ctx context.Context, q store.SessionQuery, page store.Page) ([]idem.Session, string, error) {
	if err := checkPage(page); err != nil {
		return nil, "", err
	}
	w := &where{}
	w.add("org = ?", t.org)
	narrowSessions(w, q)
	if err := w.behind("created_at", "id", page); err != nil {
		return nil, "", err
	}
	found, err := list(ctx, t.Tx, `SELECT `+sessionColumns+` FROM sessions s WHERE `+w.text()+` ORDER BY created_at DESC, id DESC LIMIT `+w.arg(page.Limit+1),
		w.args, scanSession)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(found) > page.Limit {
		found = found[:page.Limit]
		last := found[page.Limit-1]
		next = cursor(micros(last.CreatedAt), string(last.ID))
	}
	out := make([]idem.Session, len(found))
	for i, s := range found {
		out[i] = s.Session
	}
	return out, next, t.outlines(ctx, out)
}

// behind narrows to what comes after the page before, newest first.
func (w *where) behind(column, id string, page store.Page) error {
	if page.After == "" {
		return nil
	}
	at, last, err := parseCursor(page.After)
	if err == nil {
		w.add("("+column+", "+id+") < (?, ?)", at, last)
	}
	return err
}

func narrowSessions(w *where, q store.SessionQuery) {
	if q.Flow != "" {
		w.add("flow = ?", q.Flow)
	}
	if q.State != "" {
		w.add("state = ?", q.State)
	}
	if q.Person != "" {
		w.add("EXISTS (SELECT 1 FROM person_sessions l WHERE l.org = s.org AND l.session = s.id AND l.person = ?)", q.Person)
	}
	if !q.From.IsZero() {
		w.add("created_at >= ?", micros(q.From))
	}
	if !q.To.IsZero() {
		w.add("created_at < ?", micros(q.To))
	}
}

// Link implements store.Sessions.
func (t sessions) Link(ctx context.Context, l idem.SessionLink) error {
	_, err := t.exec(ctx, `INSERT INTO person_sessions (org, person, session, role, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (org, person, session) DO UPDATE SET role = excluded.role, at = excluded.at`, t.org, l.Person, l.Session, l.Role, micros(l.At))
	return err
}

// Links implements store.Sessions.
func (t sessions) Links(ctx context.Context, person idem.PersonID) ([]idem.SessionLink, error) {
	return list(ctx, t.Tx, `SELECT person, session, role, at FROM person_sessions WHERE org = $1 AND person = $2 ORDER BY at DESC, session DESC`,
		[]any{t.org, person}, func(r row, l *idem.SessionLink) error {
			return r.Scan(&l.Person, &l.Session, &l.Role, (*moment)(&l.At))
		})
}

// LinkedTo implements store.Sessions.
func (t sessions) LinkedTo(ctx context.Context, id idem.SessionID) ([]idem.PersonID, error) {
	return list(ctx, t.Tx, `SELECT person FROM person_sessions WHERE org = $1 AND session = $2 ORDER BY person`, []any{t.org, id},
		func(r row, who *idem.PersonID) error { return r.Scan(who) })
}

// Erase implements store.Sessions.
func (t sessions) Erase(ctx context.Context, s idem.Session) error {
	n, err := t.exec(ctx, `UPDATE sessions SET erased_at = $3, sealed = NULL, visits = NULL, person = '' WHERE org = $1 AND id = $2`,
		t.org, s.ID, micros(s.ErasedAt))
	if err := unlessFound(n, err, idem.ErrSessionNotFound); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `UPDATE session_steps SET memo = NULL, result = NULL WHERE org = $1 AND session = $2`, t.org, s.ID); err != nil {
		return err
	}
	_, err = t.exec(ctx, `DELETE FROM webhook_events WHERE org = $1 AND session = $2`, t.org, s.ID)
	return err
}

// CountLinks implements store.Sessions.
func (t sessions) CountLinks(ctx context.Context, persons ...idem.PersonID) (map[idem.PersonID]int, error) {
	out := map[idem.PersonID]int{}
	if len(persons) == 0 {
		return out, nil
	}
	w := &where{}
	w.add("org = ?", t.org)
	w.anyOf("person", persons)
	err := t.each(ctx, `SELECT person, COUNT(*) FROM person_sessions WHERE `+w.text()+` GROUP BY person`, w.args, func(r row) error {
		var who idem.PersonID
		var n int
		if err := r.Scan(&who, &n); err != nil {
			return err
		}
		out[who] = n
		return nil
	})
	return out, err
}
