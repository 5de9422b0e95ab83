package match

import "syscall"

// tilesAllowed asks the system for the processor's tile registers, which a
// process does not have from the start. A refusal, as in some sandboxes, leaves
// the other kernels.
func tilesAllowed() bool {
	const requestPermission, tileData = 0x1023, 18
	_, _, refused := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, requestPermission, tileData, 0)
	return refused == 0
}
