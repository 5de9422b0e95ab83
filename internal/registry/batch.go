package registry

import (
	"context"
	"runtime"

	"github.com/idem-id/idem"
)

// BatchItem is what became of one item of a batch: Created or Err.
type BatchItem struct {
	Created Created
	Err     error
}

// CreateBatch creates n persons, each in a transaction of its own and in their
// order; one that is refused does not affect the others. item reads the i-th
// one and is called by several goroutines; also names the functions that run
// in its transaction, nil for none.
func (r *Registry) CreateBatch(ctx context.Context, p idem.Principal, n int, item func(i int) (NewPerson, error), also func(i int) []Also[Created]) []BatchItem {
	out := make([]BatchItem, n)
	ready := r.prepareAhead(ctx, p, n, item)
	for i := range out {
		d := <-ready[i]
		if d.err != nil {
			out[i].Err = d.err
			continue
		}
		var hooks []Also[Created]
		if also != nil {
			hooks = also(i)
		}
		out[i].Created, out[i].Err = r.create(ctx, p, d.draft, hooks)
	}
	return out
}

type prepared struct {
	draft *draft
	err   error
}

// prepareAhead decodes and analyses the pictures of a batch ahead of their
// enrolment, a few at a time. Each channel delivers exactly one result, so the
// goroutine ends when all are taken.
func (r *Registry) prepareAhead(ctx context.Context, p idem.Principal, n int, item func(i int) (NewPerson, error)) []chan prepared {
	ready := make([]chan prepared, n)
	for i := range ready {
		ready[i] = make(chan prepared)
	}
	workers := min(n, runtime.GOMAXPROCS(0)+1)
	for w := range workers {
		go func() {
			for i := w; i < n; i += workers {
				ready[i] <- r.prepareItem(ctx, p, i, item)
			}
		}()
	}
	return ready
}

func (r *Registry) prepareItem(ctx context.Context, p idem.Principal, i int, item func(i int) (NewPerson, error)) prepared {
	person, err := item(i)
	if err != nil {
		return prepared{err: err}
	}
	d, err := r.prepare(ctx, p, person)
	return prepared{d, err}
}
