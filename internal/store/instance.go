package store

import (
	"context"

	"github.com/idem-id/idem"
)

// Instance is the immutable audit of the instance, as a transaction of one
// organisation sees it: it adds what concerns that organisation. System reads
// all of it.
type Instance interface {
	// Append gives the actions the next positions, chains and writes them. Seq,
	// Org, At, PrevHash and Hash are set by it in what is stored. Details must be
	// JSON values; numbers come back as json.Number. See package chain.
	Append(ctx context.Context, actions ...idem.InstanceAction) error
}
