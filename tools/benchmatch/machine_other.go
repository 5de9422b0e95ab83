//go:build !linux

package main

import "time"

// threadCPU and processCPU are wall time where this program knows no CPU clock.
func threadCPU() time.Duration  { return time.Duration(time.Now().UnixNano()) }
func processCPU() time.Duration { return threadCPU() }

// hugePages returns words of the Go heap, written once.
func hugePages(bytes int) ([]uint64, error) {
	words := make([]uint64, (bytes+7)/8)
	for i := range words {
		words[i] = uint64(i)
	}
	return words, nil
}

// freePages leaves them to the collector.
func freePages([]uint64) error { return nil }
