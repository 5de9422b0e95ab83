//go:build amd64 && !linux

package match

import "errors"

func requestTiles() error { return errors.New("tile registers are asked for on Linux only") }
