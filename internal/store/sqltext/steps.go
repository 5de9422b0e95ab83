package sqltext

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

const stepColumns = `technology, state, attempts, running, memo, memo_until, result, failure_type, failure_detail, copied, started_at, ended_at`

// sealedStep is a row as it is stored; memo and result are still closed.
type sealedStep struct {
	idem.Step
	memo, result []byte
}

func scanStep(r row, s *sealedStep) error {
	return r.Scan(&s.Technology, &s.State, &s.Attempts, (*running)(&s.Running), &s.memo, (*moment)(&s.MemoUntil), &s.result, &s.Failure.Type, &s.Failure.Detail,
		&s.Copied, (*moment)(&s.StartedAt), (*moment)(&s.EndedAt))
}

func (t sessions) stepPlace(id idem.SessionID, i int, column string) store.Place {
	return store.Place{Org: t.org, Owner: string(id), Column: "session_steps." + column, Row: strconv.Itoa(i)}
}

// sealUnder seals what is there; nil for nothing.
func (t *Tx) sealUnder(ctx context.Context, key idem.DataKeyID, at store.Place, plain []byte) ([]byte, error) {
	if plain == nil {
		return nil, nil
	}
	sealed, err := t.sealer.Seal(ctx, key, at, plain)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", at.Column, err)
	}
	return sealed, nil
}

// openUnlessErased opens what is there; nil for nothing and for what nobody
// can read any more.
func (t *Tx) openUnlessErased(ctx context.Context, at store.Place, sealed []byte) ([]byte, error) {
	if sealed == nil {
		return nil, nil
	}
	plain, err := t.openSealed(ctx, at, sealed)
	if errors.Is(err, idem.ErrErased) {
		return nil, nil
	}
	return plain, err
}

// running reads the attempts that are under way: JSON, "" for none.
type running []idem.Attempt

// runningRow is how one of them is stored.
type runningRow struct {
	ID    idem.AttemptID `json:"id"`
	Until int64          `json:"until"` // microseconds
}

// Scan implements sql.Scanner.
func (a *running) Scan(src any) error {
	text, ok := src.(string)
	if *a = nil; ok && text == "" {
		return nil
	}
	var rows []runningRow
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		return fmt.Errorf("read attempts under way: %w", err)
	}
	for _, r := range rows {
		*a = append(*a, idem.Attempt{ID: r.ID, Until: time.UnixMicro(r.Until).UTC()})
	}
	return nil
}

func encodeRunning(list []idem.Attempt) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	rows := make([]runningRow, len(list))
	for i, a := range list {
		rows[i] = runningRow{a.ID, micros(a.Until)}
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return "", fmt.Errorf("encode attempts under way: %w", err)
	}
	return string(text), nil
}

// protect returns the closed memo and result of a step.
func (t sessions) protect(ctx context.Context, s *idem.Session, i int) (memo, result []byte, err error) {
	p := s.Steps[i]
	if memo, err = t.sealUnder(ctx, s.DataKey, t.stepPlace(s.ID, i, "memo"), p.Memo); err != nil || p.Result == nil {
		return memo, nil, err
	}
	plain, err := json.Marshal(p.Result)
	if err != nil {
		return nil, nil, fmt.Errorf("encode result of step %d: %w", i, err)
	}
	result, err = t.sealUnder(ctx, s.DataKey, t.stepPlace(s.ID, i, "result"), plain)
	return memo, result, err
}

func (t sessions) insertStep(ctx context.Context, s *idem.Session, i int) error {
	memo, result, err := t.protect(ctx, s, i)
	if err != nil {
		return err
	}
	p := s.Steps[i]
	under, err := encodeRunning(p.Running)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `INSERT INTO session_steps (org, session, position, `+stepColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		t.org, s.ID, i, p.Technology, p.State, p.Attempts, under, memo, micros(p.MemoUntil), result, p.Failure.Type, p.Failure.Detail,
		p.Copied, micros(p.StartedAt), micros(p.EndedAt))
	return err
}

func (t sessions) saveStep(ctx context.Context, s *idem.Session, i int) error {
	memo, result, err := t.protect(ctx, s, i)
	if err != nil {
		return err
	}
	p := s.Steps[i]
	under, err := encodeRunning(p.Running)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, `UPDATE session_steps SET state = $4, attempts = $5, running = $6, memo = $7, memo_until = $8, result = $9,
		failure_type = $10, failure_detail = $11, copied = $12, started_at = $13, ended_at = $14 WHERE org = $1 AND session = $2 AND position = $3`,
		t.org, s.ID, i, p.State, p.Attempts, under, memo, micros(p.MemoUntil), result, p.Failure.Type, p.Failure.Detail, p.Copied, micros(p.StartedAt), micros(p.EndedAt))
	return unlessFound(n, err, idem.ErrSessionNotFound)
}

func (t sessions) steps(ctx context.Context, id idem.SessionID) ([]idem.Step, error) {
	found, err := list(ctx, t.Tx, `SELECT `+stepColumns+` FROM session_steps WHERE org = $1 AND session = $2 ORDER BY position`, []any{t.org, id}, scanStep)
	if err != nil {
		return nil, err
	}
	out := make([]idem.Step, len(found))
	for i, s := range found {
		if s.Memo, err = t.openUnlessErased(ctx, t.stepPlace(id, i, "memo"), s.memo); err != nil {
			return nil, err
		}
		plain, err := t.openUnlessErased(ctx, t.stepPlace(id, i, "result"), s.result)
		if err != nil {
			return nil, err
		}
		if plain != nil {
			s.Result = new(idem.StepResult)
			if err := json.Unmarshal(plain, s.Result); err != nil {
				return nil, fmt.Errorf("read result of step %d: %w", i, err)
			}
		}
		out[i] = s.Step
	}
	return out, nil
}

// outlines gives each session its steps without what is sealed.
func (t sessions) outlines(ctx context.Context, list []idem.Session) error {
	if len(list) == 0 {
		return nil
	}
	place := map[idem.SessionID]*idem.Session{}
	ids := make([]idem.SessionID, len(list))
	for i := range list {
		ids[i], place[list[i].ID] = list[i].ID, &list[i]
	}
	w := &where{}
	w.add("org = ?", t.org)
	in(w, "session", ids)
	return t.each(ctx, `SELECT session, `+stepColumns+` FROM session_steps WHERE `+w.text()+` ORDER BY session, position`, w.args, func(r row) error {
		var id idem.SessionID
		var s sealedStep
		if err := scanStep(prefixed{r, &id}, &s); err != nil {
			return err
		}
		place[id].Steps = append(place[id].Steps, s.Step)
		return nil
	})
}

// prefixed reads one more column before the others.
type prefixed struct {
	row
	first any
}

// Scan implements row.
func (p prefixed) Scan(dest ...any) error { return p.row.Scan(append([]any{p.first}, dest...)...) }
