package edoctest

import (
	"crypto/rand"
	"crypto/sha256"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/veraison/go-cose"
)

// The names of ISO/IEC 18013-5.
const (
	licenceType  = "org.iso.18013.5.1.mDL"
	licenceSpace = "org.iso.18013.5.1"
)

type mobileItem struct {
	DigestID uint64 `cbor:"digestID"`
	Random   []byte `cbor:"random"`
	Name     string `cbor:"elementIdentifier"`
	Value    any    `cbor:"elementValue"`
}

// Licence returns the elements of a mobile driving licence of Utopia, without
// the portrait.
func Licence() map[string]any {
	return map[string]any{
		"family_name": "ERIKSSON", "given_name": "ANNA", "document_number": "UT1234567", "issuing_country": "UT", "sex": 2,
		"birth_date": cbor.Tag{Number: 1004, Content: "1974-08-12"}, "expiry_date": cbor.Tag{Number: 1004, Content: "2032-04-15"},
	}
}

// Mobile signs elements as an IssuerSigned structure of the type. The issuer
// has an elliptic curve of NIST and SHA-256.
func (i *Issuer) Mobile(docType string, elements map[string]any) []byte {
	var items []cbor.RawMessage
	digests := map[uint64][]byte{}
	for name, value := range elements {
		n := uint64(len(items))
		random := make([]byte, 16)
		_, _ = rand.Read(random)
		raw := embed(mobileItem{n, random, name, value})
		sum := sha256.Sum256(raw)
		digests[n] = sum[:]
		items = append(items, raw)
	}
	return encode(map[string]any{
		"nameSpaces": map[string]any{licenceSpace: items},
		"issuerAuth": cbor.RawMessage(i.signMobile(docType, digests)),
	})
}

func (i *Issuer) signMobile(docType string, digests map[uint64][]byte) []byte {
	at := func(t time.Time) cbor.Tag { return cbor.Tag{Number: 0, Content: t.UTC().Format(time.RFC3339)} }
	object := embed(map[string]any{
		"version": "1.0", "digestAlgorithm": "SHA-256", "docType": docType,
		"valueDigests": map[string]any{licenceSpace: digests},
		"validityInfo": map[string]any{"signed": at(i.At), "validFrom": at(i.At), "validUntil": at(i.At.AddDate(1, 0, 0))},
	})
	signer, err := cose.NewSigner(cose.AlgorithmES256, i.signerKey)
	if err != nil {
		panic(err)
	}
	return must(cose.Sign1Untagged(rand.Reader, signer, cose.Headers{
		Protected:   cose.ProtectedHeader{cose.HeaderLabelAlgorithm: cose.AlgorithmES256},
		Unprotected: cose.UnprotectedHeader{cose.HeaderLabelX5Chain: i.Signer},
	}, object, nil))
}

// Response wraps an IssuerSigned structure as a DeviceResponse.
func Response(issuerSigned []byte) []byte {
	return encode(map[string]any{"version": "1.0", "status": 0, "documents": []any{
		map[string]any{"docType": licenceType, "issuerSigned": cbor.RawMessage(issuerSigned)},
	}})
}

func embed(value any) []byte { return encode(cbor.Tag{Number: 24, Content: encode(value)}) }

func encode(value any) []byte { return must(cbor.Marshal(value)) }
