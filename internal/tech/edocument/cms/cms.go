package cms

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/idem-id/idem/internal/tech/edocument/ber"
	"github.com/idem-id/idem/internal/tech/edocument/pki"
)

const (
	oidSignedData    = "1.2.840.113549.1.7.2"
	oidContentType   = "1.2.840.113549.1.9.3"
	oidMessageDigest = "1.2.840.113549.1.9.4"
	oidSigningTime   = "1.2.840.113549.1.9.5"
)

// maxCertificates bounds the certificates of one message.
const maxCertificates = 16

// Faults of verification, told apart with errors.Is. What the signer's key or
// algorithm is to blame for wraps pki.ErrUnsupported.
var (
	// ErrSignature: content, attributes and signature do not belong together.
	ErrSignature = errors.New("signed message was altered")
	// ErrSigner: the message does not carry its signer's certificate.
	ErrSigner = errors.New("signer's certificate is missing")
)

// SignedData is a signed message.
type SignedData struct {
	ContentType  string // object identifier
	Content      []byte
	Certificates []*pki.Certificate
	signer       signerInfo
}

// signerInfo is the first signer; documents have one.
type signerInfo struct {
	issuer     []byte // name as encoded, with serial
	serial     *big.Int
	keyID      []byte // instead of the two above
	hash       crypto.Hash
	attributes []byte // re-tagged as the set that was signed
	algorithm  pki.Algorithm
	signature  []byte
	fault      error // why the algorithms cannot be used
}

// Signature is what a verified message says of its making.
type Signature struct {
	Certificate *pki.Certificate
	Time        time.Time // zero when the signer did not say
}

// Parse reads a ContentInfo with SignedData. The error wraps ber.ErrMalformed.
func Parse(data []byte) (*SignedData, error) {
	r := ber.New(data)
	info := r.In(ber.Sequence)
	r.End()
	if id := info.OID(); info.Err() == nil && id != oidSignedData {
		info.Fail("content type %s is no signed data", id)
	}
	s := &SignedData{}
	s.read(info.In(ber.Context(0)).In(ber.Sequence))
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("read signed message: %w", err)
	}
	return s, nil
}

func (s *SignedData) read(r *ber.Reader) {
	r.Integer()     // version
	r.Read(ber.Set) // digests, again with the signer
	content := r.In(ber.Sequence)
	s.ContentType = content.OID()
	s.Content = content.In(ber.Context(0)).Octets()
	if e, ok := r.Optional(ber.Context(0)); ok {
		s.readCertificates(r.Inside(e))
	}
	r.Optional(ber.Context(1)) // revocation lists of the sender prove nothing
	s.signer = readSigner(r.In(ber.Set).In(ber.Sequence))
}

// readCertificates keeps what can be read: one odd certificate beside the
// signer's does no harm.
func (s *SignedData) readCertificates(r *ber.Reader) {
	for n := 0; r.More(); n++ {
		if n == maxCertificates {
			r.Fail("more than %d certificates", maxCertificates)
			return
		}
		if c, err := pki.ParseCertificate(r.Any().Raw); err == nil {
			s.Certificates = append(s.Certificates, c)
		}
	}
}

func readSigner(r *ber.Reader) (s signerInfo) {
	r.Integer() // version
	if e, ok := r.Optional(ber.Implicit(0)); ok {
		s.keyID = e.Content
	} else {
		id := r.In(ber.Sequence)
		s.issuer, s.serial = id.Read(ber.Sequence).Raw, id.Integer()
	}
	var hashFault, algorithmFault error
	s.hash, hashFault = pki.ReadHash(r)
	attributes := r.Read(ber.Context(0))
	if r.Err() != nil {
		return s
	}
	s.attributes = bytes.Clone(attributes.Raw)
	s.attributes[0] = byte(ber.Set)
	s.algorithm, algorithmFault = pki.ReadAlgorithm(r)
	s.signature = r.Octets()
	s.fault = errors.Join(hashFault, algorithmFault)
	return s
}

// Verify checks the message against the signer's certificate that it carries:
// the attributes name content type and digest of the content, and the
// signature covers the attributes.
func (s *SignedData) Verify() (Signature, error) {
	certificate := s.certificate()
	if certificate == nil {
		return Signature{}, ErrSigner
	}
	out := Signature{Certificate: certificate}
	if s.signer.fault != nil {
		return out, s.signer.fault
	}
	attributes, err := readAttributes(s.signer.attributes)
	if err != nil {
		return out, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	out.Time = attributes.time
	if attributes.contentType != s.ContentType || !bytes.Equal(attributes.digest, pki.Sum(s.signer.hash, s.Content)) {
		return out, ErrSignature
	}
	return out, s.verifyAttributes(certificate)
}

func (s *SignedData) verifyAttributes(certificate *pki.Certificate) error {
	key, err := certificate.PublicKey()
	if err != nil {
		return err
	}
	err = s.signer.algorithm.Or(s.signer.hash).Verify(key, s.signer.attributes, s.signer.signature)
	if errors.Is(err, pki.ErrSignature) {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return err
}

func (s *SignedData) certificate() *pki.Certificate {
	for _, c := range s.Certificates {
		if len(s.signer.keyID) > 0 && bytes.Equal(c.SubjectKeyID, s.signer.keyID) ||
			s.signer.serial != nil && c.Serial.Cmp(s.signer.serial) == 0 && c.Issuer.Encodes(s.signer.issuer) {
			return c
		}
	}
	return nil
}

type attributes struct {
	contentType string
	digest      []byte
	time        time.Time
}

// readAttributes reads the signed attributes, none of which may come twice.
func readAttributes(set []byte) (a attributes, err error) {
	r := ber.New(set)
	seen := map[string]bool{}
	for in := r.In(ber.Set); in.More(); {
		attribute := in.In(ber.Sequence)
		id := attribute.OID()
		if seen[id] {
			in.Fail("attribute %s twice", id)
		}
		seen[id] = true
		values := attribute.In(ber.Set)
		switch id {
		case oidContentType:
			a.contentType = values.OID()
		case oidMessageDigest:
			a.digest = values.Octets()
		case oidSigningTime:
			a.time = values.Time()
		}
	}
	return a, r.Err()
}
