package edoctest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// Passport is a zone of Utopia whose check digits hold.
func Passport() []string {
	return []string{"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F3204153ZE184226B<<<<<16"}
}

// Chip signs data groups and returns the files of a chip.
func (i *Issuer) Chip(groups map[int][]byte) map[string][]byte {
	files := map[string][]byte{"EF.SOD": i.SOD(groups)}
	for n, data := range groups {
		files[fmt.Sprintf("EF.DG%d", n)] = data
	}
	return files
}

// SOD signs the digests of data groups.
func (i *Issuer) SOD(groups map[int][]byte) []byte {
	var list [][]byte
	for _, n := range slices.Sorted(maps.Keys(groups)) {
		sum := i.Hash.New()
		sum.Write(groups[n])
		list = append(list, Seq(small(int64(n)), Octets(sum.Sum(nil))))
	}
	return TLV(0x77, i.Sign("2.23.136.1.1.1", Seq(small(0), hashID(i.Hash), Seq(list...))))
}

// Groups are the two that every chip has: a zone and a portrait.
func Groups(zone []string, portrait []byte) map[int][]byte {
	return map[int][]byte{1: DG1(zone), 2: DG2(portrait)}
}

// DG1 returns data group 1.
func DG1(zone []string) []byte { return TLV(0x61, TLV(0x5F1F, []byte(strings.Join(zone, "")))) }

// DG2 returns data group 2 with one face of ISO/IEC 19794-5.
func DG2(portrait []byte) []byte { return biometrics(TLV(0x5F2E, FaceRecord(portrait))) }

// DG2Extensible returns data group 2 with one face of ISO/IEC 39794-5, as far
// as its nesting goes.
func DG2Extensible(portrait []byte) []byte {
	block := TLV(0xA1, TLV(0xA0, TLV(0xA1, TLV(0xA0, TLV(0x80, []byte{2}), TLV(0x81, portrait)))))
	return biometrics(TLV(0x7F2E, TLV(0x65, TLV(0xA0, TLV(0x80, []byte{3})), block)))
}

func biometrics(data []byte) []byte {
	header := TLV(0xA1, TLV(0x80, []byte{1, 1}), TLV(0x81, []byte{2}), TLV(0x87, []byte{1, 1}), TLV(0x88, []byte{0, 8}))
	return TLV(0x75, TLV(0x7F61, small(1), TLV(0x7F60, header, data)))
}

// FaceRecord returns a record of ISO/IEC 19794-5:2005 with one image and two
// feature points.
func FaceRecord(portrait []byte) []byte {
	var b bytes.Buffer
	const points = 2
	size := uint32(20 + 8*points + 12 + len(portrait))
	b.WriteString("FAC\x00010\x00")
	for _, v := range []any{14 + size, uint16(1), size, uint16(points), [14]byte{}, [8 * points]byte{}, [2]byte{1, 0}, uint16(90), uint16(120), [6]byte{1}, portrait} {
		_ = binary.Write(&b, binary.BigEndian, v) // a buffer takes all
	}
	return b.Bytes()
}

// Portrait returns a drawn JPEG of 90 x 120 pixels, no person.
func Portrait() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 90, 120))
	for y := range 120 {
		for x := range 90 {
			img.Set(x, y, color.RGBA{uint8(2 * x), uint8(2 * y), 90, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// DG15 returns data group 15 with a chip's key.
func DG15(a Algorithm, key crypto.Signer) []byte { return TLV(0x6F, a.PublicKey(key)) }

// DG14 returns data group 14, which announces ECDSA with SHA-256 as the way
// that the chip answers challenges.
func DG14() []byte {
	return TLV(0x6E, Set(Seq(OID("2.23.136.1.1.5"), small(1), OID("0.4.0.127.0.7.1.1.4.1.3"))))
}

// Answer is what a chip with that key says to a challenge.
func Answer(key crypto.Signer, challenge []byte) []byte {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return answerRSA(k, challenge)
	case *ecdsa.PrivateKey:
		return answerECDSA(k, challenge)
	}
	return nil
}

// answerRSA signs by ISO/IEC 9796-2 scheme 1 with SHA-1 and trailer BC.
func answerRSA(k *rsa.PrivateKey, challenge []byte) []byte {
	size := k.Size()
	random := make([]byte, size-2-crypto.SHA1.Size())
	_, _ = rand.Read(random)
	sum := crypto.SHA1.New()
	sum.Write(random)
	sum.Write(challenge)
	message := slices.Concat([]byte{0x6A}, random, sum.Sum(nil), []byte{0xBC})
	return new(big.Int).Exp(new(big.Int).SetBytes(message), k.D, k.N).FillBytes(make([]byte, size))
}

func answerECDSA(k *ecdsa.PrivateKey, challenge []byte) []byte {
	sum := crypto.SHA256.New()
	sum.Write(challenge)
	r, s, err := ecdsa.Sign(rand.Reader, k, sum.Sum(nil))
	if err != nil {
		panic(err)
	}
	size := (k.Params().N.BitLen() + 7) / 8
	return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
}
