package edoctest

import (
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"fmt"
	"math/big"
	"testing"
	"time"
)

// Issuer is a state that issues documents: a root (CSCA or IACA) and a
// document signer below it.
type Issuer struct {
	Algorithm
	Country string // two letters
	Root    []byte // certificate
	Signer  []byte // certificate
	Serial  *big.Int
	At      time.Time // when it signs

	rootKey, signerKey crypto.Signer
}

// New makes the issuer of the fictional state Utopia, UT and UTO.
func New(t testing.TB, a Algorithm) *Issuer { return NewIn(t, a, "UT") }

// NewIn makes an issuer of a country.
func NewIn(t testing.TB, a Algorithm, country string) *Issuer {
	t.Helper()
	i, err := Found(a, country)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// Found makes an issuer of a country outside of a test.
func Found(a Algorithm, country string) (*Issuer, error) {
	rootKey, err := a.NewKey()
	if err != nil {
		return nil, fmt.Errorf("make the key of a root: %w", err)
	}
	signerKey, err := a.NewKey()
	if err != nil {
		return nil, fmt.Errorf("make the key of a signer: %w", err)
	}
	i := &Issuer{Algorithm: a, Country: country, Serial: serial(), At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), rootKey: rootKey, signerKey: signerKey}
	i.Root = i.certificate(serial(), i.name("CSCA"), a.PublicKey(rootKey), rootExtensions(rootKey, a))
	i.Signer = i.certificate(i.Serial, i.name("Signer"), a.PublicKey(signerKey), i.signerExtensions())
	return i, nil
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		panic(err)
	}
	return n
}

func (i *Issuer) name(common string) []byte {
	attribute := func(id, value string) []byte { return Set(Seq(OID(id), TLV(0x13, []byte(value)))) }
	return Seq(attribute("2.5.4.6", i.Country), attribute("2.5.4.10", "Specimen"), attribute("2.5.4.3", fmt.Sprintf("%s %s", i.Country, common)))
}

// certificate makes a certificate that the root signs, ten years around At.
func (i *Issuer) certificate(number *big.Int, subject, key []byte, extensions ...[]byte) []byte {
	return i.certificateOf(number, i.At.AddDate(-1, 0, 0), i.At.AddDate(9, 0, 0), subject, key, extensions...)
}

func (i *Issuer) certificateOf(number *big.Int, from, to time.Time, subject, key []byte, extensions ...[]byte) []byte {
	body := Seq(TLV(0xA0, small(2)), Int(number), i.identifier(), i.name("CSCA"), Seq(clock(from), clock(to)), subject, key,
		TLV(0xA3, Seq(extensions...)))
	return i.signed(body)
}

// RenewedRoot returns another certificate of the root's key, of another period.
func (i *Issuer) RenewedRoot(from, to time.Time) []byte {
	return i.certificateOf(serial(), from, to, i.name("CSCA"), i.PublicKey(i.rootKey), rootExtensions(i.rootKey, i.Algorithm))
}

// Purposed gives the document signer a certificate of an extended key usage.
func (i *Issuer) Purposed(purpose string) {
	usage := Seq(OID("2.5.29.37"), Octets(Seq(OID(purpose))))
	i.Signer = i.certificate(i.Serial, i.name("Signer"), i.PublicKey(i.signerKey), i.signerExtensions(), usage)
}

// signed wraps a body as X.509 does, with the root's signature.
func (i *Issuer) signed(body []byte) []byte {
	return Seq(body, i.identifier(), bits(i.sign(i.rootKey, body)))
}

func keyID(key crypto.Signer, a Algorithm) []byte {
	sum := sha1.Sum(a.PublicKey(key))
	return sum[:]
}

func rootExtensions(key crypto.Signer, a Algorithm) []byte {
	basic := Seq(OID("2.5.29.19"), TLV(1, []byte{0xff}), Octets(Seq(TLV(1, []byte{0xff}), small(0))))
	return append(basic, Seq(OID("2.5.29.14"), Octets(Octets(keyID(key, a))))...)
}

func (i *Issuer) signerExtensions() []byte {
	return Seq(OID("2.5.29.35"), Octets(Seq(TLV(0x80, keyID(i.rootKey, i.Algorithm)))))
}

// Sign wraps content of a type as signed data of the document signer.
func (i *Issuer) Sign(contentType string, content []byte, certificates ...[]byte) []byte {
	attributes := i.attributes(contentType, content)
	info := Seq(small(1), Seq(i.name("CSCA"), Int(i.Serial)), hashID(i.Hash), TLV(0xA0, attributes), i.identifier(),
		Octets(i.sign(i.signerKey, Set(attributes))))
	bundle := append([][]byte{i.Signer}, certificates...)
	data := Seq(small(3), Set(hashID(i.Hash)), Seq(OID(contentType), TLV(0xA0, Octets(content))), TLV(0xA0, bundle...), Set(info))
	return Seq(OID("1.2.840.113549.1.7.2"), TLV(0xA0, data))
}

func (i *Issuer) attributes(contentType string, content []byte) []byte {
	sum := i.Hash.New()
	sum.Write(content)
	attribute := func(id string, value []byte) []byte { return Seq(OID(id), Set(value)) }
	return append(append(attribute("1.2.840.113549.1.9.3", OID(contentType)),
		attribute("1.2.840.113549.1.9.4", Octets(sum.Sum(nil)))...),
		attribute("1.2.840.113549.1.9.5", clock(i.At))...)
}

// MasterList signs a list of certificates.
func (i *Issuer) MasterList(certificates ...[]byte) []byte {
	return i.Sign("2.23.136.1.1.2", Seq(small(0), Set(certificates...)), i.Root)
}

// Revoke returns a revocation list of the root with the serial numbers.
func (i *Issuer) Revoke(serials ...*big.Int) []byte {
	var entries [][]byte
	for _, n := range serials {
		entries = append(entries, Seq(Int(n), clock(i.At)))
	}
	return i.signed(Seq(small(1), i.identifier(), i.name("CSCA"), clock(i.At), clock(i.At.AddDate(1, 0, 0)), Seq(entries...)))
}
