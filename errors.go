package idem

import (
	"errors"
	"fmt"
)

// Kind says what sort of refusal an Error is. The HTTP edge alone knows which
// status code stands for which kind.
type Kind uint8

// The kinds of refusal. Internal is the zero value: an error nobody classified
// is our fault, not the caller's.
const (
	Internal Kind = iota
	Invalid
	Unauthenticated
	Forbidden
	NotFound
	Conflict
	Precondition
	TooLarge
	Unsupported
	Unprocessable
	Limited
	Unavailable
)

// Error is the one error type that crosses package borders. Code is stable and
// meant for programs, Message is shown to the client, Cause is only logged.
// Details may be shown to the client and must never hold clear personal data.
type Error struct {
	Kind    Kind
	Code    string
	Message string
	Field   string
	Details map[string]any
	Cause   error
}

// Errorf makes an Error with a formatted message for the client.
func Errorf(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error renders code and message, and the cause for the log.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Cause)
	}
	return e.Code + ": " + e.Message
}

// Unwrap returns the logged cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target is an Error of the same code, so that
// errors.Is(err, idem.ErrAliasConflict) holds for every detailed copy of it.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Code == e.Code
}

// At returns a copy that names the offending input field.
func (e *Error) At(field string) *Error {
	c := *e
	c.Field = field
	return &c
}

// With returns a copy that carries one more detail.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.Details = make(map[string]any, len(e.Details)+1)
	for k, v := range e.Details {
		c.Details[k] = v
	}
	c.Details[key] = value
	return &c
}

// Because returns a copy with its logged cause.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

// Saying returns a copy with another message.
func (e *Error) Saying(format string, args ...any) *Error {
	c := *e
	c.Message = fmt.Sprintf(format, args...)
	return &c
}

// Hint adds to the message of a refusal of a kind what its caller can do about
// it; other errors stay as they are.
func Hint(err error, kind Kind, hint string) error {
	var e *Error
	if !errors.As(err, &e) || e.Kind != kind {
		return err
	}
	return e.Saying("%s: %s", e.Message, hint)
}

// KindOf classifies any error; what is not an *Error is Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the stable code of any error, "INTERNAL" when it has none.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return "INTERNAL"
}

// Refusals that several packages share.
var (
	// ErrErased: the key of the data was destroyed, nobody can read it any more.
	ErrErased = Errorf(NotFound, "DATA_ERASED", "the data was erased for good")
	// ErrDatabaseUnavailable: the database does not answer at present.
	ErrDatabaseUnavailable = Errorf(Unavailable, "DATABASE_UNAVAILABLE", "the database does not answer")
	// ErrStorageFull: nothing more can be written.
	ErrStorageFull = Errorf(Unavailable, "STORAGE_FULL", "there is no space left to store this")
)
