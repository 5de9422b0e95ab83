package gallery

import "github.com/idem-id/idem"

// The refusals of a gallery. All of kind Unavailable may be tried again later.
var (
	// ErrBusy: an earlier enrolment of a similar face stayed undecided for
	// longer than the wait limit. Details: retry_after in seconds.
	ErrBusy = idem.Errorf(idem.Unavailable, "GALLERY_BUSY", "an earlier enrolment of a similar face is not decided yet")
	// ErrLeaseLost: the reservation was withdrawn because its lease ended, or
	// it is decided already. Nothing was enrolled; the request may be repeated.
	ErrLeaseLost = idem.Errorf(idem.Conflict, "GALLERY_LEASE_LOST", "the enrolment took too long and was withdrawn; repeat it")
	// ErrKeyMissing: a template cannot be opened although its entry stands.
	ErrKeyMissing = idem.Errorf(idem.Unavailable, "GALLERY_KEY_MISSING", "the key of a stored template is missing")
	// ErrLogBroken: the log does not chain. Details: position, reason.
	ErrLogBroken = idem.Errorf(idem.Unavailable, "GALLERY_LOG_BROKEN", "the gallery log is damaged")
	// ErrNotReady: not every log is loaded. Details: organisation, reason.
	ErrNotReady = idem.Errorf(idem.Unavailable, "GALLERY_NOT_READY", "the gallery is not loaded")
	// ErrModel: the template was made by another recogniser.
	ErrModel = idem.Errorf(idem.Unprocessable, "GALLERY_MODEL_MISMATCH", "the template belongs to another model")
	// ErrEntry: an entry lacks its set, subject or sample.
	ErrEntry = idem.Errorf(idem.Internal, "GALLERY_ENTRY_INVALID", "a gallery entry needs a set, a subject and a sample")
	// ErrEntryNotFound: no entry was reserved at the position.
	ErrEntryNotFound = idem.Errorf(idem.NotFound, "GALLERY_ENTRY_NOT_FOUND", "no such gallery entry")
	// ErrNoSets: a search must name the sets that it covers.
	ErrNoSets = idem.Errorf(idem.Internal, "GALLERY_NO_SETS", "a search needs at least one set")
)
