package access

import (
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Blinder makes the keyed hash under which a secret is stored: 32 bytes, equal
// for equal input. store.Sealer has it.
type Blinder interface {
	Blind(ctx context.Context, org idem.OrgID, domain, value string) ([]byte, error)
}

// Keys makes what an organisation's data is sealed with. *vault.Vault has it.
type Keys interface {
	// CreateOrg makes the organisation's keys durable; a second time changes
	// nothing.
	CreateOrg(ctx context.Context, org idem.OrgID) error
}

// Deps is what the use cases stand on. Store, Blinder and IDs are required.
type Deps struct {
	Store   store.Store
	Blinder Blinder
	// Keys may be nil when the store's sealer makes organisation keys by itself.
	Keys Keys
	IDs  idem.IDs
	// Random gives the secrets; crypto/rand when nil.
	Random io.Reader
	// Now is the clock of expiry and of the cache; time.Now when nil.
	Now func() time.Time
	// Account is the operating system's account of this process, recorded where
	// neither a credential nor an operator acts.
	Account string
	// Password is what hashing a password costs; DefaultPasswordCost when zero.
	Password PasswordCost
}

// Access is the use case. It is safe for concurrent use.
type Access struct {
	store    store.Store
	blinder  Blinder
	keys     Keys
	ids      idem.IDs
	random   io.Reader
	now      func() time.Time
	account  string
	cost     PasswordCost
	hashing  chan struct{} // bounds the memory that password hashing takes
	accepted *cache
}

// New makes the use case.
func New(d Deps) *Access {
	a := &Access{store: d.Store, blinder: d.Blinder, keys: d.Keys, ids: d.IDs, random: d.Random, now: d.Now, account: d.Account,
		cost: cmp.Or(d.Password, DefaultPasswordCost()), hashing: make(chan struct{}, 2)}
	if a.random == nil {
		a.random = rand.Reader
	}
	if a.now == nil {
		a.now = time.Now
	}
	a.accepted = newCache(a.now)
	return a
}

// withinOwn refuses to hand out permissions that the principal lacks: whoever
// manages keys must not reach further by making a stronger one.
func withinOwn(p idem.Principal, wanted []idem.Permission) error {
	for _, w := range wanted {
		if err := p.Require(w); err != nil {
			return err
		}
	}
	return nil
}

func invalid(field, message string) error {
	return idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", "%s", message).At(field)
}
