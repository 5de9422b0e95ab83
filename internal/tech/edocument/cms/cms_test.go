package cms_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/idem-id/idem/internal/tech/edocument/ber"
	"github.com/idem-id/idem/internal/tech/edocument/cms"
	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
)

const contentType = "2.23.136.1.1.1"

func verify(t *testing.T, data []byte) (*cms.SignedData, error) {
	t.Helper()
	signed, err := cms.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	_, err = signed.Verify()
	return signed, err
}

func TestVerify(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	signed, err := verify(t, i.Sign(contentType, []byte("content")))
	if err != nil || signed.ContentType != contentType || string(signed.Content) != "content" {
		t.Errorf("%+v, %v", signed, err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	i, other := edoctest.New(t, edoctest.P256()), edoctest.New(t, edoctest.P256())
	good := i.Sign(contentType, []byte("content"))
	absent := *i
	absent.Signer = other.Signer // a certificate with another serial number
	posing := edoctest.New(t, edoctest.P256())
	posing.Serial = other.Serial
	posing.Signer = other.Signer // the serial number fits, the key does not
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"altered content":      {bytes.Replace(good, []byte("content"), []byte("c0ntent"), 1), cms.ErrSignature},
		"altered type":         {bytes.Replace(good, edoctest.OID(contentType), edoctest.OID("2.23.136.1.1.2"), 1), cms.ErrSignature},
		"missing certificate":  {absent.Sign(contentType, []byte("content")), cms.ErrSigner},
		"another signer's key": {posing.Sign(contentType, []byte("content")), cms.ErrSignature},
	} {
		if _, err := verify(t, c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	i := edoctest.New(t, edoctest.P256())
	good := i.Sign(contentType, []byte("content"))
	many := make([][]byte, 20)
	for n := range many {
		many[n] = i.Root
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "a certificate": i.Root, "cut": good[:len(good)-1], "more behind": append(bytes.Clone(good), 0),
		"many certificates": i.Sign(contentType, []byte("content"), many...),
	} {
		if _, err := cms.Parse(data); !errors.Is(err, ber.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
