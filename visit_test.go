package idem_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/idem-id/idem"
)

func visitor(n int) idem.Visitor {
	return idem.VisitorOf(netip.AddrFrom4([4]byte{203, 0, 113, byte(n)}), "agent")
}

func TestVisitsAreChanges(t *testing.T) {
	var s idem.Session
	for i, n := range []int{1, 1, 2, 1, 1} {
		s.Visited(visitor(n), opened.Add(time.Duration(i)*time.Second))
	}
	s.Visited(idem.Visitor{}, opened) // a call that no client made
	if len(s.Visits) != 3 || s.Visits[0].Visitor != visitor(1) || s.Visits[1].Visitor != visitor(2) || s.Visits[2].At != opened.Add(3*time.Second) {
		t.Errorf("visits %+v", s.Visits)
	}
}

// TestVisitsAreBounded: the first and the newest stay.
func TestVisitsAreBounded(t *testing.T) {
	var s idem.Session
	for n := range 100 {
		s.Visited(visitor(n), opened)
	}
	if n := len(s.Visits); n != 20 || s.Visits[0].Visitor != visitor(0) || s.Visits[1].Visitor != visitor(81) || s.Visits[19].Visitor != visitor(99) {
		t.Errorf("%d visits: %+v", n, s.Visits)
	}
}

func TestUserAgentIsCut(t *testing.T) {
	for given, want := range map[string]string{
		"Mozilla/5.0 (X11)":             "Mozilla/5.0 (X11)",
		"a\r\nb\x00c\x7f":               "abc",
		"a\xffb":                        "ab",
		strings.Repeat("x", 1000):       strings.Repeat("x", 256),
		strings.Repeat("ж", 1000):       strings.Repeat("ж", 128),
		"x" + strings.Repeat("ж", 1000): "x" + strings.Repeat("ж", 127),
	} {
		if got := idem.VisitorOf(netip.Addr{}, given).UserAgent; got != want || !utf8.ValidString(got) {
			t.Errorf("%s became %q", fmt.Sprintf("%.20q", given), got)
		}
	}
}
