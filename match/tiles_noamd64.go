//go:build !amd64

package match

func joinAVX512(_, _ *byte, _ int, _ *byte) {}

func tilesAMX(_, _, _ *byte, _, _ int, _, _ *int32, _ *uint32) {}
