package idem

import (
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Visitor is the client that runs a session, as its requests show it; personal
// data.
type Visitor struct {
	Address   netip.Addr // the zero Addr where the connection has none
	UserAgent string     // as the client says, of at most MaxUserAgent bytes
}

// MaxUserAgent is how much of a user agent is kept, in bytes.
const MaxUserAgent = 256

// VisitorOf cuts the user agent to what is kept.
func VisitorOf(address netip.Addr, userAgent string) Visitor {
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return -1
		}
		return r
	}, userAgent)
	return Visitor{address, strings.ToValidUTF8(text[:min(len(text), MaxUserAgent)], "")}
}

// Visit is a visitor of a session and when it came.
type Visit struct {
	Visitor
	At time.Time
}

// maxVisits bounds what is kept of a session that changes its client at every
// request.
const maxVisits = 20

// Visited keeps who runs the session when that is somebody else than before.
// Beyond the bound the first visit stays, and the newest ones.
func (s *Session) Visited(by Visitor, now time.Time) {
	n := len(s.Visits)
	if by == (Visitor{}) || n > 0 && s.Visits[n-1].Visitor == by {
		return
	}
	if n == maxVisits {
		s.Visits = slices.Delete(s.Visits, 1, 2)
	}
	s.Visits = append(s.Visits, Visit{by, now})
}
