package match

import "golang.org/x/sys/cpu"

//go:generate go run ./internal/asmgen

// askForTiles asks the system for the processor's tile registers, which a process
// does not have from the start. A test replaces it.
var askForTiles = requestTiles

var (
	wideAVX512 = []wideScan{{4, scanWide4AVX512}, {8, scanWide8AVX512}}
	wideAVX2   = []wideScan{{4, scanWide4AVX2}}
)

// kernels lists what this processor can run, the best first.
func kernels() (all []kernel) {
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VNNI {
		if cpu.X86.HasAMXTile && cpu.X86.HasAMXInt8 {
			all = append(all, kernel{name: "amx", scan: scanAVX512, wide: wideAVX512, dots: dotsAVX512, tiles: tilesAMX, refused: askForTiles()})
		}
		all = append(all, kernel{name: "avx512", scan: scanAVX512, wide: wideAVX512, dots: dotsAVX512})
	}
	if cpu.X86.HasAVX2 {
		all = append(all, kernel{name: "avx2", scan: scanAVX2, wide: wideAVX2, dots: dotsAVX2})
	}
	return append(all, portable())
}

//go:noescape
func scanAVX512(h *byte, blocks, lines int, q *int8, b *bound, dots *int32, masks *uint16)

//go:noescape
func scanWide4AVX512(h *byte, blocks, lines int, q *int8, b *bound, dots *int32, masks *uint16)

//go:noescape
func scanWide8AVX512(h *byte, blocks, lines int, q *int8, b *bound, dots *int32, masks *uint16)

//go:noescape
func scanWide4AVX2(h *byte, blocks, lines int, q *int8, b *bound, dots *int32, masks *uint16)

//go:noescape
func dotsAVX512(l *byte, list *uint32, n, lines int, halves *int8, dots *int32)

//go:noescape
func scanAVX2(h *byte, blocks, lines int, q *int8, b *bound, dots *int32, masks *uint16)

//go:noescape
func dotsAVX2(l *byte, list *uint32, n, lines int, halves *int8, dots *int32)

// turnAVX512 writes the words of sixteen rows of the low plane as lines; out has
// room for a multiple of sixteen.
//
//go:noescape
func turnAVX512(l *byte, lines int, out *byte)

// joinAVX512 writes whole bytes, two lines for one, of the halves in h and l.
//
//go:noescape
func joinAVX512(h, l *byte, lines int, out *byte)

//go:noescape
func tilesAMX(config, rows, probes *byte, tiles, groups int, start, sums *int32, hits *uint32)
