package report

import (
	"slices"

	"github.com/idem-id/idem"
)

// IPCheck is an address that a session was run from. Nothing is judged by it.
type IPCheck struct {
	IP        string  `json:"ip"`
	CreatedAt *string `json:"created_at"` // when it was seen first
}

// Request is a client that a session was run by, of several one behind the
// other.
type Request struct {
	IP        string  `json:"ip"` // "" when the connection had none
	UserAgent string  `json:"user_agent"`
	CreatedAt *string `json:"created_at"` // of its first request
}

// visits lists the addresses and the clients of a session in their order.
func visits(s *idem.Session) ([]IPCheck, []Request) {
	addresses, clients := []IPCheck{}, []Request{}
	for _, v := range s.Visits {
		ip := ""
		if v.Address.IsValid() {
			ip = v.Address.String()
		}
		clients = append(clients, Request{ip, v.UserAgent, moment(v.At)})
		if ip != "" && !slices.ContainsFunc(addresses, func(a IPCheck) bool { return a.IP == ip }) {
			addresses = append(addresses, IPCheck{ip, moment(v.At)})
		}
	}
	return addresses, clients
}
