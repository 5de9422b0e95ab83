package mdl

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/idem-id/idem/internal/tech/edocument/pki"
	"github.com/veraison/go-cose"
)

// DocType is the type of a driving licence, Namespace that of its elements.
const (
	DocType   = "org.iso.18013.5.1.mDL"
	Namespace = "org.iso.18013.5.1"
)

// MaxSize is the largest response that is read, in bytes.
const MaxSize = 2 << 20

// Faults, told apart with errors.Is. Unknown curves and digests wrap
// pki.ErrUnsupported.
var (
	ErrMalformed = errors.New("malformed mobile document")
	ErrType      = errors.New("no mobile driving licence")
	ErrSignature = errors.New("issuer's signature does not match")
)

func malformed(err error) error { return fmt.Errorf("%w: %w", ErrMalformed, err) }

// strict refuses what no issuer writes and what could be read in two ways.
var strict = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden,
		MaxNestedLevels: 16, MaxArrayElements: 4096, MaxMapPairs: 1024,
	}.DecMode()
	if err != nil {
		panic(err) // constant options
	}
	return mode
}()

type deviceResponse struct {
	Documents []struct {
		DocType      string          `cbor:"docType"`
		IssuerSigned cbor.RawMessage `cbor:"issuerSigned"`
	} `cbor:"documents"`
}

type issuerSigned struct {
	NameSpaces map[string][]cbor.RawMessage `cbor:"nameSpaces"`
	IssuerAuth cbor.RawMessage              `cbor:"issuerAuth"`
}

type mobileSecurityObject struct {
	DigestAlgorithm string                       `cbor:"digestAlgorithm"`
	ValueDigests    map[string]map[uint64][]byte `cbor:"valueDigests"`
	DocType         string                       `cbor:"docType"`
	ValidityInfo    struct {
		Signed     time.Time `cbor:"signed"`
		ValidFrom  time.Time `cbor:"validFrom"`
		ValidUntil time.Time `cbor:"validUntil"`
	} `cbor:"validityInfo"`
}

// Licence is a mobile driving licence as it came.
type Licence struct {
	Signer     *pki.Certificate
	SignedAt   time.Time
	ValidFrom  time.Time
	ValidUntil time.Time
	Elements   []Element // in the order given

	message *cose.UntaggedSign1Message
	digests map[string]map[uint64][]byte
	hash    crypto.Hash
}

// Element is one statement of the issuer.
type Element struct {
	Namespace string
	Name      string
	value     cbor.RawMessage
	id        uint64
	raw       []byte // what the digest covers
}

type issuerSignedItem struct {
	DigestID uint64          `cbor:"digestID"`
	Random   []byte          `cbor:"random"`
	Name     string          `cbor:"elementIdentifier"`
	Value    cbor.RawMessage `cbor:"elementValue"`
}

// OpenResponse reads a DeviceResponse and takes its first driving licence.
func OpenResponse(data []byte) (*Licence, error) {
	if len(data) > MaxSize {
		return nil, malformed(fmt.Errorf("%d bytes", len(data)))
	}
	var r deviceResponse
	if err := strict.Unmarshal(data, &r); err != nil {
		return nil, malformed(err)
	}
	for _, d := range r.Documents {
		if d.DocType == DocType {
			return Open(d.IssuerSigned)
		}
	}
	return nil, ErrType
}

