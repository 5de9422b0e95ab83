//go:build cgo

package ort

import (
	"context"
	"fmt"
	"sync"
)

// pool lends the workers out, the one used last first: its weights are still in
// the processor's caches.
type pool struct {
	tokens chan struct{} // one per worker at rest
	mu     sync.Mutex
	rest   []*worker
}

func newPool(size int) *pool { return &pool{tokens: make(chan struct{}, size)} }

func (p *pool) give(w *worker) {
	p.mu.Lock()
	p.rest = append(p.rest, w)
	p.mu.Unlock()
	p.tokens <- struct{}{}
}

func (p *pool) take(ctx context.Context) (*worker, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-p.tokens:
		p.mu.Lock()
		defer p.mu.Unlock()
		last := len(p.rest) - 1
		w := p.rest[last]
		p.rest = p.rest[:last]
		return w, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a face worker: %w", ctx.Err())
	}
}
