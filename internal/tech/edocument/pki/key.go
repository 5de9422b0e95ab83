package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"
	"math/big"

	"github.com/ProtonMail/go-crypto/brainpool"
	"github.com/idem-id/idem/internal/tech/edocument/ber"
)

// Bounds of RSA keys: what verification may cost, and what is a key at all.
const (
	maxRSABits  = 4096
	minRSABits  = 1024
	maxExponent = 1<<31 - 1
)

const (
	oidRSA     = "1.2.840.113549.1.1.1"
	oidEC      = "1.2.840.10045.2.1"
	oidPrime   = "1.2.840.10045.1.1"
	maxKeySize = 4096 // bytes of a SubjectPublicKeyInfo
)

var curves = map[string]elliptic.Curve{
	"1.3.132.0.33":          elliptic.P224(),
	"1.2.840.10045.3.1.7":   elliptic.P256(),
	"1.3.132.0.34":          elliptic.P384(),
	"1.3.132.0.35":          elliptic.P521(),
	"1.3.36.3.3.2.8.1.1.7":  brainpool.P256r1(),
	"1.3.36.3.3.2.8.1.1.8":  brainpool.P256t1(),
	"1.3.36.3.3.2.8.1.1.11": brainpool.P384r1(),
	"1.3.36.3.3.2.8.1.1.12": brainpool.P384t1(),
	"1.3.36.3.3.2.8.1.1.13": brainpool.P512r1(),
	"1.3.36.3.3.2.8.1.1.14": brainpool.P512t1(),
}

// ParsePublicKey reads a SubjectPublicKeyInfo. It returns an *rsa.PublicKey or
// an *ecdsa.PublicKey, or an error that wraps ErrUnsupported or
// ber.ErrMalformed.
func ParsePublicKey(der []byte) (crypto.PublicKey, error) {
	if len(der) > maxKeySize {
		return nil, unsupported("key of %d bytes", len(der))
	}
	info := ber.New(der).In(ber.Sequence)
	algorithm := info.In(ber.Sequence)
	id := algorithm.OID()
	bits := info.Bits()
	if err := info.Err(); err != nil {
		return nil, err
	}
	switch id {
	case oidRSA, oidPSS:
		return readRSA(bits)
	case oidEC:
		curve, err := readCurve(algorithm)
		if err != nil {
			return nil, err
		}
		return readPoint(curve, bits)
	}
	return nil, unsupported("key algorithm %s", id)
}

func readRSA(bits []byte) (*rsa.PublicKey, error) {
	in := ber.New(bits).In(ber.Sequence)
	n, e := in.Integer(), in.Integer()
	if err := in.Err(); err != nil {
		return nil, err
	}
	if n.Sign() <= 0 || n.BitLen() < minRSABits || n.BitLen() > maxRSABits {
		return nil, unsupported("RSA modulus of %d bits", n.BitLen())
	}
	if !e.IsInt64() || e.Int64() < 3 || e.Int64() > maxExponent || e.Bit(0) == 0 || n.Bit(0) == 0 {
		return nil, unsupported("RSA exponent or modulus")
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
}

// readCurve reads the parameters of an elliptic curve key: a name, or numbers
// that are those of a known curve.
func readCurve(algorithm *ber.Reader) (elliptic.Curve, error) {
	if algorithm.Peek() == ber.OID {
		name := algorithm.OID()
		if curve, ok := curves[name]; ok {
			return curve, nil
		}
		return nil, unsupported("curve %s", name)
	}
	p, err := readParameters(algorithm.In(ber.Sequence))
	if err != nil {
		return nil, err
	}
	for _, curve := range curves {
		if p.equal(curve.Params()) {
			return curve, nil
		}
	}
	return nil, unsupported("explicit curve parameters of no known curve")
}

// parameters are the ECParameters that tell curves apart. A curve that is
// known by field, order and base point is used as it is known here; the
// certificate's own coefficients never enter a computation.
type parameters struct {
	field, order *big.Int
	base         []byte
}

func readParameters(in *ber.Reader) (parameters, error) {
	var p parameters
	in.Integer()
	field := in.In(ber.Sequence)
	kind := field.OID()
	if in.Err() == nil && kind != oidPrime {
		return p, unsupported("curve over field %s", kind)
	}
	p.field = field.Integer()
	in.Read(ber.Sequence) // coefficients
	p.base = in.Octets()
	p.order = in.Integer()
	if in.More() && in.Integer().Cmp(big.NewInt(1)) != 0 {
		return p, unsupported("curve with a cofactor")
	}
	return p, in.Err()
}

func (p parameters) equal(known *elliptic.CurveParams) bool {
	return p.field.Cmp(known.P) == 0 && p.order.Cmp(known.N) == 0 &&
		(bytes.Equal(p.base, uncompressed(known)) || bytes.Equal(p.base, compressed(known)))
}

func uncompressed(c *elliptic.CurveParams) []byte {
	size := (c.BitSize + 7) / 8
	b := make([]byte, 1+2*size)
	b[0] = 4
	c.Gx.FillBytes(b[1 : 1+size])
	c.Gy.FillBytes(b[1+size:])
	return b
}

func compressed(c *elliptic.CurveParams) []byte {
	size := (c.BitSize + 7) / 8
	return append([]byte{2 + byte(c.Gy.Bit(0))}, uncompressed(c)[1:1+size]...)
}

// readPoint reads an uncompressed point and checks that it lies on the curve.
func readPoint(curve elliptic.Curve, bits []byte) (*ecdsa.PublicKey, error) {
	size := (curve.Params().BitSize + 7) / 8
	if len(bits) != 1+2*size || bits[0] != 4 {
		return nil, unsupported("point of %d bytes", len(bits))
	}
	x, y := new(big.Int).SetBytes(bits[1:1+size]), new(big.Int).SetBytes(bits[1+size:])
	//lint:ignore SA1019 the newer functions know the NIST curves alone
	if x.Cmp(curve.Params().P) >= 0 || y.Cmp(curve.Params().P) >= 0 || !curve.IsOnCurve(x, y) {
		return nil, unsupported("point off its curve")
	}
	//lint:ignore SA1019 as above
	return &ecdsa.PublicKey{Curve: curve, X: x, Y: y}, nil
}

// fromPlain turns r and s side by side into the form that package ecdsa takes.
func fromPlain(key *ecdsa.PublicKey, signature []byte) ([]byte, error) {
	size := (key.Params().N.BitLen() + 7) / 8
	if len(signature) != 2*size {
		return nil, ErrSignature
	}
	r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
	return asn1.Marshal(struct{ R, S *big.Int }{r, s})
}
