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

// Use makes a gallery compare with the named kernel.
func (g *Gallery) Use(name string) { g.kernel = chooseKernel(kernels(), name) }

// HighPlane returns the high planes of the rows in use, segment by segment.
func (g *Gallery) HighPlane() (all [][]byte) {
	for _, s := range g.segments {
		all = append(all, s.rows.high[:(len(s.ids)+blockRows-1)/blockRows*s.rows.highStride()])
	}
	return all
}

// Workers returns how many goroutines would compare the rows with some probes.
func (g *Gallery) Workers(probes int) int { return g.workers(len(g.snapshot()), probes) }
