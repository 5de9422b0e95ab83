package match_test

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"
	"testing"

	"github.com/idem-id/idem/match"
)

// This file is the reference that the package is held against: as plain as the
// definitions, and built from the documented format alone.

const model = 0x78563412

// encode writes format version 1 by hand.
func encode(model uint32, codes []int8) []byte {
	b := []byte{'I', 'T', 1, 0}
	b = binary.LittleEndian.AppendUint32(b, model)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(codes)))
	b = append(b, 0, 0, 0, 0, 0, 0)
	for _, c := range codes {
		b = append(b, byte(c))
	}
	return sealed(b)
}

// castagnoli is the checksum of the formats.
func castagnoli(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// sealed puts the right checksum into b.
func sealed(b []byte) []byte {
	covered := append(slices.Clone(b[:12]), b[16:]...)
	binary.LittleEndian.PutUint32(b[12:], crc32.Checksum(covered, crc32.MakeTable(crc32.Castagnoli)))
	return b
}

func fromCodes(t testing.TB, codes []int8) match.Template {
	t.Helper()
	x, err := match.Parse(encode(model, codes))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return x
}

func sums(a, b []int8) (dot, na, nb int64) {
	for i := range a {
		dot += int64(a[i]) * int64(b[i])
		na += int64(a[i]) * int64(a[i])
		nb += int64(b[i]) * int64(b[i])
	}
	return dot, na, nb
}

func naiveScore(a, b []int8) float64 {
	dot, na, nb := sums(a, b)
	if na == 0 || nb == 0 {
		return 0
	}
	return float64(dot) / math.Sqrt(float64(na)*float64(nb))
}

// naiveSearch scores and sorts everything, then filters.
func naiveSearch(rows map[uint64][]int8, probe []int8, k int, floor float64, skip func(uint64) bool) []match.Candidate {
	var all []match.Candidate
	for id, codes := range rows {
		if s := naiveScore(probe, codes); s >= floor && !skip(id) {
			all = append(all, match.Candidate{ID: id, Score: s})
		}
	}
	slices.SortFunc(all, func(a, b match.Candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	if k > 0 && len(all) > k {
		all = all[:k]
	}
	return all
}

func newGallery(t testing.TB, dim int) *match.Gallery {
	t.Helper()
	g, err := match.NewGallery(model, dim)
	if err != nil {
		t.Fatalf("NewGallery: %v", err)
	}
	return g
}

func mustAdd(t testing.TB, g *match.Gallery, id uint64, x match.Template) {
	t.Helper()
	if err := g.Add(id, x); err != nil {
		t.Fatalf("Add(%d): %v", id, err)
	}
}

// same compares candidates with the bits of their scores.
func same(a, b []match.Candidate) bool {
	return slices.EqualFunc(a, b, func(x, y match.Candidate) bool {
		return x.ID == y.ID && math.Float64bits(x.Score) == math.Float64bits(y.Score)
	})
}
