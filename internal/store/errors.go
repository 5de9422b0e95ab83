package store

import "github.com/idem-id/idem"

// The refusals that backends make themselves.
var (
	// ErrCredentialUnknown: no such credential, or none that can be shown again.
	ErrCredentialUnknown = idem.Errorf(idem.NotFound, "CREDENTIAL_UNKNOWN", "no such credential")
	// ErrOperatorUnknown: the organisation has no such operator.
	ErrOperatorUnknown = idem.Errorf(idem.NotFound, "OPERATOR_UNKNOWN", "no such operator")
	// ErrOperatorExists: the address is an operator of the organisation already.
	ErrOperatorExists = idem.Errorf(idem.Conflict, "OPERATOR_EXISTS", "an operator with this e-mail address exists")
	// ErrOrganisationNotFound: the transaction's organisation does not exist.
	ErrOrganisationNotFound = idem.Errorf(idem.NotFound, "ORGANISATION_NOT_FOUND", "no such organisation")
	// ErrSubscriptionNotFound: the organisation has no such subscription.
	ErrSubscriptionNotFound = idem.Errorf(idem.NotFound, "SUBSCRIPTION_NOT_FOUND", "no such subscription")
	// ErrIdempotencyUnknown: the key was not claimed, or was forgotten meanwhile.
	ErrIdempotencyUnknown = idem.Errorf(idem.NotFound, "IDEMPOTENCY_UNKNOWN", "the idempotency key was not claimed")
	// ErrJobNotFound: the organisation has no such job in a state that fits.
	ErrJobNotFound = idem.Errorf(idem.NotFound, "JOB_NOT_FOUND", "no such job that waits or is dead")
	// ErrJobLost: the lease of the job went to somebody else, or it has ended.
	ErrJobLost = idem.Errorf(idem.Conflict, "JOB_LOST", "the job is no longer held")
	// ErrDuplicateRow: a row of the same identity exists.
	ErrDuplicateRow = idem.Errorf(idem.Conflict, "DUPLICATE_ROW", "the same thing is stored already")
	// ErrReadOnly: a change was tried in a View. It is our fault, never a caller's.
	ErrReadOnly = idem.Errorf(idem.Internal, "READ_ONLY_TRANSACTION", "a reading transaction cannot change anything")
	// ErrText: a text that no engine may keep: not UTF-8, or with a NUL in it.
	ErrText = idem.Errorf(idem.Invalid, "TEXT_INVALID", "the text is not UTF-8 or contains a NUL character")
	// ErrCursor: the cursor was not made by this list.
	ErrCursor = idem.Errorf(idem.Invalid, "CURSOR_INVALID", "the cursor is not valid")
	// ErrPageSize: a page holds 1 to 1000 rows.
	ErrPageSize = idem.Errorf(idem.Invalid, "PAGE_SIZE_INVALID", "a page holds 1 to 1000 rows")
)
