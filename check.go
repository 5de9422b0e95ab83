package idem

import "time"

// CheckID names one stand-alone run of a technology.
type CheckID string

// CheckState is where a stand-alone check stands.
type CheckState string

// A check is open while the server waits for what it asked for, and ends once.
const (
	CheckOpen   CheckState = "OPEN"
	CheckPassed CheckState = "PASSED"
	CheckFailed CheckState = "FAILED"
)

// Check is one run of a technology outside any flow. Only that it took place,
// how it ended and why is kept; what it saw is the caller's.
type Check struct {
	ID         CheckID
	Technology TechCode
	State      CheckState
	Reasons    []string // why it failed
	// Memo is what the server must remember while the check is open, such as
	// the challenge that it gave. It is sealed, and gone when the check ends.
	Memo      []byte
	Attempts  int // answers taken so far
	CreatedAt time.Time
	ExpiresAt time.Time
	EndedAt   time.Time // zero while open
}

// The refusals of stand-alone checks.
var (
	ErrCheckNotFound = Errorf(NotFound, "CHECK_NOT_FOUND", "no such check")
	ErrCheckEnded    = Errorf(Conflict, "CHECK_ENDED", "the check has ended; begin a new one")
	ErrCheckExpired  = Errorf(Conflict, "CHECK_EXPIRED", "the check was not completed in time; begin a new one")
)

// Take counts one answer to an open check. It fails with ErrCheckExpired after
// its time and with ErrCheckEnded when it ended or all attempts are used.
func (c *Check) Take(now time.Time, attempts int) error {
	switch {
	case c.State != CheckOpen || c.Attempts >= attempts:
		return ErrCheckEnded
	case !now.Before(c.ExpiresAt):
		return ErrCheckExpired
	}
	c.Attempts++
	return nil
}

// End closes an open check, for ErrCheckEnded otherwise, and forgets its memo.
// Without reasons it has passed.
func (c *Check) End(now time.Time, reasons []string) error {
	if c.State != CheckOpen {
		return ErrCheckEnded
	}
	c.State, c.Reasons, c.Memo, c.EndedAt = CheckPassed, reasons, nil, now
	if len(reasons) > 0 {
		c.State = CheckFailed
	}
	return nil
}