// Open reads an IssuerSigned structure. It verifies nothing.
func Open(data []byte) (*Licence, error) {
	if len(data) > MaxSize {
		return nil, malformed(fmt.Errorf("%d bytes", len(data)))
	}
	var s issuerSigned
	if err := strict.Unmarshal(data, &s); err != nil {
		return nil, malformed(err)
	}
	l := &Licence{message: &cose.UntaggedSign1Message{}}
	if err := l.readMessage(s.IssuerAuth); err != nil {
		return nil, err
	}
	for space, items := range s.NameSpaces {
		if err := l.readElements(space, items); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *Licence) readMessage(data []byte) error {
	// Bounds and uniqueness first: package cose has bounds of its own.
	if err := strict.Wellformed(data); err != nil {
		return malformed(err)
	}
	if err := l.message.UnmarshalCBOR(data); err != nil {
		return malformed(err)
	}
	certificate, err := signerOf(l.message.Headers.Unprotected)
	if err != nil {
		return err
	}
	l.Signer = certificate
	content, err := embedded(l.message.Payload)
	if err != nil {
		return err
	}
	var object mobileSecurityObject
	if err := strict.Unmarshal(content, &object); err != nil {
		return malformed(err)
	}
	return l.readObject(object)
}

func (l *Licence) readObject(o mobileSecurityObject) (err error) {
	if o.DocType != DocType {
		return fmt.Errorf("%w: signed for another type", ErrType)
	}
	l.digests = o.ValueDigests
	l.SignedAt, l.ValidFrom, l.ValidUntil = o.ValidityInfo.Signed, o.ValidityInfo.ValidFrom, o.ValidityInfo.ValidUntil
	if l.SignedAt.IsZero() || l.ValidUntil.IsZero() {
		return malformed(errors.New("no validity"))
	}
	hash, known := map[string]crypto.Hash{"SHA-256": crypto.SHA256, "SHA-384": crypto.SHA384, "SHA-512": crypto.SHA512}[o.DigestAlgorithm]
	if !known {
		return malformed(errors.New("unknown digest"))
	}
	l.hash = hash
	return nil
}

// signerOf reads the first certificate of x5chain.
func signerOf(headers cose.UnprotectedHeader) (*pki.Certificate, error) {
	value := headers[cose.HeaderLabelX5Chain]
	if list, ok := value.([]any); ok && len(list) > 0 {
		value = list[0]
	}
	der, ok := value.([]byte)
	if !ok {
		return nil, malformed(errors.New("no signer's certificate"))
	}
	certificate, err := pki.ParseCertificate(der)
	if err != nil {
		return nil, malformed(err)
	}
	return certificate, nil
}

// embedded unwraps CBOR within a byte string, tag 24.
func embedded(data []byte) ([]byte, error) {
	var tag cbor.RawTag
	if err := strict.Unmarshal(data, &tag); err != nil {
		return nil, malformed(err)
	}
	var content []byte
	if err := strict.Unmarshal(tag.Content, &content); err != nil || tag.Number != 24 {
		return nil, malformed(errors.New("no embedded item"))
	}
	return content, nil
}

func (l *Licence) readElements(space string, items []cbor.RawMessage) error {
	for _, raw := range items {
		content, err := embedded(raw)
		if err != nil {
			return err
		}
		var item issuerSignedItem
		if err := strict.Unmarshal(content, &item); err != nil {
			return malformed(err)
		}
		l.Elements = append(l.Elements, Element{space, item.Name, item.Value, item.DigestID, raw})
	}
	return nil
}

// CheckDigests returns the names of the elements that are not as the issuer
// signed them.
func (l *Licence) CheckDigests() (differ []string) {
	for _, e := range l.Elements {
		if sum, ok := l.digests[e.Namespace][e.id]; !ok || !bytes.Equal(sum, pki.Sum(l.hash, e.raw)) {
			differ = append(differ, e.Name)
		}
	}
	return differ
}

// Verify checks the issuer's signature with the certificate that the licence
// carries. It answers ErrSignature or pki.ErrUnsupported.
func (l *Licence) Verify() error {
	key, err := l.Signer.PublicKey()
	if err != nil {
		return err
	}
	algorithm, err := l.message.Headers.Protected.Algorithm()
	if err != nil {
		return fmt.Errorf("%w: %w", pki.ErrUnsupported, err)
	}
	verifier, err := cose.NewVerifier(algorithm, key)
	if err != nil {
		return fmt.Errorf("%w: %w", pki.ErrUnsupported, err)
	}
	if err := l.message.Verify(nil, verifier); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}
