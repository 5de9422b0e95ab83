package gallery_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/chain"
)

// memStore is a store of galleries alone, with a clock that tests move and
// rows that tests may spoil. Transactions run one after the other.
type memStore struct {
	store.Store // what tests of this package never call

	mu    sync.RWMutex
	now   time.Time
	logs  map[idem.OrgID]*memLog
	spoil func(rows []store.StoredRow) // applied to what Rows returns

	stuck atomic.Bool // reading transactions never get their answer
}

// memLog is the log of one organisation and of the one model of the tests.
type memLog struct {
	rows      []idem.LogRow
	templates map[idem.Seq][]byte
	pending   map[idem.Seq]store.Lease
}

func newMemStore() *memStore {
	return &memStore{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), logs: map[idem.OrgID]*memLog{org: newMemLog()}}
}

func newMemLog() *memLog {
	return &memLog{templates: map[idem.Seq][]byte{}, pending: map[idem.Seq]store.Lease{}}
}

func (l *memLog) clone() *memLog {
	return &memLog{rows: slices.Clone(l.rows), templates: maps.Clone(l.templates), pending: maps.Clone(l.pending)}
}

// pass moves the store's clock.
func (m *memStore) pass(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}

// set changes what Rows returns; nil restores the truth.
func (m *memStore) set(spoil func([]store.StoredRow)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.spoil = spoil
}

