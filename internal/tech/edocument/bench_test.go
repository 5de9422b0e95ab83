package edocument_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"testing"

	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
)

// BenchmarkPassiveAuthentication compares the whole authentication of a chip
// (files to outcome, no portrait) with the two bare signature verifications in
// it: x-bare is the ratio.
func BenchmarkPassiveAuthentication(b *testing.B) {
	for _, a := range edoctest.Algorithms() {
		b.Run(a.Name, func(b *testing.B) {
			i := edoctest.New(b, a)
			ed := technology(b, i.Root)
			files := i.Chip(map[int][]byte{1: edoctest.DG1(edoctest.Passport())})
			bare := bareVerification(b, a)
			for b.Loop() {
				if out, _ := run(b, ed, files); !out.Passed {
					b.Fatal(out.Reasons)
				}
			}
			whole := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
			b.ReportMetric(whole/(2*bare), "x-bare")
		})
	}
}

// bareVerification returns the nanoseconds of one verification.
func bareVerification(b *testing.B, a edoctest.Algorithm) float64 {
	key, err := a.NewKey()
	if err != nil {
		b.Fatal(err)
	}
	sum := make([]byte, a.Hash.Size())
	var options crypto.SignerOpts = a.Hash
	if a.PSS {
		options = &rsa.PSSOptions{SaltLength: a.Hash.Size(), Hash: a.Hash}
	}
	signature, err := key.Sign(rand.Reader, sum, options)
	if err != nil {
		b.Fatal(err)
	}
	result := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if !verifies(key.Public(), a, sum, signature) {
				b.Fatal("signature does not hold")
			}
		}
	})
	return float64(result.NsPerOp())
}

func verifies(key crypto.PublicKey, a edoctest.Algorithm, sum, signature []byte) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if a.PSS {
			return rsa.VerifyPSS(k, a.Hash, sum, signature, &rsa.PSSOptions{SaltLength: a.Hash.Size()}) == nil
		}
		return rsa.VerifyPKCS1v15(k, a.Hash, sum, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, sum, signature)
	}
	return false
}
