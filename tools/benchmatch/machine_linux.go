package main

import (
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// threadCPU is the CPU time of the calling thread, processCPU that of all
// threads of this process.
func threadCPU() time.Duration  { return cpuClock(unix.CLOCK_THREAD_CPUTIME_ID) }
func processCPU() time.Duration { return cpuClock(unix.CLOCK_PROCESS_CPUTIME_ID) }

// cpuClock cannot fail: both clocks exist on every Linux.
func cpuClock(id int32) time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(id, &t)
	return time.Duration(t.Nano())
}

// hugePages returns words outside the Go heap, written once, on pages of 2 MiB
// where the kernel grants them.
func hugePages(bytes int) ([]uint64, error) {
	m, err := unix.Mmap(-1, 0, (bytes+7)/8*8, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("map %d bytes: %w", bytes, err)
	}
	_ = unix.Madvise(m, unix.MADV_HUGEPAGE) // a wish: small pages only read more slowly
	words := unsafe.Slice((*uint64)(unsafe.Pointer(&m[0])), len(m)/8)
	for i := range words {
		words[i] = uint64(i)
	}
	return words, nil
}

// freePages gives what hugePages returned back.
func freePages(words []uint64) error {
	return unix.Munmap(unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8))
}
