package gallery

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store/chain"
	"github.com/idem-id/idem/match"
)

// Preloader is what a sealer may offer besides: bringing many data keys into
// memory at once, before the values sealed under them are opened one by one.
// Keys that are missing are no error.
type Preloader interface {
	Preload(ctx context.Context, org idem.OrgID, keys []idem.DataKeyID) error
}

// reading is one sealed template of a page on its way to the index.
type reading struct {
	seq             idem.Seq
	subject, sample string
	sealed          []byte
	template        match.Template // zero when the key or the template is gone
}

// openPage opens all templates of a page, those of moved entries included, and
// returns them by entry.
func (f *follower) openPage(ctx context.Context, p page) (map[idem.Seq]reading, error) {
	list := f.readings(p)
	if err := f.preload(ctx, list); err != nil {
		return nil, err
	}
	if err := f.openAll(ctx, list); err != nil {
		return nil, err
	}
	out := make(map[idem.Seq]reading, len(list))
	for _, r := range list {
		out[r.seq] = r
	}
	return out, nil
}

func (f *follower) readings(p page) []reading {
	var list []reading
	for i := range p.rows {
		row := &p.rows[i]
		if row.Op == idem.OpReserve && row.Sealed != nil {
			list = append(list, reading{seq: row.Seq, subject: row.Subject, sample: row.Sample, sealed: row.Sealed})
		}
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	for seq, sealed := range p.moved {
		if e := f.table.find(seq); e != nil && sealed != nil {
			list = append(list, reading{seq: seq, subject: f.table.text(e.subject), sample: f.table.text(e.sample), sealed: sealed})
		}
	}
	return list
}

func (f *follower) preload(ctx context.Context, list []reading) error {
	loader, ok := f.g.sealer.(Preloader)
	if !ok || f.g.opt.KeyOf == nil || len(list) < 2 {
		return nil
	}
	keys := make([]idem.DataKeyID, 0, len(list))
	for _, r := range list {
		if key, ok := f.g.opt.KeyOf(r.sealed); ok {
			keys = append(keys, key)
		}
	}
	if err := loader.Preload(ctx, f.log.Org, keys); err != nil {
		return fmt.Errorf("load keys of templates: %w", err)
	}
	return nil
}

// openAll spreads the list over the processors.
func (f *follower) openAll(ctx context.Context, list []reading) error {
	workers := min(runtime.GOMAXPROCS(0), 1+len(list)/64)
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range workers {
		group.Go(func() error {
			for i := next.Add(1) - 1; i < int64(len(list)); i = next.Add(1) - 1 {
				if err := f.openOne(ctx, &list[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// openOne leaves the template zero when its key is gone: only the rest of the
// log can tell whether that is right.
func (f *follower) openOne(ctx context.Context, r *reading) error {
	t, err := f.g.open(ctx, f.log.Org, r.subject, r.sample, r.sealed)
	switch {
	case err == nil:
		r.template = t
	case errors.Is(err, idem.ErrErased), idem.CodeOf(err) == "KEY_MISSING":
	default:
		return fmt.Errorf("open template %d: %w", r.seq, err)
	}
	return nil
}

// check proves that the page continues what was applied before it and, unless
// it holds as many rows as the limit, ends at the head.
func (p *page) check(log Log, limit int) error {
	if p.head < p.after {
		return broken(p.head, "the log is shorter than before")
	}
	if p.head == p.after {
		if p.headHash != p.prev {
			return broken(p.head, "another log is behind this position")
		}
		return nil
	}
	if len(p.rows) == 0 {
		return broken(p.after+1, "rows are missing")
	}
	seq, prev := p.after, p.prev
	for i := range p.rows {
		row := &p.rows[i]
		if err := chained(log, seq, prev, &row.LogRow); err != nil {
			return err
		}
		if row.Sealed != nil && sha256.Sum256(row.Sealed) != row.Digest {
			return broken(row.Seq, "the stored template is not the logged one")
		}
		seq, prev = row.Seq, row.Hash
	}
	if seq < p.head && len(p.rows) < limit || seq == p.head && prev != p.headHash {
		return broken(seq, "the log does not end at its head")
	}
	return nil
}

// chained checks one row against the one before it.
func chained(log Log, seq idem.Seq, prev [32]byte, row *idem.LogRow) error {
	switch {
	case row.Seq != seq+1:
		return broken(seq+1, "the position is missing")
	case row.PrevHash != prev:
		return broken(row.Seq, "the row does not follow the one before it")
	case chain.Row(log.Org, log.Model, *row) != row.Hash:
		return broken(row.Seq, "the row was changed")
	}
	return nil
}

func broken(at idem.Seq, reason string) error {
	return ErrLogBroken.With("position", int64(at)).With("reason", reason)
}
