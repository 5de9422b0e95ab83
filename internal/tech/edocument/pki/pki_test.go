package pki_test

import (
	"crypto/elliptic"
	"errors"
	"math/big"
	"testing"

	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
	"github.com/idem-id/idem/internal/tech/edocument/pki"
)

func bits(b []byte) []byte { return edoctest.TLV(3, []byte{0}, b) }

func rsaKey(n, e *big.Int) []byte {
	return edoctest.Seq(edoctest.Seq(edoctest.OID("1.2.840.113549.1.1.1"), edoctest.TLV(5)), bits(edoctest.Seq(edoctest.Int(n), edoctest.Int(e))))
}

func ecKey(parameters, point []byte) []byte {
	return edoctest.Seq(edoctest.Seq(edoctest.OID("1.2.840.10045.2.1"), parameters), bits(point))
}

func TestKeysAreBounded(t *testing.T) {
	odd := func(bits uint) *big.Int { return new(big.Int).SetBit(big.NewInt(1), int(bits)-1, 1) }
	three := big.NewInt(3)
	for name, der := range map[string][]byte{
		"RSA of 512 bits": rsaKey(odd(512), three), "RSA of 8192 bits": rsaKey(odd(8192), three), "even modulus": rsaKey(new(big.Int).Lsh(three, 2046), three),
		"negative modulus": rsaKey(new(big.Int).Neg(odd(2048)), three), "exponent 1": rsaKey(odd(2048), big.NewInt(1)), "exponent of 64 bits": rsaKey(odd(2048), odd(64)),
		"curve by another name": ecKey(edoctest.OID("1.3.132.0.10"), []byte{4}), "Ed25519": edoctest.Seq(edoctest.Seq(edoctest.OID("1.3.101.112")), bits(make([]byte, 32))),
		"point off the curve": ecKey(edoctest.OID("1.2.840.10045.3.1.7"), append([]byte{4}, make([]byte, 64)...)),
		"point at infinity":   ecKey(edoctest.OID("1.2.840.10045.3.1.7"), []byte{0}),
	} {
		if key, err := pki.ParsePublicKey(der); !errors.Is(err, pki.ErrUnsupported) {
			t.Errorf("%s: %v, %v", name, key, err)
		}
	}
}

// TestEDOC_8_ExplicitParameters: the numbers of a known curve are that curve,
// with its base point in either form; any other numbers are none.
func TestEDOC_8_ExplicitParameters(t *testing.T) {
	c := elliptic.P256().Params()
	full := append([]byte{4}, append(c.Gx.FillBytes(make([]byte, 32)), c.Gy.FillBytes(make([]byte, 32))...)...)
	short := append([]byte{2 + byte(c.Gy.Bit(0))}, full[1:33]...)
	for _, base := range [][]byte{full, short} {
		if _, err := pki.ParsePublicKey(ecKey(edoctest.ExplicitCurve(c, base), full)); err != nil {
			t.Errorf("base of %d bytes: %v", len(base), err)
		}
	}
	order, field := *c, *c
	order.N = new(big.Int).Sub(c.N, big.NewInt(2))
	field.P = elliptic.P224().Params().P
	other := append([]byte{2 + byte(1-c.Gy.Bit(0))}, full[1:33]...)
	for name, parameters := range map[string][]byte{
		"order": edoctest.ExplicitCurve(&order, full), "field": edoctest.ExplicitCurve(&field, full), "base": edoctest.ExplicitCurve(c, other),
	} {
		if _, err := pki.ParsePublicKey(ecKey(parameters, full)); !errors.Is(err, pki.ErrUnsupported) {
			t.Errorf("another %s: %v", name, err)
		}
	}
}

func TestCertificateIsBounded(t *testing.T) {
	if _, err := pki.ParseCertificate(make([]byte, pki.MaxCertificate+1)); err == nil {
		t.Error("a large certificate was read")
	}
	i := edoctest.New(t, edoctest.P256())
	if _, err := pki.ParseCertificate(append(i.Root, 0)); err == nil {
		t.Error("bytes after the certificate were ignored")
	}
}
