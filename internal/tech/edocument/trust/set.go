package trust

import (
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/idem-id/idem/internal/tech/edocument/pki"
)

// ErrNotTrusted: no root in the set issued the certificate.
var ErrNotTrusted = errors.New("no trusted root issued the certificate")

// maxCandidates bounds the signatures that are tried for one certificate.
const maxCandidates = 16

// Set is the roots and revocation lists of one moment. It does not change.
type Set struct {
	roots  []*pki.Certificate
	byKey  map[string][]*pki.Certificate
	byName map[string][]*pki.Certificate
	lists  []*pki.RevocationList
}

// NewSet returns a set of roots and revocation lists.
func NewSet(roots []*pki.Certificate, lists []*pki.RevocationList) *Set { return newSet(roots, lists) }

func newSet(roots []*pki.Certificate, lists []*pki.RevocationList) *Set {
	s := &Set{byKey: map[string][]*pki.Certificate{}, byName: map[string][]*pki.Certificate{}, lists: lists}
	known := map[string]bool{}
	for _, c := range roots {
		if id := c.Fingerprint(); known[id] {
			continue
		} else {
			known[id] = true
		}
		s.roots = append(s.roots, c)
		key, name := hex.EncodeToString(c.SubjectKeyID), nameKey(c.Subject)
		s.byKey[key] = append(s.byKey[key], c)
		s.byName[name] = append(s.byName[name], c)
	}
	return s
}

func nameKey(n pki.Name) string { return strings.ToLower(n.String()) }

// Roots returns the distinct root certificates.
func (s *Set) Roots() []*pki.Certificate { return s.roots }

// Issuer returns the root whose key signed the certificate: roots with the key
// identifier that it names come first, then those of its issuer's name. It
// answers ErrNotTrusted, or pki.ErrUnsupported when nothing but the algorithm
// was in the way.
func (s *Set) Issuer(child *pki.Certificate) (*pki.Certificate, error) {
	candidates := append([]*pki.Certificate{}, s.byName[nameKey(child.Issuer)]...)
	if len(child.IssuerKeyID) > 0 {
		candidates = append(append([]*pki.Certificate{}, s.byKey[hex.EncodeToString(child.IssuerKeyID)]...), candidates...)
	}
	refusal := ErrNotTrusted
	for _, c := range candidates[:min(len(candidates), maxCandidates)] {
		err := child.CheckIssuer(c)
		if err == nil {
			return c, nil
		}
		if errors.Is(err, pki.ErrUnsupported) {
			refusal = err
		}
	}
	return nil, refusal
}

// Revoked reports whether and when a list of the root revoked the certificate.
// A list that the root did not sign does not count.
func (s *Set) Revoked(c, root *pki.Certificate) (time.Time, bool) {
	for _, l := range s.lists {
		at, listed := l.Revoked(c.Serial)
		if listed && l.Issuer.Equal(root.Subject) && l.CheckIssuer(root) == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
