package peer

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks of the proxies that are trusted.
type Proxies []netip.Prefix

// Parse reads addresses and networks: 10.0.0.7, 10.1.0.0/16, fd00::/8.
func Parse(list []string) (Proxies, error) {
	var out Proxies
	for _, text := range list {
		if p, err := netip.ParsePrefix(text); err == nil {
			out = append(out, p.Masked())
			continue
		}
		a, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a network", text)
		}
		a = a.Unmap()
		out = append(out, netip.PrefixFrom(a, a.BitLen()))
	}
	return out, nil
}

func (p Proxies) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(a) })
}

// Client returns the address of whoever asks, the zero Addr when the
// connection has none. An entry that is no address ends what is believed.
func (p Proxies) Client(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	client := at.Addr().Unmap().WithZone("")
	entries := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, text := range slices.Backward(entries) {
		if !p.trusts(client) {
			return client
		}
		before, err := netip.ParseAddr(strings.TrimSpace(text))
		if err != nil {
			return client
		}
		client = before.Unmap().WithZone("")
	}
	return client
}

// Key names the network that limits count an address by: itself, of IPv6 its
// /64, which one client has wholly to itself.
func Key(a netip.Addr) string {
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
