package trust

import (
	"encoding/hex"
	"errors"
	"slices"
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
// identifier that it names come first, then those of its issuer's name. Of
// several certificates of that key it is one that was valid when the certificate
// was issued, if there is one. It answers ErrNotTrusted, or pki.ErrUnsupported
// when nothing but the algorithm was in the way.
func (s *Set) Issuer(child *pki.Certificate) (*pki.Certificate, error) {
	candidates := append([]*pki.Certificate{}, s.byName[nameKey(child.Issuer)]...)
	if len(child.IssuerKeyID) > 0 {
		candidates = append(append([]*pki.Certificate{}, s.byKey[hex.EncodeToString(child.IssuerKeyID)]...), candidates...)
	}
	refusal := ErrNotTrusted
	var expired *pki.Certificate
	for _, c := range candidates[:min(len(candidates), maxCandidates)] {
		err := child.CheckIssuer(c)
		switch {
		case err == nil && c.ValidAt(child.NotBefore):
			return c, nil
		case err == nil && expired == nil:
			expired = c
		case errors.Is(err, pki.ErrUnsupported):
			refusal = err
		}
	}
	if expired != nil {
		return expired, nil
	}
	return nil, refusal
}

// Revoked reports whether and when a list of the certificate's issuer revoked
// it. The list may be signed with any key that the set trusts for that name: an
// authority that has a new key signs one list with it, for the certificates of
// its old keys too.
func (s *Set) Revoked(c *pki.Certificate) (time.Time, bool) {
	for _, l := range s.lists {
		at, listed := l.Revoked(c.Serial)
		if listed && l.Issuer.Equal(c.Issuer) && s.signed(l) {
			return at, true
		}
	}
	return time.Time{}, false
}

// signed reports whether a root of the issuer's name signed the list.
func (s *Set) signed(l *pki.RevocationList) bool {
	return slices.ContainsFunc(s.byName[nameKey(l.Issuer)], func(root *pki.Certificate) bool { return l.CheckIssuer(root) == nil })
}
