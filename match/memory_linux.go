package match

import (
	"runtime"
	"syscall"
)

// mapMemory returns nil when the system refuses. The pages go back, overwritten,
// when nothing refers to the memory any more. Whether there are huge pages is
// the system's choice, so its answer to that is of no consequence.
func mapMemory(n int) *memory {
	pages, err := syscall.Mmap(-1, 0, n+hugePage, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	m := &memory{bytes: aligned(pages, n, hugePage)}
	_ = syscall.Madvise(m.bytes[:n&^(hugePage-1)], syscall.MADV_HUGEPAGE)
	runtime.AddCleanup(m, func(pages []byte) { _ = syscall.Munmap(pages) }, pages)
	return m
}
