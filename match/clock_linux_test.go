package match_test

import (
	"time"

	"golang.org/x/sys/unix"
)

// clock is the processor time of all threads: a neighbour's load does not count,
// other than by the memory and the cache that it takes.
func clock() time.Duration { return read(unix.CLOCK_PROCESS_CPUTIME_ID) }

// threadClock is the processor time of the calling thread.
func threadClock() time.Duration { return read(unix.CLOCK_THREAD_CPUTIME_ID) }

func read(id int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(id, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}
