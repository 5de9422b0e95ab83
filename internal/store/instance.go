package store

import (
	"context"
	"fmt"

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

// Record adds what was done to the transaction's organisation to the instance's
// audit. Whoever shows neither a credential nor a sign-in is this process, under
// the account of the operating system that it runs as. It comes last in its
// transaction, as the head of that audit does in the order of locks.
func Record(ctx context.Context, tx Tx, account string, who idem.Actor, what idem.InstanceActionType, details map[string]any) error {
	action := idem.InstanceAction{Type: what, Actor: who, Details: details}
	if who.Credential == "" && who.Operator == "" {
		action.Actor, action.Account = idem.Actor{}, account
	}
	if err := tx.Instance().Append(ctx, action); err != nil {
		return fmt.Errorf("record %s: %w", what, err)
	}
	return nil
}
