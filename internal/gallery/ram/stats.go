package ram

import (
	"sync/atomic"
	"time"
)

type counters struct{ passes, probes, waited, passed atomic.Int64 }

// Stats count what an index did since it was made.
type Stats struct {
	Passes int64         // over the references of some sets
	Probes int64         // that they answered, each for one search
	Waited time.Duration // of all searches together, before their passes
	Passed time.Duration // of all passes together
}

// Stats returns the counters for metrics.
func (x *Index) Stats() Stats {
	return Stats{
		Passes: x.count.passes.Load(), Probes: x.count.probes.Load(),
		Waited: time.Duration(x.count.waited.Load()), Passed: time.Duration(x.count.passed.Load()),
	}
}
