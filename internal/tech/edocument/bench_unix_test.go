//go:build unix

package edocument_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
	"golang.org/x/sys/unix"
)

// BenchmarkPassiveAuthentication compares the whole authentication of a chip
// (files to outcome, no portrait) with the two bare signature verifications in
// it, in processor time, which other processes disturb less: x-bare is the
// ratio.
func BenchmarkPassiveAuthentication(b *testing.B) {
	for _, a := range edoctest.Algorithms() {
		b.Run(a.Name, func(b *testing.B) {
			i := edoctest.New(b, a)
			ed := technology(b, i.Root)
			files := i.Chip(map[int][]byte{1: edoctest.DG1(edoctest.Passport())})
			bare := bareVerification(b, a)
			start := cpu()
			for b.Loop() {
				if out, _ := run(b, ed, files); !out.Passed {
					b.Fatal(out.Reasons)
				}
			}
			whole := float64(cpu()-start) / float64(b.N)
			b.ReportMetric(whole/1e6, "cpu-ms/op")
			b.ReportMetric(whole/(2*bare), "x-bare")
		})
	}
}

// cpu returns the processor time of this process.
func cpu() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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
	const rounds = 200
	start := cpu()
	for range rounds {
		if !verifies(key.Public(), a, sum, signature) {
			b.Fatal("signature does not hold")
		}
	}
	return float64(cpu()-start) / rounds
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