func (m *memStore) View(ctx context.Context, id idem.OrgID, f func(store.Tx) error) error {
	if m.stuck.Load() {
		<-ctx.Done()
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return f(&memTx{m: m, org: id, log: m.logs[id]})
}

func (m *memStore) Update(ctx context.Context, id idem.OrgID, f func(store.Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	draft := m.logs[id].clone()
	if err := f(&memTx{m: m, org: id, log: draft}); err != nil {
		return err
	}
	m.logs[id] = draft
	return nil
}

// cut takes the newest rows away, as a restored backup does.
func (m *memStore) cut(id idem.OrgID, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.logs[id] = m.logs[id].clone()
	m.logs[id].rows = m.logs[id].rows[:n]
}

func (m *memStore) System() store.System { return memSystem{m: m} }

type memSystem struct {
	store.System
	m *memStore
}

func (s memSystem) ListOrganisations(context.Context) ([]idem.Organisation, error) {
	s.m.mu.RLock()
	defer s.m.mu.RUnlock()
	var out []idem.Organisation
	for id := range s.m.logs {
		out = append(out, idem.Organisation{ID: id})
	}
	return out, nil
}

type memTx struct {
	store.Tx
	m   *memStore
	org idem.OrgID
	log *memLog
}

func (t *memTx) Now() time.Time         { return t.m.now }
func (t *memTx) Org() idem.OrgID        { return t.org }
func (t *memTx) Gallery() store.Gallery { return (*memGallery)(t) }

// memGallery is the gallery of a memTx.
type memGallery memTx

func (t *memGallery) Models(context.Context) ([]string, error) { return nil, nil }

func (t *memGallery) Append(_ context.Context, model string, rows []idem.LogRow) error {
	for i := range rows {
		r := &rows[i]
		r.Seq, r.At = idem.Seq(len(t.log.rows)+1), t.m.now
		if r.Op == idem.OpReserve {
			r.Ref = r.Seq
		}
		if n := len(t.log.rows); n > 0 {
			r.PrevHash = t.log.rows[n-1].Hash
		}
		r.Hash = chain.Row(t.org, model, *r)
		t.log.rows = append(t.log.rows, *r)
	}
	return nil
}

func (t *memGallery) PutTemplates(_ context.Context, _ string, templates map[idem.Seq][]byte) error {
	maps.Copy(t.log.templates, templates)
	return nil
}

func (t *memGallery) DeleteTemplate(_ context.Context, _ string, seq idem.Seq) error {
	delete(t.log.templates, seq)
	return nil
}

func (t *memGallery) Template(_ context.Context, _ string, seq idem.Seq) ([]byte, error) {
	return t.log.templates[seq], nil
}

func (t *memGallery) Head(context.Context, string) (idem.Seq, [32]byte, error) {
	n := len(t.log.rows)
	if n == 0 {
		return 0, [32]byte{}, nil
	}
	return idem.Seq(n), t.log.rows[n-1].Hash, nil
}

func (t *memGallery) Rows(_ context.Context, _ string, after idem.Seq, limit int) ([]store.StoredRow, error) {
	var out []store.StoredRow
	for _, row := range t.log.rows[min(int(after), len(t.log.rows)):] {
		if len(out) == limit {
			break
		}
		s := store.StoredRow{LogRow: row}
		if row.Op == idem.OpReserve {
			s.Sealed = t.log.templates[row.Seq]
		}
		out = append(out, s)
	}
	if t.m.spoil != nil {
		t.m.spoil(out)
	}
	return out, nil
}

func (t *memGallery) PutPending(_ context.Context, _ string, leases []store.Lease) error {
	for _, l := range leases {
		t.log.pending[l.Seq] = l
	}
	return nil
}

func (t *memGallery) TakePending(_ context.Context, _ string, seq idem.Seq, epoch int64) (bool, error) {
	l, ok := t.log.pending[seq]
	if !ok || l.Epoch != epoch {
		return false, nil
	}
	delete(t.log.pending, seq)
	return true, nil
}

func (t *memGallery) RenewPending(_ context.Context, _ string, l store.Lease) (int64, bool, error) {
	old, ok := t.log.pending[l.Seq]
	if !ok || old.Epoch != l.Epoch {
		return 0, false, nil
	}
	t.log.pending[l.Seq] = store.Lease{Seq: l.Seq, Until: l.Until, Epoch: old.Epoch + 1}
	return old.Epoch + 1, true, nil
}

func (t *memGallery) ExpiredPending(_ context.Context, _ string, limit int) ([]store.Lease, error) {
	var out []store.Lease
	for _, seq := range slices.Sorted(maps.Keys(t.log.pending)) {
		if l := t.log.pending[seq]; l.Until.Before(t.m.now) && len(out) < limit {
			out = append(out, l)
		}
	}
	return out, nil
}

// memSealer names the key and the place and proves both by a digest; it hides
// nothing, which tests of this package do not need.
type memSealer struct {
	store.Sealer
	mu        sync.Mutex
	destroyed map[idem.DataKeyID]bool
	preloaded int
	opens     int
}

func newMemSealer() *memSealer { return &memSealer{destroyed: map[idem.DataKeyID]bool{}} }

type memSealed struct {
	Key   idem.DataKeyID
	At    [32]byte
	Plain []byte
}

func digestOf(at store.Place) [32]byte {
	text, err := json.Marshal(at)
	if err != nil {
		panic(err)
	}
	return sha256.Sum256(text)
}

func (s *memSealer) Seal(_ context.Context, key idem.DataKeyID, at store.Place, plain []byte) ([]byte, error) {
	return json.Marshal(memSealed{key, digestOf(at), plain})
}

func (s *memSealer) Open(_ context.Context, at store.Place, sealed []byte) ([]byte, error) {
	var v memSealed
	if err := json.NewDecoder(bytes.NewReader(sealed)).Decode(&v); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opens++
	switch {
	case s.destroyed[v.Key]:
		return nil, idem.ErrErased
	case v.At != digestOf(at):
		return nil, errors.New("sealed for another place")
	}
	return v.Plain, nil
}

func (s *memSealer) Preload(_ context.Context, _ idem.OrgID, keys []idem.DataKeyID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.preloaded += len(keys)
	return nil
}

func memKeyOf(sealed []byte) (idem.DataKeyID, bool) {
	var v memSealed
	err := json.Unmarshal(sealed, &v)
	return v.Key, err == nil
}

func (s *memSealer) opened() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opens
}

func (s *memSealer) destroy(key idem.DataKeyID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.destroyed[key] = true
}
