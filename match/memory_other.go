//go:build !linux

package match

func mapMemory(int) *memory { return nil }

func (*memory) populate(from, to int) {}
func (*memory) release(from, to int)  {}
