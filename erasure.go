package idem

import "regexp"

// CheckReason refuses what is no reason of an erasure. It is a short reference
// such as a ticket number, kept in the audit for ever: 1..64 letters, digits,
// spaces and -_./#, no personal data.
func CheckReason(reason string) error {
	if !reasonPattern().MatchString(reason) {
		return Errorf(Unprocessable, "VALIDATION_FAILED",
			"reason is a reference of 1 to 64 letters, digits, spaces and -_./# without personal data").At("reason")
	}
	return nil
}

func reasonPattern() *regexp.Regexp {
	return regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N} \-_./#]{0,63}$`)
}
