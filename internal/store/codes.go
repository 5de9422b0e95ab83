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

// CountCode notes that the holder of the personal number is sent a code by
// phone, or refuses with idem.ErrCodeLimit. It locks the organisation's row, so
// that its codes follow each other.
func CountCode(ctx context.Context, tx Tx, phone, personalNumber string) error {
	org, err := tx.Organisations().GetForUpdate(ctx)
	if err != nil {
		return fmt.Errorf("lock organisation: %w", err)
	}
	receivers := []Receiver{{ReceiverPhone, phone}, {ReceiverPersonal, personalNumber}, {Kind: ReceiverAnybody}}
	for _, to := range receivers {
		if err := mayReceive(ctx, tx, to, org.Settings); err != nil {
			return err
		}
	}
	for _, to := range receivers {
		if err := tx.Codes().Insert(ctx, to); err != nil {
			return fmt.Errorf("note code: %w", err)
		}
	}
	return nil
}

func mayReceive(ctx context.Context, tx Tx, to Receiver, s idem.Settings) error {
	limits, name := idem.ReceiverLimits(), "receiver"
	if to.Kind == ReceiverAnybody {
		limits, name = []idem.CodeLimit{{Most: s.CodesPerHour, Within: time.Hour}}, "organisation"
	}
	var wait time.Duration
	for _, l := range limits {
		nth, err := tx.Codes().Nth(ctx, to, l.Most)
		if err != nil {
			return fmt.Errorf("count codes: %w", err)
		}
		wait = max(wait, l.Wait(nth, tx.Now()))
	}
	if wait > 0 {
		seconds := int((wait + time.Second - 1) / time.Second)
		return idem.ErrCodeLimit.With("limit", name).With("retry_after", seconds)
	}
	return nil
}
