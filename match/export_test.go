package match

// ClipSigma shows the frozen clip to the tests.
const ClipSigma = clipSigma

// Kernels names the kernels of this machine.
func Kernels() (names []string) {
	for _, k := range usable(kernels()) {
		names = append(names, k.name)
	}
	return names
}

// Use makes a gallery compare with the named kernel. Where the processor has
// AVX-512 alone, "tiles" is the path of the tiles with a multiplication in Go.
func (g *Gallery) Use(name string) {
	g.kernel = chooseKernel(kernels(), name)
	if name == "tiles" {
		g.kernel.name, g.kernel.tiles = name, tilesGo
	}
}

// Tested are the Kernels, and the tiles where they can be tested only so.
func Tested() []string {
	names := Kernels()
	if names[0] == "avx512" {
		names = append(names, "tiles")
	}
	return names
}

// tilesGo multiplies as the processor's tiles do.
func tilesGo(_, rows, probes *byte, tiles, groups int, start, sums *int32, hits *uint32) {
	all, out := bytesAt(rows, 2*tiles*tileBytes), sumsAt(sums, groups*groupSums)
	starts, hit := sumsAt(start, groups*groupProbes*blockRows), rowsAt(hits, groups)
	codes := bytesAt(probes, groups*2*tiles*tileBytes)
	clear(hit)
	for at := range out {
		j, second, r := at/groupSums*groupProbes+at%groupSums/512*16+at/16%16, at/256%2, at%16
		sum := starts[j*blockRows+r]
		for i := range tiles * tileDims {
			row := all[(second*tiles+i/64)*tileBytes+i%64/4*64+4*r+i%4]
			sum += int32(row) * int32(int8(codes[(j/16*tiles+i/64)*tileBytes+j%16*64+i%64]))
		}
		out[at] = sum
		if sum >= 0 {
			hit[at/groupSums] = 1
		}
	}
}

// HighPlane returns the high planes of the rows in use, segment by segment.
func (g *Gallery) HighPlane() (all [][]byte) {
	for _, s := range g.segments {
		all = append(all, s.rows.high[:(len(s.ids)+blockRows-1)/blockRows*s.rows.highStride()])
	}
	return all
}

// Workers returns how many goroutines would compare the rows with some probes.
func (g *Gallery) Workers(probes int) int { return g.workers(len(g.snapshot()), probes) }
