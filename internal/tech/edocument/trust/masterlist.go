package trust

import (
	"errors"
	"fmt"
	"time"

	"github.com/idem-id/idem/internal/tech/edocument/ber"
	"github.com/idem-id/idem/internal/tech/edocument/cms"
	"github.com/idem-id/idem/internal/tech/edocument/pki"
)

const oidMasterList = "2.23.136.1.1.2"

// MasterList is a signed list of root certificates (ICAO 9303-12, 9).
type MasterList struct {
	Signer       *pki.Certificate
	SignedAt     time.Time // zero when the signer did not say
	Anchored     bool      // a root on the list itself issued the signer's certificate
	Certificates []*pki.Certificate
	Unreadable   []string // why a certificate could not be read or used, by its place
}

// ParseMasterList reads a list and checks its signature. A list that was
// altered is refused; whether its signer deserves trust is for whoever imports
// it to decide.
func ParseMasterList(data []byte) (*MasterList, error) {
	signed, err := cms.Parse(data)
	if err != nil {
		return nil, err
	}
	if signed.ContentType != oidMasterList {
		return nil, fmt.Errorf("signed content of type %s is no master list", signed.ContentType)
	}
	signature, err := signed.Verify()
	if err != nil {
		return nil, fmt.Errorf("verify master list: %w", err)
	}
	l := &MasterList{Signer: signature.Certificate, SignedAt: signature.Time}
	if err := l.read(signed.Content); err != nil {
		return nil, fmt.Errorf("read master list: %w", err)
	}
	_, err = newSet(l.Certificates, nil).Issuer(l.Signer)
	l.Anchored = err == nil
	return l, nil
}

func (l *MasterList) read(content []byte) error {
	r := ber.New(content)
	in := r.In(ber.Sequence)
	in.Integer() // version
	list := in.In(ber.Set)
	for n := 1; list.More(); n++ {
		e := list.Any()
		if r.Err() != nil {
			break
		}
		c, err := readRoot(e.Raw)
		if err != nil {
			l.Unreadable = append(l.Unreadable, fmt.Sprintf("%d: %v", n, err))
			continue
		}
		l.Certificates = append(l.Certificates, c)
	}
	return r.Err()
}

// readRoot reads a certificate that may issue others and whose key can be used.
// Roots from before the constraint was demanded lack it, but sign themselves.
func readRoot(data []byte) (*pki.Certificate, error) {
	c, err := pki.ParseCertificate(data)
	if err != nil {
		return nil, err
	}
	if !c.Authority && !c.SelfSigned() {
		return nil, fmt.Errorf("%s: %w", c.Subject, errNoRoot)
	}
	if _, err := c.PublicKey(); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Subject, err)
	}
	return c, nil
}

// Countries counts certificates by the country of their subject.
func Countries(certificates []*pki.Certificate) map[string]int {
	counts := map[string]int{}
	for _, c := range certificates {
		counts[c.Subject.Country]++
	}
	return counts
}

var errNoRoot = errors.New("the certificate is no authority's")

var errNoFile = errors.New("no certificate, master list or revocation list")
