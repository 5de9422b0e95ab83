package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" // linked for crypto.Hash, as the others
	_ "crypto/sha256"
	_ "crypto/sha512"
	"errors"
	"fmt"

	"github.com/idem-id/idem/internal/tech/edocument/ber"
)

// Faults that callers tell apart with errors.Is.
var (
	// ErrUnsupported: a curve, key or algorithm that this program does not know.
	ErrUnsupported = errors.New("unsupported algorithm")
	// ErrSignature: the signature does not match.
	ErrSignature = errors.New("signature does not match")
)

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnsupported, fmt.Sprintf(format, args...))
}

var hashes = map[string]crypto.Hash{
	"1.3.14.3.2.26":          crypto.SHA1,
	"2.16.840.1.101.3.4.2.4": crypto.SHA224,
	"2.16.840.1.101.3.4.2.1": crypto.SHA256,
	"2.16.840.1.101.3.4.2.2": crypto.SHA384,
	"2.16.840.1.101.3.4.2.3": crypto.SHA512,
}

// HashOf returns the hash that an object identifier names.
func HashOf(id string) (crypto.Hash, error) {
	if h, ok := hashes[id]; ok {
		return h, nil
	}
	return 0, unsupported("digest %s", id)
}

// Sum returns the digest of data.
func Sum(h crypto.Hash, data []byte) []byte {
	sum := h.New()
	sum.Write(data)
	return sum.Sum(nil)
}

// The ways to sign.
type scheme uint8

const (
	pkcs1 scheme = iota
	pss
	ecdsaDER
	ecdsaPlain // r and s side by side, BSI TR-03111
)

// Algorithm says how a signature was made.
type Algorithm struct {
	scheme scheme
	hash   crypto.Hash // 0: the identifier leaves it to the context
	salt   int         // PSS, bytes
}

var algorithms = map[string]Algorithm{
	"1.2.840.113549.1.1.1":    {scheme: pkcs1},
	"1.2.840.113549.1.1.5":    {scheme: pkcs1, hash: crypto.SHA1},
	"1.3.14.3.2.29":           {scheme: pkcs1, hash: crypto.SHA1},
	"1.2.840.113549.1.1.14":   {scheme: pkcs1, hash: crypto.SHA224},
	"1.2.840.113549.1.1.11":   {scheme: pkcs1, hash: crypto.SHA256},
	"1.2.840.113549.1.1.12":   {scheme: pkcs1, hash: crypto.SHA384},
	"1.2.840.113549.1.1.13":   {scheme: pkcs1, hash: crypto.SHA512},
	"1.2.840.10045.2.1":       {scheme: ecdsaDER},
	"1.2.840.10045.4.1":       {scheme: ecdsaDER, hash: crypto.SHA1},
	"1.2.840.10045.4.3.1":     {scheme: ecdsaDER, hash: crypto.SHA224},
	"1.2.840.10045.4.3.2":     {scheme: ecdsaDER, hash: crypto.SHA256},
	"1.2.840.10045.4.3.3":     {scheme: ecdsaDER, hash: crypto.SHA384},
	"1.2.840.10045.4.3.4":     {scheme: ecdsaDER, hash: crypto.SHA512},
	"0.4.0.127.0.7.1.1.4.1.1": {scheme: ecdsaPlain, hash: crypto.SHA1},
	"0.4.0.127.0.7.1.1.4.1.2": {scheme: ecdsaPlain, hash: crypto.SHA224},
	"0.4.0.127.0.7.1.1.4.1.3": {scheme: ecdsaPlain, hash: crypto.SHA256},
	"0.4.0.127.0.7.1.1.4.1.4": {scheme: ecdsaPlain, hash: crypto.SHA384},
	"0.4.0.127.0.7.1.1.4.1.5": {scheme: ecdsaPlain, hash: crypto.SHA512},
}

const oidPSS = "1.2.840.113549.1.1.10"

