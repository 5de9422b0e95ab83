package provider

import (
	"context"
	"errors"
	"time"

	"github.com/idem-id/idem"
)

// The refusals of providers.
var (
	// ErrUnavailable: the service does not answer, or not as agreed.
	// ErrUnsent is among its causes when surely nobody was sent a code.
	ErrUnavailable = idem.Errorf(idem.Unavailable, "PROVIDER_UNAVAILABLE", "the document provider does not answer; try again")
	// ErrUnknown: no provider of that name is configured.
	ErrUnknown = idem.Errorf(idem.Unprocessable, "PROVIDER_UNKNOWN", "no document provider of that name is configured")
	// ErrHolder: the service knows no such person, or not with that phone.
	ErrHolder = idem.Errorf(idem.Unprocessable, "HOLDER_NOT_FOUND", "the document provider does not know this person and phone")
	// ErrCode: the code is not the one that the holder received.
	ErrCode = idem.Errorf(idem.Unprocessable, "CODE_WRONG", "the code is wrong")
	// ErrSession: the service does not wait for the code any more.
	ErrSession = idem.Errorf(idem.Conflict, "PROVIDER_SESSION_ENDED", "the document provider waits no longer for the code; begin again")
)

// ErrUnsent: the service was not reached, or said that it did nothing.
var ErrUnsent = errors.New("nothing was sent")

// Request names the holder of a document.
type Request struct {
	PersonalNumber string `json:"personal_number"` // such as the IIN
	Phone          string `json:"phone"`           // E.164
}

// Session is a started request that waits for the holder's code.
type Session struct {
	ID    string        // the provider's own
	Valid time.Duration // how long the code is waited for
}

// Record is what a provider tells of a holder. Refused stands alone: the
// holder did not consent.
type Record struct {
	Refused        bool      `json:"refused,omitempty"`
	PersonalNumber string    `json:"personal_number"`
	Phone          string    `json:"phone"` // E.164, confirmed by the code
	DocumentType   string    `json:"document_type"`
	DocumentNumber string    `json:"document_number"`
	Surname        string    `json:"surname"`
	Given          string    `json:"given"`
	Patronymic     string    `json:"patronymic"`
	Birth          idem.Date `json:"birth"`
	Sex            idem.Sex  `json:"sex"`
	Nationality    string    `json:"nationality"` // ISO 3166-1 alpha-3
	Issuer         string    `json:"issuer"`      // ISO 3166-1 alpha-3
	Authority      string    `json:"authority"`
	Issued         idem.Date `json:"issued"`
	Expiry         idem.Date `json:"expiry"`
	Portrait       []byte    `json:"portrait"` // JPEG or JPEG 2000, base64 in JSON
}

// Provider is one service. Implementations are safe for concurrent use.
type Provider interface {
	// Name is how requests choose it.
	Name() string
	// Start asks the service to send the holder a code. It answers ErrHolder
	// or ErrUnavailable.
	Start(ctx context.Context, r Request) (Session, error)
	// Approve gives the holder's code for a started session. It answers
	// ErrCode, ErrSession or ErrUnavailable.
	Approve(ctx context.Context, session, code string) (Record, error)
}

// Set is the configured providers.
type Set []Provider

// Find returns the provider of that name, the only one when the name is
// empty, or ErrUnknown.
func (s Set) Find(name string) (Provider, error) {
	for _, p := range s {
		if p.Name() == name || name == "" && len(s) == 1 {
			return p, nil
		}
	}
	return nil, ErrUnknown.At("provider")
}
