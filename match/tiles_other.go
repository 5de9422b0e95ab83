//go:build amd64 && !linux

package match

func tilesAllowed() bool { return false }