// ReadAlgorithm reads an AlgorithmIdentifier of a signature.
func ReadAlgorithm(r *ber.Reader) (Algorithm, error) {
	in := r.In(ber.Sequence)
	id := in.OID()
	if id == oidPSS {
		return readPSS(in)
	}
	for in.More() {
		in.Any()
	}
	if err := r.Err(); err != nil {
		return Algorithm{}, err
	}
	if a, ok := algorithms[id]; ok {
		return a, nil
	}
	return Algorithm{}, unsupported("signature algorithm %s", id)
}

// readPSS reads RSASSA-PSS-params (RFC 4055). The hash of the mask is always
// that of the message in practice, and must be here.
func readPSS(in *ber.Reader) (Algorithm, error) {
	a := Algorithm{scheme: pss, hash: crypto.SHA1, salt: 20}
	mask := "1.3.14.3.2.26"
	id := mask
	params := in.In(ber.Sequence)
	for params.More() {
		switch e := params.Any(); e.Tag {
		case ber.Context(0):
			id = params.Inside(e).In(ber.Sequence).OID()
		case ber.Context(1):
			generator := params.Inside(e).In(ber.Sequence)
			generator.OID()
			mask = generator.In(ber.Sequence).OID()
		case ber.Context(2):
			a.salt = params.Inside(e).Small()
		}
	}
	if err := in.Err(); err != nil {
		return Algorithm{}, err
	}
	if mask != id {
		return Algorithm{}, unsupported("PSS with two digests")
	}
	hash, err := HashOf(id)
	a.hash = hash
	return a, err
}

// ReadHash reads an AlgorithmIdentifier of a digest.
func ReadHash(r *ber.Reader) (crypto.Hash, error) {
	id := r.In(ber.Sequence).OID()
	if err := r.Err(); err != nil {
		return 0, err
	}
	return HashOf(id)
}

// Or returns the algorithm with its hash, which is h when the identifier left
// it open.
func (a Algorithm) Or(h crypto.Hash) Algorithm {
	if a.hash == 0 {
		a.hash = h
	}
	return a
}

// ECDSA returns the algorithm of signatures whose r and s stand side by side.
func ECDSA(h crypto.Hash) Algorithm { return Algorithm{scheme: ecdsaPlain, hash: h} }

// Verify checks a signature over message. It answers ErrSignature,
// ErrUnsupported, or nil when the signature holds.
func (a Algorithm) Verify(key crypto.PublicKey, message, signature []byte) error {
	if a.hash == 0 {
		return unsupported("signature without a digest")
	}
	sum := Sum(a.hash, message)
	switch key := key.(type) {
	case *rsa.PublicKey:
		return a.verifyRSA(key, sum, signature)
	case *ecdsa.PublicKey:
		return a.verifyECDSA(key, sum, signature)
	}
	return unsupported("key of type %T", key)
}

func (a Algorithm) verifyRSA(key *rsa.PublicKey, sum, signature []byte) (err error) {
	switch a.scheme {
	case pkcs1:
		err = rsa.VerifyPKCS1v15(key, a.hash, sum, signature)
	case pss:
		err = rsa.VerifyPSS(key, a.hash, sum, signature, &rsa.PSSOptions{SaltLength: a.salt, Hash: a.hash})
	default:
		return ErrSignature
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

func (a Algorithm) verifyECDSA(key *ecdsa.PublicKey, sum, signature []byte) error {
	ok := false
	switch a.scheme {
	case ecdsaDER:
		ok = ecdsa.VerifyASN1(key, sum, signature)
	case ecdsaPlain:
		der, err := fromPlain(key, signature)
		ok = err == nil && ecdsa.VerifyASN1(key, sum, der)
	}
	if !ok {
		return ErrSignature
	}
	return nil
}

// PlainHash returns the digest of a named algorithm whose r and s stand side
// by side, 0 for any other.
func PlainHash(id string) crypto.Hash {
	if a := algorithms[id]; a.scheme == ecdsaPlain {
		return a.hash
	}
	return 0
}
