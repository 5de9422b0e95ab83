//go:build !amd64

package match

func turnAVX512(_ *byte, _ int, _ *byte) {}

func joinAVX512(_, _ *byte, _ int, _ *byte) {}
