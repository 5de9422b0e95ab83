//go:build !linux

package match_test

import "time"

var begin = time.Now()

func clock() time.Duration { return time.Since(begin) }

// threadClock is the clock on the wall, as far as is known here.
func threadClock() time.Duration { return clock() }
