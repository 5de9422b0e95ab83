package match

import (
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/cpu"
)

// TestRefusedTilesLeaveTheOtherKernels plays a processor that has everything and
// a system that keeps the tile registers to itself.
func TestRefusedTilesLeaveTheOtherKernels(t *testing.T) {
	t.Setenv(LevelVariable, "amx")
	processor, ask := cpu.X86, askForTiles
	defer func() { cpu.X86, askForTiles = processor, ask }()
	x := &cpu.X86
	for _, has := range []*bool{&x.HasAVX512F, &x.HasAVX512BW, &x.HasAVX512DQ, &x.HasAVX512VNNI, &x.HasAMXTile, &x.HasAMXInt8} {
		*has = true
	}
	askForTiles = func() error { return syscall.EPERM }

	if want := (Level{Kernel: "amx", Refused: syscall.EPERM}); !slices.Contains(Levels(), want) {
		t.Errorf("%v, want %v", Levels(), want)
	}
	if g := filled(t, 1); g.Kernel() != "avx512" || g.kernel.tiles != nil {
		t.Errorf("the gallery uses %s", g.Kernel())
	}
}
