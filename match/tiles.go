package match

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Tiles multiply 16 probes with 16 rows at a time, on whole codes: both planes
// of two blocks are joined, and then meet all probes in groups of 32.
const (
	tileBytes    = 1024
	tileDims     = 64
	groupProbes  = 32
	groupSums    = groupProbes * 2 * blockRows
	groupMasks   = groupProbes * 2
	groupFactors = 2 * groupProbes
	minTiled     = 12 // probes for which this is faster than one by one
)

// tiled compares all probes of a search with chunks.
type tiled struct {
	lists  []list
	work   []Work
	found  [][]Candidate // of the last chunk, for each probe
	floors []float64

	tiles, groups int
	config        []byte
	probes        []byte // [groups][2][tiles] of 16 probes and 64 dimensions
	rows          []byte // [2][tiles] of 64 dimensions and 16 rows
	norms         []float32
	bounds        []float32 // [groups] of 32 factors a and 32 terms c
	sums          []int32   // [groups][2 probe tiles][2 blocks][16 probes][16 rows]
	masks         []uint16  // the same but for the rows
	hits          []uint32  // [groups]
}

func newTiled(lists []list, work []Work) *tiled {
	t := &tiled{lists: lists, work: work, found: make([][]Candidate, len(lists)), floors: make([]float64, len(lists))}
	t.tiles = (len(lists[0].query.codes) + tileDims - 1) / tileDims
	t.groups = (len(lists) + groupProbes - 1) / groupProbes
	n := t.groups * 2 * t.tiles * tileBytes
	t.probes = aligned(make([]byte, n+lineBytes), n, lineBytes)
	n = 2 * t.tiles * tileBytes
	t.rows = aligned(make([]byte, n+lineBytes), n, lineBytes)
	t.norms = make([]float32, 2*blockRows)
	t.bounds = make([]float32, t.groups*groupFactors)
	t.sums = make([]int32, t.groups*groupSums)
	t.masks = make([]uint16, t.groups*groupMasks)
	t.hits = make([]uint32, t.groups)
	t.layProbes()
	t.config = make([]byte, 64)
	t.config[0] = 1 // the only palette
	for tile := range 8 {
		binary.LittleEndian.PutUint16(t.config[16+2*tile:], 64)
		t.config[48+tile] = 16
	}
	return t
}

func (t *tiled) layProbes() {
	for j := range t.lists {
		for i, c := range t.lists[j].query.codes {
			tile := j/blockRows*t.tiles + i/tileDims
			t.probes[tile*tileBytes+j%blockRows*tileDims+i%tileDims] = byte(c)
		}
	}
}

// ready computes the bounds of a chunk and reports whether tiles suit it: until
// every list has a floor above zero, each row is a candidate.
func (t *tiled) ready() bool {
	for j := range t.bounds {
		t.bounds[j] = math.MaxFloat32 // of no probe
	}
	for j := range t.lists {
		floor := t.lists[j].bar()
		if floor <= 0 {
			return false
		}
		t.floors[j] = floor
		at := j/groupProbes*groupFactors + j%groupProbes
		t.bounds[at], t.bounds[at+groupProbes] = t.lists[j].query.wholeBound(floor)
		t.found[j] = t.found[j][:0]
	}
	return true
}

// wholeBound returns a and c of the condition that a row may score tau > 0:
//
//	dot(q, code + 128) >= a floor(8 |c|) + c
//
// for whole codes. It decides nothing that the score does not decide again; the
// slack is for the roundings to float32, as in bound.
func (q *query) wholeBound(tau float64) (a, c float32) {
	factor := min(tau, 2) * q.root / normUnits
	term := 128 * float64(q.sum)
	slack := 0x1p-20 * (factor*largestNorm + math.Abs(term) + 1)
	return float32(factor), float32(term - slack)
}

// chunk finds, for each probe, the live rows that score at least its floor.
func (t *tiled) chunk(c *chunk) {
	s := c.segment
	s.mu.RLock()
	defer s.mu.RUnlock()
	first, end := c.rows()
	live := 0
	for block := first / blockRows; block*blockRows < end; block += 2 {
		alive := [2]uint16{s.aliveIn(block, first, end)}
		if (block+1)*blockRows < end {
			alive[1] = s.aliveIn(block+1, first, end)
		}
		live += bits.OnesCount16(alive[0]) + bits.OnesCount16(alive[1])
		t.blocks(s, block, alive)
	}
	for j := range t.work {
		t.work[j].Rows += live
	}
}

// blocks compares two blocks, of which the second may have no live row.
func (t *tiled) blocks(s *segment, block int, alive [2]uint16) {
	p := &s.rows
	for i, mask := range alive {
		if mask == 0 {
			continue // what the buffers hold is masked
		}
		high := p.high[(block+i)*p.highStride():]
		for r := range blockRows {
			t.norms[i*blockRows+r] = float32(binary.LittleEndian.Uint16(high[2*r:]))
		}
		joinAVX512(&high[headerBytes], &p.low[(block+i)*p.lowStride()], p.lines, &t.rows[i*t.tiles*tileBytes])
	}
	tilesAMX(&t.config[0], &t.rows[0], &t.probes[0], t.tiles, t.groups, &t.norms[0], &t.bounds[0], &t.sums[0], &t.masks[0], &t.hits[0])
	for group, hit := range t.hits {
		if hit != 0 {
			t.collect(s, group, block, alive)
		}
	}
}

// collect scores what reached the bound in a group.
func (t *tiled) collect(s *segment, group, block int, alive [2]uint16) {
	for at, mask := range t.masks[group*groupMasks:][:groupMasks] {
		j := group*groupProbes + at/groupProbes*blockRows + at%blockRows
		second := at / blockRows % 2
		if mask &= alive[second]; mask != 0 && j < len(t.lists) {
			t.score(s, j, block+second, mask, t.sums[group*groupSums+at*blockRows:])
		}
	}
}

func (t *tiled) score(s *segment, j, block int, mask uint16, sums []int32) {
	q, work := t.lists[j].query, &t.work[j]
	work.Blocks++
	work.Survivors += bits.OnesCount16(mask)
	for ; mask != 0; mask &= mask - 1 {
		r := bits.TrailingZeros16(mask)
		row := block*blockRows + r
		if score := cosine(sums[r]-128*q.sum, q.norm, s.norms[row]); score >= t.floors[j] {
			work.Exact++
			t.found[j] = append(t.found[j], Candidate{ID: s.ids[row], Score: score})
		}
	}
}
