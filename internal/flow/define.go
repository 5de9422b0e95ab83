package flow

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// NewFlow describes a flow to be defined. Zero limits take the defaults.
type NewFlow struct {
	Name         string
	Technologies []idem.TechCode
	// Config changes the defaults, which collect where PERSONS is subscribed
	// to; nil leaves them.
	Config      func(*idem.PersonConfig)
	SessionTime time.Duration
	Attempts    int
	// FrameAncestors are the origins that may show the pages in a frame.
	FrameAncestors []string
}

// Defined is a new flow with the secret of its key.
type Defined struct {
	idem.Flow
	Secret string
}

// Change says what becomes different; nil stays as it is.
type Change struct {
	Name        *string
	Config      func(*idem.PersonConfig)
	SessionTime *time.Duration
	Attempts    *int
	// FrameAncestors replaces all of them.
	FrameAncestors *[]string
}

// Define makes a flow with its key. It needs flows.manage, the sessions.open
// that the key gives, and a subscription of every technology that it names.
// Errors: those of idem.Flow.Validate, idem.ErrFlowName,
// idem.ErrSubscriptionRequired. also shares the transaction.
func (f *Flows) Define(ctx context.Context, p idem.Principal, n NewFlow, also ...store.Also[Defined]) (idem.Flow, error) {
	if err := mayShowKeys(p); err != nil {
		return idem.Flow{}, err
	}
	made := idem.Flow{ID: idem.FlowID(f.IDs.New()), Name: strings.TrimSpace(n.Name), Technologies: n.Technologies,
		SessionTime: cmp.Or(n.SessionTime, idem.DefaultSessionTime), Attempts: cmp.Or(n.Attempts, idem.DefaultAttempts)}
	var err error
	if made.FrameAncestors, err = idem.Origins(n.FrameAncestors); err != nil {
		return idem.Flow{}, err
	}
	err = f.Store.Update(ctx, p.Org, func(tx store.Tx) error {
		made.CreatedAt, made.Config = tx.Now(), idem.DefaultPersonConfig()
		made.Config.Collect = store.Affordable(ctx, tx, idem.TechPersons) == nil
		if n.Config != nil {
			n.Config(&made.Config)
		}
		if err := made.Validate(); err != nil {
			return err
		}
		key, err := f.define(ctx, tx, p.Actor, &made)
		if err != nil {
			return err
		}
		if err := store.RunAlso(ctx, tx, Defined{made, key}, also); err != nil {
			return err
		}
		return f.record(ctx, tx, p.Actor, idem.ActionFlowCreated, describe(made))
	})
	if err != nil {
		return idem.Flow{}, fmt.Errorf("define flow: %w", err)
	}
	f.shown.note(showing{p.Actor, made.Key}, made.CreatedAt) // who made the key has it
	return made, nil
}

// define returns the secret of the flow's key.
func (f *Flows) define(ctx context.Context, tx store.Tx, who idem.Actor, made *idem.Flow) (string, error) {
	if err := affordable(ctx, tx, made.Technologies); err != nil {
		return "", err
	}
	key, secret, err := f.Keys.IssueFlowKey(ctx, tx, who, made.Name)
	if err != nil {
		return "", err
	}
	made.Key = key.ID
	return secret, tx.Flows().Insert(ctx, *made)
}

// affordable refuses with all the technologies that cannot be used.
func affordable(ctx context.Context, tx store.Tx, codes []idem.TechCode) error {
	var refusal error
	var missing []string
	for _, c := range codes {
		err := store.Affordable(ctx, tx, c)
		if err == nil {
			continue
		}
		if idem.KindOf(err) != idem.Forbidden {
			return err
		}
		missing = append(missing, string(c))
		refusal = err
	}
	if refusal == nil {
		return nil
	}
	return idem.Errorf(idem.Forbidden, idem.CodeOf(refusal), "no active subscription for %s", strings.Join(missing, ", ")).
		At("technologies").With("technologies", missing)
}

// Offered lists the technologies that a flow can be made of: those with a
// subscription.
func (f *Flows) Offered(ctx context.Context, p idem.Principal) (codes []idem.TechCode, err error) {
	if err := p.Require(idem.FlowsRead); err != nil {
		return nil, err
	}
	err = f.Store.View(ctx, p.Org, func(tx store.Tx) error {
		codes = nil
		for _, c := range idem.FlowTechnologies() {
			switch err := store.Affordable(ctx, tx, c); {
			case err == nil:
				codes = append(codes, c)
			case idem.KindOf(err) != idem.Forbidden:
				return err
			}
		}
		return nil
	})
	return codes, err
}

// List returns the flows that are not deleted, oldest first.
func (f *Flows) List(ctx context.Context, p idem.Principal) (list []idem.Flow, err error) {
	if err := p.Require(idem.FlowsRead); err != nil {
		return nil, err
	}
	err = f.Store.View(ctx, p.Org, func(tx store.Tx) error {
		list, err = tx.Flows().List(ctx)
		return err
	})
	return list, err
}

// Get returns one flow, also a deleted one; idem.ErrFlowNotFound.
func (f *Flows) Get(ctx context.Context, p idem.Principal, id idem.FlowID) (out idem.Flow, err error) {
	if err := p.Require(idem.FlowsRead); err != nil {
		return out, err
	}
	err = f.Store.View(ctx, p.Org, func(tx store.Tx) error {
		out, err = tx.Flows().Get(ctx, id)
		return err
	})
	return out, err
}

// Configure changes a flow; sessions that are open keep what they began with.
// The technologies of a flow never change.
func (f *Flows) Configure(ctx context.Context, p idem.Principal, id idem.FlowID, c Change) (out idem.Flow, err error) {
	if err := p.Require(idem.FlowsManage); err != nil {
		return out, err
	}
	err = f.Store.Update(ctx, p.Org, func(tx store.Tx) error {
		if out, err = tx.Flows().GetForUpdate(ctx, id); err != nil {
			return err
		}
		if !out.DeletedAt.IsZero() {
			return idem.ErrFlowDeleted
		}
		before := out
		if err := c.apply(&out); err != nil {
			return err
		}
		if err := out.Validate(); err != nil {
			return err
		}
		if err := tx.Flows().Save(ctx, out); err != nil {
			return err
		}
		return f.recordChange(ctx, tx, p.Actor, before, out)
	})
	return out, err
}

func (c Change) apply(f *idem.Flow) (err error) {
	if c.Name != nil {
		f.Name = strings.TrimSpace(*c.Name)
	}
	if c.Config != nil {
		c.Config(&f.Config)
	}
	if c.SessionTime != nil {
		f.SessionTime = *c.SessionTime
	}
	if c.Attempts != nil {
		f.Attempts = *c.Attempts
	}
	if c.FrameAncestors != nil {
		f.FrameAncestors, err = idem.Origins(*c.FrameAncestors)
	}
	return err
}

// Delete ends the opening of sessions; those that are open go on, and results
// stay readable with the flow's key.
func (f *Flows) Delete(ctx context.Context, p idem.Principal, id idem.FlowID) error {
	if err := p.Require(idem.FlowsManage); err != nil {
		return err
	}
	return f.Store.Update(ctx, p.Org, func(tx store.Tx) error {
		found, err := tx.Flows().GetForUpdate(ctx, id)
		if err != nil {
			return err
		}
		if err := found.Delete(tx.Now()); err != nil {
			return err
		}
		if err := tx.Flows().Save(ctx, found); err != nil {
			return err
		}
		return f.record(ctx, tx, p.Actor, idem.ActionFlowDeleted, map[string]any{"flow": id})
	})
}
