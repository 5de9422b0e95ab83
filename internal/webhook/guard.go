package webhook

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/idem-id/idem"
)

// Resolver finds the addresses of a name; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Guard decides where deliveries may go: to public addresses over TLS, and to
// whatever the administrator allowed.
type Guard struct {
	hosts    map[string]bool // allowed by name, lower case
	nets     []netip.Prefix  // allowed by address
	resolver Resolver
}

// ErrBlocked: the address is not public and not allowed.
var ErrBlocked = idem.Errorf(idem.Unavailable, "WEBHOOK_BLOCKED", "the receiver's address is not public, and the server's administrator has not allowed it")

// NewGuard takes what is allowed besides public addresses over TLS: host names,
// addresses and networks in CIDR form. Names and addresses may be reached over
// plain HTTP as well. A nil resolver is the system's.
func NewGuard(allowed []string, r Resolver) (*Guard, error) {
	g := &Guard{hosts: map[string]bool{}, resolver: r}
	if r == nil {
		g.resolver = net.DefaultResolver
	}
	for _, text := range allowed {
		text = strings.ToLower(strings.TrimSpace(text))
		network, err := netip.ParsePrefix(text)
		switch {
		case err == nil:
			g.nets = append(g.nets, network.Masked())
		case !isHost(text):
			return nil, fmt.Errorf("allow webhooks to %q: neither a host nor a network", text)
		default:
			g.hosts[strings.Trim(text, "[]")] = true
		}
	}
	return g, nil
}

// isHost tells an address or a name from a URL, a port and the like.
func isHost(text string) bool {
	_, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return err == nil || text != "" && !strings.ContainsAny(text, "/ :@[]")
}

// maxURL is the length of an address in bytes.
const maxURL = 2048

// URL reads an address and refuses, with idem.ErrWebhookURL, what is never
// delivered to. What a name resolves to is judged at each delivery.
func (g *Guard) URL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case len(text) > maxURL || err != nil || u.Hostname() == "" || u.Opaque != "":
		return nil, idem.ErrWebhookURL
	case u.User != nil || u.Fragment != "":
		return nil, idem.ErrWebhookURL.With("reason", "it has credentials or a fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !g.plain(u.Hostname())):
		return nil, idem.ErrWebhookURL.With("reason", "it is not https, as it must be unless --webhook-allow of the server names its host")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !g.allowed(u.Hostname(), ip) {
		return nil, idem.ErrWebhookURL.With("reason", "its address is not public, and --webhook-allow of the server does not name it")
	}
	return u, nil
}

// plain tells whether a host may be reached without TLS.
func (g *Guard) plain(host string) bool {
	ip, err := netip.ParseAddr(host)
	return g.hosts[strings.ToLower(host)] || err == nil && g.listed(ip)
}

// allowed judges an address that a host has.
func (g *Guard) allowed(host string, ip netip.Addr) bool {
	return g.hosts[strings.ToLower(host)] || public(ip) || g.listed(ip)
}

func (g *Guard) listed(ip netip.Addr) bool {
	for _, n := range g.nets {
		if n.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

// dial resolves a name once and connects to the first allowed address that
// answers: between judging and connecting nobody is asked again.
func (g *Guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("read address: %w", err)
	}
	list, err := g.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: 5 * time.Second, ControlContext: g.control(host)}
	var fault error = ErrBlocked
	for _, ip := range list {
		if !g.allowed(host, ip) {
			continue
		}
		conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(ip.String(), port))
		if err == nil {
			return conn, nil
		}
		fault = err
	}
	return nil, fault
}

func (g *Guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	list, err := g.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("resolve host: %w", err)
	}
	for i := range list {
		list[i] = list[i].Unmap()
	}
	return list, nil
}

// control looks at the address that the socket is really given.
func (g *Guard) control(host string) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !g.allowed(host, at.Addr()) {
			return ErrBlocked
		}
		return nil
	}
}

// special are the networks that are no way to a receiver on the Internet,
// besides those that netip knows (IANA special-purpose registries; the last one
// is the metadata service of a cloud on a public address).
var special = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23",
	"2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10", "168.63.129.16/32")

func prefixes(list ...string) (out []netip.Prefix) {
	for _, text := range list {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

// public tells whether an address is one of the open Internet.
func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	if !ip.IsValid() || !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.Zone() != "" {
		return false
	}
	for _, n := range special {
		if n.Contains(ip) {
			return false
		}
	}
	return true
}
