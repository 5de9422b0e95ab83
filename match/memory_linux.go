package match

import (
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// mapMemory returns nil when the system refuses. The pages go back, overwritten,
// when nothing refers to the memory any more. Whether there are huge pages is
// the system's choice, so its answer to that is of no consequence.
func mapMemory(n int) *memory {
	pages, err := syscall.Mmap(-1, 0, n+hugePage, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	m := &memory{bytes: aligned(pages, n, hugePage), mapped: true}
	_ = syscall.Madvise(m.bytes[:n&^(hugePage-1)], syscall.MADV_HUGEPAGE)
	runtime.AddCleanup(m, func(pages []byte) { _ = syscall.Munmap(pages) }, pages)
	return m
}

// populate lets the system find and clear the pages of some bytes, which takes
// milliseconds for a huge one, before anybody waits for them. It changes no
// byte. A system that cannot do it does it when the first byte is written.
func (m *memory) populate(from, to int) {
	m.advise(from&^(unix.Getpagesize()-1), to, unix.MADV_POPULATE_WRITE)
}

// release gives the pages that lie in some bytes back; they read as zeros then.
func (m *memory) release(from, to int) {
	page := unix.Getpagesize()
	m.advise(roundUp(from, page), to&^(page-1), unix.MADV_DONTNEED)
}

func (m *memory) advise(from, to, advice int) {
	if m.mapped && from < to {
		_ = unix.Madvise(m.bytes[from:to], advice)
	}
	runtime.KeepAlive(m)
}
