package ram

import (
	"math"

	"github.com/idem-id/idem/internal/gallery"
)

// ShareAlways makes searches share passes over any number of references.
func (x *Index) ShareAlways() *Index {
	x.minShared = 0
	return x
}

// Share makes searches share passes where these are long, or nowhere.
func (x *Index) Share(share bool) {
	x.minShared = minShared
	if !share {
		x.minShared = math.MaxInt
	}
}

// Waiting returns how many searches of a log wait for the next pass.
func (x *Index) Waiting(log gallery.Log) (n int) {
	r := x.find(log)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lines {
		l.mu.Lock()
		n += len(l.waiting)
		l.mu.Unlock()
	}
	return n
}
