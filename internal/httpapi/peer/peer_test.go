package peer_test

import (
	"net/http/httptest"
	"testing"

	"github.com/idem-id/idem/internal/httpapi/peer"
)

func TestClient(t *testing.T) {
	for name, c := range map[string]struct {
		proxies   []string
		remote    string
		forwarded []string
		want      string
	}{
		"nobody is trusted":        {nil, "203.0.113.9:5", []string{"198.51.100.1"}, "203.0.113.9"},
		"through one proxy":        {[]string{"10.0.0.7"}, "10.0.0.7:5", []string{"198.51.100.1"}, "198.51.100.1"},
		"the client forges a hop":  {[]string{"10.0.0.7"}, "10.0.0.7:5", []string{"192.0.2.1, 198.51.100.1"}, "198.51.100.1"},
		"in two headers":           {[]string{"10.0.0.7"}, "10.0.0.7:5", []string{"192.0.2.1", "198.51.100.1"}, "198.51.100.1"},
		"through two proxies":      {[]string{"10.0.0.0/8"}, "10.0.0.7:5", []string{"192.0.2.1, 198.51.100.1, 10.9.9.9"}, "198.51.100.1"},
		"no header":                {[]string{"10.0.0.7"}, "10.0.0.7:5", nil, "10.0.0.7"},
		"no address":               {[]string{"10.0.0.7"}, "10.0.0.7:5", []string{"unknown"}, "10.0.0.7"},
		"no address on the way":    {[]string{"10.0.0.0/8"}, "10.0.0.7:5", []string{"198.51.100.1, x, 10.9.9.9"}, "10.9.9.9"},
		"IPv6":                     {[]string{"fd00::/8"}, "[fd00::1]:5", []string{"2001:db8::9"}, "2001:db8::9"},
		"IPv4 in IPv6":             {[]string{"10.0.0.7"}, "[::ffff:10.0.0.7]:5", []string{"198.51.100.1"}, "198.51.100.1"},
		"no address of connection": {nil, "@", nil, "invalid IP"},
	} {
		proxies, err := peer.Parse(c.proxies)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		r.Header["X-Forwarded-For"] = c.forwarded
		if got := proxies.Client(r).String(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"", "proxy.example", "10.0.0.0/33"} {
		if p, err := peer.Parse([]string{text}); err == nil {
			t.Errorf("%q is %v", text, p)
		}
	}
}

func TestKeyOfIPv6IsItsNetwork(t *testing.T) {
	for from, want := range map[string]string{"[2001:db8:1:2:3::4]:1": "2001:db8:1:2::/64", "192.0.2.7:1": "192.0.2.7"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = from
		if got := peer.Key(peer.Proxies(nil).Client(r)); got != want {
			t.Errorf("%s counts as %s, want %s", from, got, want)
		}
	}
}
