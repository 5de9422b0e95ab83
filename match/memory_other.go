//go:build !linux

package match

func mapMemory(int) *memory { return nil }
