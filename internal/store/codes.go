package store

import (
	"context"
	"fmt"
	"time"

	"github.com/idem-id/idem"
)

// Codes keeps when codes were sent to receivers, who are known by their blind
// index only.
type Codes interface {
	// Nth returns when the n-th newest code was sent to the receiver, n from 1;
	// the zero time when there were fewer.
	Nth(ctx context.Context, to Receiver, n int) (time.Time, error)
	// Insert notes a code that is sent at the transaction's time.
	Insert(ctx context.Context, to Receiver) error
	// Remove takes a code back that was noted at a time; none changes nothing.
	Remove(ctx context.Context, to Receiver, at time.Time) error
}

// Receiver is whom codes are counted for.
type Receiver struct {
	Kind  ReceiverKind
	Value string
}

// ReceiverKind keeps receivers of equal values apart.
type ReceiverKind string

// The kinds of receivers. Anybody is all receivers of the organisation
// together; it has no value.
const (
	ReceiverPhone    ReceiverKind = "phone"
	ReceiverPersonal ReceiverKind = "personal_number"
	ReceiverAnybody  ReceiverKind = "anybody"
)

// from is the receiver as one address asks for codes to it.
func (r Receiver) from(address string) Receiver {
	return Receiver{r.Kind + "_from", address + " " + r.Value}
}

// Code is a code that the holder of a personal number is sent by phone.
type Code struct {
	Phone          string
	PersonalNumber string
	// From is the network of whoever asks for it without a key of the
	// organisation; empty when that is known to nobody, or has a key.
	From string
}

// count is a receiver of a code, and what bounds its codes.
type count struct {
	to     Receiver
	limits []idem.CodeLimit
	name   string // of the limits, for the client
}

func (c Code) counts(s idem.Settings) []count {
	all := []count{
		{Receiver{ReceiverPhone, c.Phone}, idem.ReceiverLimits(), "receiver"},
		{Receiver{ReceiverPersonal, c.PersonalNumber}, idem.ReceiverLimits(), "receiver"},
		{Receiver{Kind: ReceiverAnybody}, []idem.CodeLimit{{Most: s.CodesPerHour, Within: time.Hour}}, "organisation"},
	}
	if c.From == "" {
		return all
	}
	for _, of := range all {
		all = append(all, count{of.to.from(c.From), idem.OneAddress(of.limits), "address"})
	}
	return all
}

// CountCode notes that a code is sent at the transaction's time, or refuses
// with idem.ErrCodeLimit. It locks the organisation's row, so that its codes
// follow each other.
func CountCode(ctx context.Context, tx Tx, c Code) error {
	org, err := tx.Organisations().GetForUpdate(ctx)
	if err != nil {
		return fmt.Errorf("lock organisation: %w", err)
	}
	all := c.counts(org.Settings)
	if err := mayBeSent(ctx, tx, all); err != nil {
		return err
	}
	for _, one := range all {
		if err := tx.Codes().Insert(ctx, one.to); err != nil {
			return fmt.Errorf("note code: %w", err)
		}
	}
	return nil
}

// UncountCode takes back what CountCode noted at a time, because that code was
// not sent after all.
func UncountCode(ctx context.Context, tx Tx, c Code, at time.Time) error {
	org, err := tx.Organisations().GetForUpdate(ctx)
	if err != nil {
		return fmt.Errorf("lock organisation: %w", err)
	}
	for _, one := range c.counts(org.Settings) {
		if err := tx.Codes().Remove(ctx, one.to, at); err != nil {
			return fmt.Errorf("take code back: %w", err)
		}
	}
	return nil
}

// mayBeSent refuses one code more than the limits allow, and tells of the one
// that holds the longest.
func mayBeSent(ctx context.Context, tx Tx, all []count) error {
	var longest time.Duration
	name := ""
	for _, one := range all {
		wait, err := one.wait(ctx, tx)
		if err != nil {
			return fmt.Errorf("count codes: %w", err)
		}
		if wait > longest {
			longest, name = wait, one.name
		}
	}
	if longest == 0 {
		return nil
	}
	seconds := int((longest + time.Second - 1) / time.Second)
	return idem.ErrCodeLimit.With("limit", name).With("retry_after", seconds)
}

// wait returns how long one more code has to wait.
func (c count) wait(ctx context.Context, tx Tx) (wait time.Duration, err error) {
	for _, l := range c.limits {
		nth, err := tx.Codes().Nth(ctx, c.to, l.Most)
		if err != nil {
			return 0, err
		}
		wait = max(wait, l.Wait(nth, tx.Now()))
	}
	return wait, nil
}
