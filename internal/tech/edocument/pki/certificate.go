package pki

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"github.com/idem-id/idem/internal/tech/edocument/ber"
)

// MaxCertificate is the largest certificate that is read, in bytes.
const MaxCertificate = 32 << 10

// Certificate is an X.509 certificate as its issuer wrote it.
type Certificate struct {
	Raw          []byte
	Serial       *big.Int
	Issuer       Name
	Subject      Name
	NotBefore    time.Time
	NotAfter     time.Time
	SubjectKeyID []byte   // empty when absent
	IssuerKeyID  []byte   // of the authority key identifier; empty when absent
	Authority    bool     // basic constraints say CA
	Purposes     []string // extended key usage, object identifiers; empty when absent
	key          crypto.PublicKey
	keyFault     error // why key is nil
	signed       []byte
	algorithm    Algorithm
	signature    []byte
	fault        error // why the signature cannot be verified
}

// ParseCertificate reads DER, or the first CERTIFICATE block of PEM. A key or
// algorithm that is not supported is no fault here: PublicKey and CheckIssuer
// tell.
func ParseCertificate(data []byte) (*Certificate, error) {
	if block, _ := pem.Decode(data); block != nil {
		data = block.Bytes
	}
	if len(data) > MaxCertificate {
		return nil, fmt.Errorf("certificate of %d bytes, %d are allowed", len(data), MaxCertificate)
	}
	r := ber.New(data)
	outer := r.Read(ber.Sequence)
	c := &Certificate{Raw: outer.Raw}
	in := r.Inside(outer)
	body := in.Read(ber.Sequence)
	c.signed = body.Raw
	c.readBody(in.Inside(body))
	c.algorithm, c.fault = ReadAlgorithm(in)
	c.signature = in.Bits()
	r.End()
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	return c, nil
}

func (c *Certificate) readBody(r *ber.Reader) {
	r.Optional(ber.Context(0)) // version
	c.Serial = r.Integer()
	r.Read(ber.Sequence) // the algorithm, again outside
	c.Issuer = readName(r)
	validity := r.In(ber.Sequence)
	c.NotBefore, c.NotAfter = validity.Time(), validity.Time()
	c.Subject = readName(r)
	info := r.Read(ber.Sequence)
	if r.Err() == nil {
		c.key, c.keyFault = ParsePublicKey(info.Raw)
	}
	for r.More() {
		if e := r.Any(); e.Tag == ber.Context(3) {
			c.readExtensions(r.Inside(e).In(ber.Sequence))
		}
	}
}

func (c *Certificate) readExtensions(r *ber.Reader) {
	for r.More() {
		extension := r.In(ber.Sequence)
		id := extension.OID()
		extension.Optional(ber.Boolean)
		value := extension.Inside(extension.Read(ber.OctetString))
		switch id {
		case "2.5.29.14":
			c.SubjectKeyID = value.Octets()
		case "2.5.29.35":
			c.IssuerKeyID = readKeyID(value)
		case "2.5.29.19":
			limits := value.In(ber.Sequence)
			e, ok := limits.Optional(ber.Boolean)
			c.Authority = ok && len(e.Content) == 1 && e.Content[0] != 0
		case "2.5.29.37":
			for list := value.In(ber.Sequence); list.More(); {
				c.Purposes = append(c.Purposes, list.OID())
			}
		}
	}
}

func readKeyID(value *ber.Reader) []byte {
	id, _ := value.In(ber.Sequence).Optional(ber.Implicit(0))
	return id.Content
}

// Fingerprint is the SHA-256 of the certificate in lower-case hexadecimal.
func (c *Certificate) Fingerprint() string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// PublicKey returns the subject's key, or why it cannot be used.
func (c *Certificate) PublicKey() (crypto.PublicKey, error) { return c.key, c.keyFault }

// ValidAt reports whether the certificate's period contains t.
func (c *Certificate) ValidAt(t time.Time) bool {
	return !t.Before(c.NotBefore) && !t.After(c.NotAfter)
}

// MayIssue reports whether c's identifiers say that it issued child: by key
// identifiers when both have them, by name otherwise. It proves nothing.
func (c *Certificate) MayIssue(child *Certificate) bool {
	if len(child.IssuerKeyID) > 0 && len(c.SubjectKeyID) > 0 {
		return bytes.Equal(child.IssuerKeyID, c.SubjectKeyID)
	}
	return c.Subject.Equal(child.Issuer)
}

// CheckIssuer verifies that issuer's key signed c. It answers ErrSignature or
// ErrUnsupported.
func (c *Certificate) CheckIssuer(issuer *Certificate) error {
	key, err := issuer.PublicKey()
	if err != nil {
		return err
	}
	if c.fault != nil {
		return c.fault
	}
	return c.algorithm.Verify(key, c.signed, c.signature)
}

// SelfSigned reports whether the certificate names itself as issuer.
func (c *Certificate) SelfSigned() bool { return c.MayIssue(c) }
