package match

// memory is a run of zeroed bytes that begins on a cache line. Large ones lie
// outside the heap of Go where the system can do that, on huge pages where it
// has them: the collector never looks at them, and pages that nobody wrote to
// take no RAM.
type memory struct {
	bytes  []byte
	mapped bool // outside the heap
}

// hugePage is how large memory must be to leave the heap, and its alignment.
const hugePage = 2 << 20

func newMemory(n int) *memory {
	if n >= hugePage {
		if m := mapMemory(n); m != nil {
			return m
		}
	}
	return &memory{bytes: aligned(make([]byte, n+lineBytes), n, lineBytes)}
}

// wipe overwrites everything; pages of the system go back when m is collected.
func (m *memory) wipe() { clear(m.bytes) }
