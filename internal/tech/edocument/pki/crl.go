package pki

import (
	"fmt"
	"math/big"
	"time"

	"github.com/idem-id/idem/internal/tech/edocument/ber"
)

// MaxRevocationList is the largest revocation list that is read, in bytes.
const MaxRevocationList = 4 << 20

// RevocationList is a certificate revocation list.
type RevocationList struct {
	Issuer     Name
	ThisUpdate time.Time
	NextUpdate time.Time // zero when absent
	revoked    map[string]time.Time
	signed     []byte
	algorithm  Algorithm
	signature  []byte
	fault      error
}

// ParseRevocationList reads DER.
func ParseRevocationList(der []byte) (*RevocationList, error) {
	if len(der) > MaxRevocationList {
		return nil, fmt.Errorf("revocation list of %d bytes, %d are allowed", len(der), MaxRevocationList)
	}
	r := ber.New(der)
	in := r.In(ber.Sequence)
	body := in.Read(ber.Sequence)
	l := &RevocationList{signed: body.Raw, revoked: map[string]time.Time{}}
	l.readBody(in.Inside(body))
	l.algorithm, l.fault = ReadAlgorithm(in)
	l.signature = in.Bits()
	r.End()
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("read revocation list: %w", err)
	}
	return l, nil
}

func (l *RevocationList) readBody(r *ber.Reader) {
	r.Optional(ber.Integer) // version
	r.Read(ber.Sequence)
	l.Issuer = readName(r)
	l.ThisUpdate = r.Time()
	if tag := r.Peek(); tag == ber.UTCTime || tag == ber.General {
		l.NextUpdate = r.Time()
	}
	entries, ok := r.Optional(ber.Sequence)
	if !ok {
		return
	}
	for list := r.Inside(entries); list.More(); {
		entry := list.In(ber.Sequence)
		serial := entry.Integer()
		l.revoked[serial.String()] = entry.Time()
	}
}

// CheckIssuer verifies that issuer signed the list.
func (l *RevocationList) CheckIssuer(issuer *Certificate) error {
	key, err := issuer.PublicKey()
	if err != nil {
		return err
	}
	if l.fault != nil {
		return l.fault
	}
	return l.algorithm.Verify(key, l.signed, l.signature)
}

// Revoked reports whether and when the certificate of that serial number was
// revoked.
func (l *RevocationList) Revoked(serial *big.Int) (time.Time, bool) {
	at, ok := l.revoked[serial.String()]
	return at, ok
}
