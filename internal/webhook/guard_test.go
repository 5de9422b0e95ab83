package webhook

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/idem-id/idem"
)

func newGuard(t *testing.T, r Resolver, allowed ...string) *Guard {
	t.Helper()
	g, err := NewGuard(allowed, r)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestOnlyPublicAddresses(t *testing.T) {
	for text, want := range map[string]bool{
		"93.184.216.34": true, "2606:4700::1111": true, "8.8.8.8": true, "::ffff:8.8.8.8": true,
		"127.0.0.1": false, "127.9.9.9": false, "::1": false, "0.0.0.0": false, "::": false,
		"10.0.0.1": false, "172.16.0.1": false, "192.168.1.1": false, "fd00:ec2::254": false,
		"169.254.169.254": false, "fe80::1": false, "100.100.100.200": false, "168.63.129.16": false,
		"::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "::7f00:1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:0:7f00:1::": false,
		"224.0.0.1": false, "255.255.255.255": false, "ff02::1": false, "192.0.2.1": false, "198.18.0.1": false, "2001:db8::1": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is public: %v, want %v", text, got, want)
		}
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	g := newGuard(t, nil, "receiver.internal", "10.1.0.0/16", "[::1]")
	for text, want := range map[string]bool{
		"https://example.org/hook?a=b": true, "https://example.org:8443": true, "https://93.184.216.34/": true,
		"https://receiver.internal/": true, "http://receiver.internal/": true, "http://RECEIVER.internal:81/": true,
		"http://10.1.2.3/": true, "http://[::1]:9/": true,
		"http://example.org/": false, "http://93.184.216.34/": false, "http://10.2.0.1/": false, "https://10.2.0.1/": false,
		"https://127.0.0.1/": false, "https://[::ffff:127.0.0.1]/": false, "https://169.254.169.254/latest": false,
		"https://user:pass@example.org/": false, "https://example.org/#x": false, "ftp://example.org/": false, "file:///etc/passwd": false,
		"": false, "example.org": false, "https://": false, "https:example.org": false, "https://exa mple.org/": false,
		"https://example.org/" + strings.Repeat("a", maxURL): false,
	} {
		if _, err := g.URL(text); (err == nil) != want || err != nil && !errors.Is(err, idem.ErrWebhookURL) {
			t.Errorf("%.60q: %v, want accepted: %v", text, err, want)
		}
	}
	for _, text := range []string{"", "a b", "10.0.0.0/99", "localhost:9000", "a@b", "https://example.org"} {
		if _, err := NewGuard([]string{text}, nil); err == nil {
			t.Errorf("%q was taken as something to allow", text)
		}
	}
}

// names answers each question with the next list of addresses.
type names struct {
	answers [][]string
	asked   int
}

func (n *names) LookupNetIP(context.Context, string, string) (list []netip.Addr, err error) {
	for _, text := range n.answers[min(n.asked, len(n.answers)-1)] {
		list = append(list, netip.MustParseAddr(text))
	}
	n.asked++
	return list, nil
}

// TestNamesAreJudgedByTheirAddresses dials a listener on this machine under
// names that resolve to it, at once or behind a public answer.
func TestNamesAreJudgedByTheirAddresses(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for name, c := range map[string]struct {
		answers [][]string
		allowed []string
		reaches bool
	}{
		"private":           {answers: [][]string{{"127.0.0.1"}}},
		"mapped":            {answers: [][]string{{"::ffff:127.0.0.1"}}},
		"several private":   {answers: [][]string{{"10.0.0.1", "::1", "127.0.0.1"}}},
		"none":              {answers: [][]string{{}}},
		"allowed by name":   {answers: [][]string{{"127.0.0.1"}}, allowed: []string{"Hook.Example"}, reaches: true},
		"allowed by prefix": {answers: [][]string{{"10.0.0.1", "127.0.0.1"}}, allowed: []string{"127.0.0.0/8"}, reaches: true},
		"another allowed":   {answers: [][]string{{"127.0.0.1"}}, allowed: []string{"other.example", "10.0.0.0/8"}},
	} {
		r := &names{answers: c.answers}
		conn, err := newGuard(t, r, c.allowed...).dial(t.Context(), "tcp", "hook.example:"+port)
		if c.reaches != (err == nil) || err != nil && !errors.Is(err, ErrBlocked) {
			t.Errorf("%s: %v, want reached: %v", name, err, c.reaches)
		}
		if r.asked != 1 {
			t.Errorf("%s: the name was resolved %d times, want once", name, r.asked)
		}
		if conn != nil {
			conn.Close()
		}
	}
	if _, err := newGuard(t, nil).dial(t.Context(), "tcp", listener.Addr().String()); !errors.Is(err, ErrBlocked) {
		t.Errorf("an address of this machine: %v", err)
	}
}

// TestReboundNameIsRefused has a name that is public when it is asked for first
// and leads to this machine from then on.
func TestReboundNameIsRefused(t *testing.T) {
	r := &names{answers: [][]string{{"93.184.216.34"}, {"127.0.0.1"}}}
	g := newGuard(t, r)
	first, err := g.resolve(t.Context(), "hook.example")
	if err != nil || !g.allowed("hook.example", first[0]) {
		t.Fatalf("the first answer %v, %v", first, err)
	}
	if _, err := g.dial(t.Context(), "tcp", "hook.example:9"); !errors.Is(err, ErrBlocked) {
		t.Errorf("the rebound name: %v", err)
	}
	if err := g.control("hook.example")(t.Context(), "tcp", "127.0.0.1:9", nil); !errors.Is(err, ErrBlocked) {
		t.Errorf("a socket to this machine: %v", err)
	}
}
