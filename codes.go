package idem

import "time"

// CodeLimit bounds how many codes are sent within a time.
type CodeLimit struct {
	Most   int // 1 or more
	Within time.Duration
}

// ReceiverLimits bound the codes that one phone, or the holder of one personal
// number, is sent for an organisation: a start costs nothing, and could be used
// to keep somebody's phone ringing.
func ReceiverLimits() []CodeLimit { return []CodeLimit{{3, 10 * time.Minute}, {10, 24 * time.Hour}} }

// ofOneAddress is the part of a limit's codes that one address may ask for, in
// percent: nobody uses up what a receiver, or an organisation, gets from one
// place alone.
const ofOneAddress = 50

// OneAddress returns what of limits one address may use up: half of each over
// an hour or more, and at least one. Shorter ones are over too soon to be worth
// it.
func OneAddress(limits []CodeLimit) []CodeLimit {
	var out []CodeLimit
	for _, l := range limits {
		if l.Within >= time.Hour {
			out = append(out, CodeLimit{max(1, l.Most*ofOneAddress/100), l.Within})
		}
	}
	return out
}

// CodesKept is for how long it is known that a code was sent: the longest of
// all limits.
const CodesKept = 24 * time.Hour

// Wait returns how long one more code has to wait when the newest but Most-1
// was sent at nth, zero for never.
func (l CodeLimit) Wait(nth, now time.Time) time.Duration {
	if nth.IsZero() {
		return 0
	}
	return max(0, nth.Add(l.Within).Sub(now))
}

// ErrCodeLimit is the refusal of a code that would be one too many. Details:
// limit, receiver, organisation or address, and retry_after in seconds.
var ErrCodeLimit = Errorf(Limited, "RATE_LIMITED", "too many codes were sent; wait before the next one")
