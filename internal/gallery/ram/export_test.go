package ram

import "github.com/idem-id/idem/internal/gallery"

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
