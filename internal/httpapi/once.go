package httpapi

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/httpapi/idempotent"
	"github.com/idem-id/idem/internal/store"
)

// answer is what a handler that may be repeated under an Idempotency-Key gives.
type answer[T any] struct {
	status int
	body   T
}

// onceOut is answer for huma.
type onceOut[T any] struct {
	Status   int
	Replayed string `header:"Idempotency-Replayed" hidden:"true"`
	ETag     string `header:"ETag" hidden:"true"`
	Location string `header:"Location" hidden:"true"`
	Body     T
}

// claim lets a handler remember its answer in the transaction that makes the
// change. Without an Idempotency-Key it does nothing.
type claim[T any] struct{ held *idempotent.Claim }

func (c claim[T]) remember(ctx context.Context, tx store.Tx, a answer[T]) error {
	if c.held == nil {
		return nil
	}
	body, err := json.Marshal(a.body)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	return c.held.Finish(ctx, tx, a.status, body)
}

// loader is an input that gives what the request asks for, which it may have to
// read first. Two requests with the same content are the same request, also
// when one is a form and the other JSON.
type loader[I any] interface {
	*I
	content(ctx context.Context) (any, error)
}

// handleOnce is handle for routes that take an Idempotency-Key.
func handleOnce[I, T any, P loader[I]](s *server, o operation, f func(context.Context, idem.Principal, *I, claim[T]) (answer[T], error)) {
	o.idempotent = true
	handle(s, o, func(ctx context.Context, p idem.Principal, in *I) (*onceOut[T], error) {
		request, err := requestOnce(ctx, P(in))
		if err != nil {
			return nil, err
		}
		return doOnce(ctx, s.store, p, request, func(ctx context.Context, c claim[T]) (answer[T], error) { return f(ctx, p, in, c) })
	})
	documentOnce[T](s, o)
}

// documentOnce tells of the headers that the answer's body brings along.
func documentOnce[T any](s *server, o operation) {
	op := s.operationAt(o.Method, o.Path)
	code := strconv.Itoa(op.DefaultStatus)
	var body any = *new(T)
	if _, ok := body.(versioned); ok {
		s.addHeader(op, code, "ETag", "The version; for If-Match.")
	}
	if _, ok := body.(located); ok {
		s.addHeader(op, code, "Location", "Where the resource is.")
	}
}

func requestOnce(ctx context.Context, in interface {
	content(context.Context) (any, error)
}) (idempotent.Request, error) {
	content, err := in.content(ctx)
	r := requestOf(ctx)
	if err != nil || len(r.Header.Values(idempotent.Header)) == 0 {
		return idempotent.Request{}, err
	}
	h := sha256.New()
	if err := json.MarshalWrite(h, content, json.Deterministic(true)); err != nil {
		return idempotent.Request{}, fmt.Errorf("digest request: %w", err)
	}
	return idempotent.WithDigest(r, [32]byte(h.Sum(nil)))
}

// doOnce runs f, or takes the answer that was remembered.
func doOnce[T any](ctx context.Context, s store.Store, p idem.Principal, r idempotent.Request, f func(context.Context, claim[T]) (answer[T], error)) (*onceOut[T], error) {
	if r.Key == "" {
		a, err := f(ctx, claim[T]{})
		return a.out(), err
	}
	var fresh answer[T]
	got, err := idempotent.Do(ctx, s, p, r, func(ctx context.Context, held *idempotent.Claim) (idempotent.Answer, error) {
		a, err := f(ctx, claim[T]{held})
		if err != nil {
			return idempotent.Answer{}, err
		}
		fresh = a
		body, err := json.Marshal(a.body)
		return idempotent.Answer{Status: a.status, Body: body}, err
	})
	if err != nil || !got.Replayed {
		return fresh.out(), err
	}
	earlier := answer[T]{status: got.Status}
	if err := json.Unmarshal(got.Body, &earlier.body); err != nil {
		return nil, fmt.Errorf("read remembered answer: %w", err)
	}
	out := earlier.out()
	out.Replayed = "true"
	return out, nil
}

// located is a body that tells where its resource is; versioned one that has
// an entity tag.
type (
	located   interface{ location() string }
	versioned interface{ version() int64 }
)

func (a answer[T]) out() *onceOut[T] {
	out := &onceOut[T]{Status: a.status, Body: a.body}
	if v, ok := any(a.body).(versioned); ok {
		out.ETag = etag(v.version())
	}
	if l, ok := any(a.body).(located); ok {
		out.Location = l.location()
	}
	return out
}

var _ huma.StatusError = (*Problem)(nil)
