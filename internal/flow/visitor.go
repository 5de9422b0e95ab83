package flow

import (
	"context"

	"github.com/idem-id/idem"
)

type visitorKey struct{}

// By marks what a client of sessions asks for: who it is stands with a session
// that it starts or answers.
func By(ctx context.Context, v idem.Visitor) context.Context {
	return context.WithValue(ctx, visitorKey{}, v)
}

// visitorOf is the zero Visitor for what no client asks for.
func visitorOf(ctx context.Context) idem.Visitor {
	v, _ := ctx.Value(visitorKey{}).(idem.Visitor)
	return v
}
