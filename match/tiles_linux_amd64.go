package match

import (
	"fmt"
	"syscall"
)

// requestTiles fails in some sandboxes and on a Linux before 5.16.
func requestTiles() error {
	const requestPermission, tileData = 0x1023, 18
	_, _, refused := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, requestPermission, tileData, 0)
	if refused != 0 {
		return fmt.Errorf("the system keeps the tile registers: %w", refused)
	}
	return nil
}
