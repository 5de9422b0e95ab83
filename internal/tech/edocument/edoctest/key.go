package edoctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"math/big"

	"github.com/ProtonMail/go-crypto/brainpool"
)

// Algorithm is a way to sign documents.
type Algorithm struct {
	Name     string
	Hash     crypto.Hash
	RSABits  int // 0: elliptic curve
	PSS      bool
	Curve    elliptic.Curve
	CurveOID string
	Explicit bool // the key carries the curve's numbers instead of its name
}

// Algorithms returns the ways that issuers sign.
func Algorithms() []Algorithm {
	return []Algorithm{
		{Name: "RSA-SHA1", Hash: crypto.SHA1, RSABits: 2048},
		{Name: "RSA-SHA256", Hash: crypto.SHA256, RSABits: 2048},
		{Name: "RSA-SHA512", Hash: crypto.SHA512, RSABits: 2048},
		{Name: "RSA-PSS-SHA256", Hash: crypto.SHA256, RSABits: 2048, PSS: true},
		{Name: "P-224", Hash: crypto.SHA224, Curve: elliptic.P224(), CurveOID: "1.3.132.0.33"},
		P256(),
		{Name: "P-384", Hash: crypto.SHA384, Curve: elliptic.P384(), CurveOID: "1.3.132.0.34"},
		{Name: "P-521", Hash: crypto.SHA512, Curve: elliptic.P521(), CurveOID: "1.3.132.0.35"},
		{Name: "P-256 explicit", Hash: crypto.SHA256, Curve: elliptic.P256(), Explicit: true},
		{Name: "brainpoolP256r1", Hash: crypto.SHA256, Curve: brainpool.P256r1(), CurveOID: "1.3.36.3.3.2.8.1.1.7"},
		{Name: "brainpoolP384r1 explicit", Hash: crypto.SHA384, Curve: brainpool.P384r1(), Explicit: true},
		{Name: "brainpoolP512r1", Hash: crypto.SHA512, Curve: brainpool.P512r1(), CurveOID: "1.3.36.3.3.2.8.1.1.13"},
	}
}

// P256 returns the quickest way to sign.
func P256() Algorithm {
	return Algorithm{Name: "P-256", Hash: crypto.SHA256, Curve: elliptic.P256(), CurveOID: "1.2.840.10045.3.1.7"}
}

// NewKey makes a key pair.
func (a Algorithm) NewKey() (crypto.Signer, error) {
	if a.RSABits > 0 {
		return rsa.GenerateKey(rand.Reader, a.RSABits)
	}
	return ecdsa.GenerateKey(a.Curve, rand.Reader)
}

var hashOIDs = map[crypto.Hash]string{
	crypto.SHA1: "1.3.14.3.2.26", crypto.SHA224: "2.16.840.1.101.3.4.2.4", crypto.SHA256: "2.16.840.1.101.3.4.2.1",
	crypto.SHA384: "2.16.840.1.101.3.4.2.2", crypto.SHA512: "2.16.840.1.101.3.4.2.3",
}

var rsaOIDs = map[crypto.Hash]string{
	crypto.SHA1: "1.2.840.113549.1.1.5", crypto.SHA224: "1.2.840.113549.1.1.14", crypto.SHA256: "1.2.840.113549.1.1.11",
	crypto.SHA384: "1.2.840.113549.1.1.12", crypto.SHA512: "1.2.840.113549.1.1.13",
}

var ecdsaOIDs = map[crypto.Hash]string{
	crypto.SHA1: "1.2.840.10045.4.1", crypto.SHA224: "1.2.840.10045.4.3.1", crypto.SHA256: "1.2.840.10045.4.3.2",
	crypto.SHA384: "1.2.840.10045.4.3.3", crypto.SHA512: "1.2.840.10045.4.3.4",
}

func hashID(h crypto.Hash) []byte { return Seq(OID(hashOIDs[h]), null()) }

// identifier returns the AlgorithmIdentifier of signatures.
func (a Algorithm) identifier() []byte {
	switch {
	case a.PSS:
		mask := Seq(OID("1.2.840.113549.1.1.8"), hashID(a.Hash))
		return Seq(OID("1.2.840.113549.1.1.10"), Seq(TLV(0xA0, hashID(a.Hash)), TLV(0xA1, mask), TLV(0xA2, small(int64(a.Hash.Size())))))
	case a.RSABits > 0:
		return Seq(OID(rsaOIDs[a.Hash]), null())
	}
	return Seq(OID(ecdsaOIDs[a.Hash]))
}

func (a Algorithm) sign(key crypto.Signer, message []byte) []byte {
	sum := a.Hash.New()
	sum.Write(message)
	var options crypto.SignerOpts = a.Hash
	if a.PSS {
		options = &rsa.PSSOptions{SaltLength: a.Hash.Size(), Hash: a.Hash}
	}
	return must(key.Sign(rand.Reader, sum.Sum(nil), options))
}

// PublicKey returns the SubjectPublicKeyInfo of a key.
func (a Algorithm) PublicKey(key crypto.Signer) []byte {
	switch k := key.Public().(type) {
	case *rsa.PublicKey:
		return Seq(Seq(OID("1.2.840.113549.1.1.1"), null()), bits(Seq(Int(k.N), small(int64(k.E)))))
	case *ecdsa.PublicKey:
		//lint:ignore SA1019 the newer functions know the NIST curves alone
		return Seq(Seq(OID("1.2.840.10045.2.1"), a.curve()), bits(point(k.Curve, k.X, k.Y)))
	}
	return nil
}

func (a Algorithm) curve() []byte {
	if a.Explicit {
		return ExplicitCurve(a.Curve.Params(), point(a.Curve, a.Curve.Params().Gx, a.Curve.Params().Gy))
	}
	return OID(a.CurveOID)
}

// ExplicitCurve returns ECParameters with the numbers of a curve and any base
// point. The coefficients are placeholders: readers must not use them.
func ExplicitCurve(c *elliptic.CurveParams, base []byte) []byte {
	size := (c.BitSize + 7) / 8
	coefficient := Octets(make([]byte, size))
	return Seq(small(1), Seq(OID("1.2.840.10045.1.1"), Int(c.P)), Seq(coefficient, coefficient), Octets(base), Int(c.N), small(1))
}

func point(c elliptic.Curve, x, y *big.Int) []byte {
	size := (c.Params().BitSize + 7) / 8
	b := make([]byte, 1+2*size)
	b[0] = 4
	x.FillBytes(b[1 : 1+size])
	y.FillBytes(b[1+size:])
	return b
}
