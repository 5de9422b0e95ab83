package match

import "golang.org/x/sys/cpu"

//go:generate go run ./internal/asmgen

// kernels lists what this processor can run, the best first. Every 64-bit ARM
// has NEON; its dot products came later.
func kernels() (all []kernel) {
	if cpu.ARM64.HasASIMDDP {
		all = append(all, kernel{name: "neondot", scan: scanNEONDot, dots: dotsNEONDot})
	}
	return append(all, kernel{name: "neon", scan: scanNEON, dots: dotsNEON}, portable())
}

//go:noescape
func scanNEONDot(h *byte, blocks, lines int, q *int8, b *bound, dots *int32, masks *uint16)

//go:noescape
func dotsNEONDot(l *byte, list *uint32, n, lines int, halves *int8, dots *int32)

//go:noescape
func scanNEON(h *byte, blocks, lines int, q *int8, b *bound, dots *int32, masks *uint16)

//go:noescape
func dotsNEON(l *byte, list *uint32, n, lines int, halves *int8, dots *int32)
