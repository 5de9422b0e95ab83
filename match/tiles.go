package match

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Tiles multiply 16 probes with 16 rows at a time, on whole codes: both planes
// of two blocks are joined, and then meet all probes in groups of 32.
const (
	tileBytes   = 1024
	tileDims    = 64
	groupProbes = 32
	groupSums   = groupProbes * 2 * blockRows
	minTiled    = 12 // probes for which this is faster than one by one
)

// tiled compares all probes of a search with chunks.
type tiled struct {
	kernel kernel
	lists  []list
	work   []Work
	found  [][]Candidate // of the last chunk, for each probe
	floors []float64

	tiles, groups int
	config        []byte
	probes        []byte   // [groups][2][tiles] of 16 probes and 64 dimensions
	low           []byte   // [lines] of a block's low halves, a multiple of 16
	rows          []byte   // [2][tiles] of 64 dimensions and 16 rows
	start         []int32  // [groups] of 32 probes, each's threshold negated, for 16 rows
	sums          []int32  // [groups][2 probe tiles][2 blocks][16 probes][16 rows]
	hits          []uint32 // [groups]
}

func newTiled(k kernel, lists []list, work []Work) *tiled {
	t := &tiled{kernel: k, lists: lists, work: work, found: make([][]Candidate, len(lists)), floors: make([]float64, len(lists))}
	t.tiles = (len(lists[0].query.codes) + tileDims - 1) / tileDims
	t.groups = (len(lists) + groupProbes - 1) / groupProbes
	n := t.groups * 2 * t.tiles * tileBytes
	t.probes = aligned(make([]byte, n+lineBytes), n, lineBytes)
	n = 2 * t.tiles * tileBytes
	t.rows = aligned(make([]byte, n+lineBytes), n, lineBytes)
	t.low = make([]byte, roundUp(len(lists[0].query.codes)/8, 16)*lineBytes)
	t.start = make([]int32, t.groups*groupProbes*blockRows)
	t.sums = make([]int32, t.groups*groupSums)
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

// ready takes the floors of a chunk and returns how many probes tiles suit. They
// do not suit a probe before its list has a floor above zero: until then each
// row is a candidate. It is given an impossible floor.
func (t *tiled) ready() (suited int) {
	for j := range t.lists {
		t.found[j] = t.found[j][:0]
		t.floors[j] = t.lists[j].bar()
		if t.floors[j] <= 0 {
			t.floors[j] = math.Inf(1)
		}
		if t.suits(j) {
			suited++
		}
	}
	return suited
}

func (t *tiled) suits(j int) bool { return j < len(t.lists) && !math.IsInf(t.floors[j], 1) }

// threshold returns what dot(q, code + 128) reaches of every row that scores at
// least tau > 0 and whose squared norm is at least norm. The 1 is far more than
// the roundings here and of the score.
func (q *query) threshold(tau float64, norm int32) int32 {
	return int32(math.Floor(min(tau, 2)*q.root*math.Sqrt(float64(norm))+128*float64(q.sum)) - 1)
}

// begin sets the sums' start for rows from first up to end, of which the
// shortest decides; those of a recogniser have much the same length.
func (t *tiled) begin(s *segment, first, end int) {
	shortest := int32(math.MaxInt32)
	for row, norm := range s.norms[first:end] {
		if norm < shortest && s.isAlive(first+row) {
			shortest = norm
		}
	}
	if shortest == math.MaxInt32 {
		shortest = 0 // no row lives
	}
	for j := range t.groups * groupProbes {
		start := int32(math.MinInt32 / 2) // of no probe
		if t.suits(j) {
			start = -t.lists[j].query.threshold(t.floors[j], shortest)
		}
		for r := range blockRows {
			t.start[j*blockRows+r] = start
		}
	}
}

// chunk finds, for each probe, the live rows that score at least its floor.
func (t *tiled) chunk(c *chunk) {
	s := c.segment
	s.mu.RLock()
	defer s.mu.RUnlock()
	first, end := c.rows()
	t.begin(s, first, end)
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
		if t.suits(j) {
			t.work[j].Rows += live
		}
	}
}

// blocks compares two blocks, of which the second may have no live row.
func (t *tiled) blocks(s *segment, block int, alive [2]uint16) {
	p := &s.rows
	for i, mask := range alive {
		if mask == 0 {
			continue // what the buffers hold is masked
		}
		turnAVX512(&p.low[(block+i)*p.lowStride()], p.lines, &t.low[0])
		joinAVX512(&p.high[(block+i)*p.highStride()+headerBytes], &t.low[0], p.lines, &t.rows[i*t.tiles*tileBytes])
	}
	t.kernel.tiles(&t.config[0], &t.rows[0], &t.probes[0], t.tiles, t.groups, &t.start[0], &t.sums[0], &t.hits[0])
	for group, hit := range t.hits {
		if hit != 0 {
			t.collect(s, group, block, alive)
		}
	}
}

// collect scores what reached the threshold in a group.
func (t *tiled) collect(s *segment, group, block int, alive [2]uint16) {
	for at := range groupProbes * 2 {
		j, second := group*groupProbes+at/groupProbes*blockRows+at%blockRows, at/blockRows%2
		sums := (*[blockRows]int32)(t.sums[group*groupSums+at*blockRows:])
		if mask := reaching(sums) & alive[second]; mask != 0 && j < len(t.lists) {
			t.score(s, j, block+second, mask, sums)
		}
	}
}

// reaching returns which sums are not negative.
func reaching(sums *[blockRows]int32) (mask uint16) {
	for r, sum := range sums {
		mask |= uint16(^uint32(sum)>>31) << r
	}
	return mask
}

func (t *tiled) score(s *segment, j, block int, mask uint16, sums *[blockRows]int32) {
	q, work := t.lists[j].query, &t.work[j]
	work.Blocks++
	work.Survivors += bits.OnesCount16(mask)
	for ; mask != 0; mask &= mask - 1 {
		r := bits.TrailingZeros16(mask)
		row := block*blockRows + r
		product := sums[r] - t.start[j*blockRows] - 128*q.sum
		if score := cosine(product, q.norm, s.norms[row]); score >= t.floors[j] {
			work.Exact++
			t.found[j] = append(t.found[j], Candidate{ID: s.ids[row], Score: score})
		}
	}
}
