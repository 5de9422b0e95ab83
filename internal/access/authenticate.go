package access

import (
	"context"
	"fmt"
	"slices"

	"github.com/idem-id/idem"
)

// The refusals of a request without a usable credential. One of them covers
// unknown, expired, revoked and wrong-kind secrets alike, so that an answer
// tells nothing about which secrets exist.
var (
	ErrKeyMissing = idem.Errorf(idem.Unauthenticated, "API_KEY_MISSING", "the request carries no API key")
	ErrKeyInvalid = idem.Errorf(idem.Unauthenticated, "API_KEY_INVALID", "the API key is not valid")
)

// Authenticate tells who shows the secret at the door of the kind. The errors
// are ErrKeyMissing for an empty secret and ErrKeyInvalid for any that does not
// open this door now.
//
// The stored value is a keyed hash, and the look-up compares only hashes: how
// long it takes depends on nothing that a guesser could steer.
func (a *Access) Authenticate(ctx context.Context, kind idem.CredentialKind, secret string) (idem.Principal, error) {
	if secret == "" {
		return idem.Principal{}, ErrKeyMissing
	}
	if !wellFormed(kind, secret) {
		return idem.Principal{}, ErrKeyInvalid
	}
	hash, err := a.hash(ctx, kind, secret)
	if err != nil {
		return idem.Principal{}, err
	}
	found, err := a.find(ctx, hash)
	if err != nil {
		return idem.Principal{}, err
	}
	if found.credential.Kind != kind || !found.credential.Usable(a.now()) {
		return idem.Principal{}, ErrKeyInvalid
	}
	return found.principal(), nil
}

// owned is a credential together with the organisation that it belongs to.
type owned struct {
	org        idem.OrgID
	credential idem.Credential
}

func (o owned) principal() idem.Principal {
	return idem.Principal{
		Org:         o.org,
		Actor:       idem.Actor{Source: idem.SourceAPI, Credential: o.credential.ID},
		Permissions: slices.Clone(o.credential.Permissions),
	}
}

func (a *Access) find(ctx context.Context, hash [32]byte) (owned, error) {
	if o, ok := a.accepted.get(hash); ok {
		return o, nil
	}
	epoch := a.accepted.epoch()
	org, c, err := a.store.System().FindCredential(ctx, hash)
	if idem.KindOf(err) == idem.NotFound && err != nil {
		return owned{}, ErrKeyInvalid
	}
	if err != nil {
		return owned{}, fmt.Errorf("find a credential: %w", err)
	}
	o := owned{org: org, credential: c}
	a.accepted.put(hash, o, epoch)
	return o, nil
}
