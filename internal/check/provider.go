package check

import (
	"context"
	"errors"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument/provider"
)

// documents is a technology that has a provider ask the holder of a document.
type documents interface {
	Begin(ctx context.Context, name string, r provider.Request, admit func(context.Context) error) (memo []byte, valid time.Duration, err error)
	Approve(ctx context.Context, memo []byte, code string) (tech.Outcome, error)
}

// approvals is how many codes may be tried for one check.
const approvals = 3

// errNoProvider is the refusal of technologies that ask nobody.
var errNoProvider = idem.Errorf(idem.Unprocessable, "PROVIDER_NOT_OFFERED", "the technology asks no provider")

// AskProvider opens a check of an electronic document: the provider of that
// name, the only one for "", sends the holder a code, which Approve takes. It
// needs what Run needs and spends nothing yet. idem.ErrCodeLimit refuses one
// code too many.
func (c *Checks) AskProvider(ctx context.Context, p idem.Principal, name string, r provider.Request) (idem.Check, error) {
	t, _, err := c.admit(ctx, p, idem.TechEDocument)
	if err != nil {
		return idem.Check{}, err
	}
	d, ok := t.(documents)
	if !ok {
		return idem.Check{}, errNoProvider
	}
	code, at := store.Code{Phone: r.Phone, PersonalNumber: r.PersonalNumber}, time.Time{}
	memo, valid, err := d.Begin(ctx, name, r, func(ctx context.Context) error {
		return c.Store.Update(ctx, p.Org, func(tx store.Tx) error {
			at = tx.Now()
			return store.CountCode(ctx, tx, code)
		})
	})
	if errors.Is(err, provider.ErrUnsent) {
		return idem.Check{}, errors.Join(err, c.uncountCode(ctx, p.Org, code, at))
	}
	if err != nil {
		return idem.Check{}, err
	}
	return c.open(ctx, p.Org, idem.TechEDocument, memo, valid)
}

// uncountCode takes back a code that was not sent, also when its client left.
func (c *Checks) uncountCode(ctx context.Context, org idem.OrgID, code store.Code, at time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	return c.Store.Update(ctx, org, func(tx store.Tx) error { return store.UncountCode(ctx, tx, code, at) })
}

// afterwards bounds what is written behind a request.
const afterwards = 10 * time.Second

// Approve gives the holder's code to the provider of a check that AskProvider
// opened. A wrong code leaves it open for the attempts that remain, three in
// all; a result ends it and spends one unit. idem.ErrCheckNotFound,
// ErrCheckExpired and ErrCheckEnded refuse.
func (c *Checks) Approve(ctx context.Context, p idem.Principal, id idem.CheckID, code string) (Done, error) {
	return c.answer(ctx, p, id, idem.TechEDocument, approvals, func(ctx context.Context, memo []byte) (tech.Outcome, error) {
		d, ok := c.techs[idem.TechEDocument].(documents)
		if !ok {
			return tech.Outcome{}, errNoProvider
		}
		return d.Approve(ctx, memo, code)
	})
}
