package match_test

import (
	"testing"

	"github.com/idem-id/idem/match"
)

// extremes are rows at the limits of a code, a half code and a sum.
func extremes(dim int) (rows [][]int8) {
	row := func(value func(i int) int) {
		codes := make([]int8, dim)
		for i := range codes {
			codes[i] = int8(value(i))
		}
		rows = append(rows, codes)
	}
	for _, constant := range []int{0, 127, -127, 1, -1, 15, -16, 112, -113} { // halves of 0 and 15 among them
		row(func(int) int { return constant })
	}
	for _, hot := range []int{0, dim / 2, dim - 1} {
		row(func(i int) int { return 127 * oneIf(i == hot) })
		row(func(i int) int { return -oneIf(i == hot) })
	}
	row(func(i int) int { return 127 - 254*(i%2) })
	row(func(i int) int { return 127 - 254*(i/4%2) }) // low halves of a line against high ones
	row(func(i int) int { return i%255 - 127 })
	return rows
}

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestEveryKernelAtTheEdges meets extreme rows with extreme probes, on both sides
// of the edges of a line, a group of lines, a block, a pair of blocks, a segment
// and a chunk.
func TestEveryKernelAtTheEdges(t *testing.T) {
	dims := []int{1, 3, 4, 5, 7, 8, 9, 24, 31, 32, 33, 63, 64, 65, 127, 512}
	many := []int{1023, 1024, 1025, 4095, 4096, 4097}
	if testing.Short() {
		dims, many = []int{5, 9, 33, 64}, many[:3]
	}
	for _, dim := range dims {
		for _, rows := range []int{1, 15, 16, 17, 31, 32, 33, 65} {
			checkEdges(t, dim, rows)
		}
	}
	checkEdges(t, match.MaxDim, 33)
	for _, rows := range many {
		checkEdges(t, 9, rows)
	}
}

func checkEdges(t *testing.T, dim, rows int) {
	g, kinds := newGallery(t, dim), extremes(dim)
	for id := range rows {
		mustAdd(t, g, uint64(id), fromCodes(t, kinds[(id+rows)%len(kinds)]))
	}
	for _, request := range []match.Request{{}, {K: 3}, {Floor: match.AtLeast(1e-9)}, {K: 5, Floor: match.AtLeast(1)}} {
		queries := make([]match.Query, len(kinds))
		for i, codes := range kinds {
			queries[i] = match.Query{Probe: fromCodes(t, codes), Request: request}
			everyKernel(t, g, queries[i].Probe, request)
		}
		everyBatch(t, g, queries)
	}
}
