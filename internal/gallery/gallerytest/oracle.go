package gallerytest

import (
	"cmp"
	"slices"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/match"
)

// Oracle is the plainest possible index: it keeps everything in a map and
// compares one by one.
type Oracle struct {
	refs map[idem.Seq]reference
	at   idem.Seq
}

type reference struct {
	set      idem.Set
	template match.Template
}

// NewOracle returns an empty oracle.
func NewOracle() *Oracle { return &Oracle{refs: map[idem.Seq]reference{}} }

// Apply takes changes as gallery.Index does.
func (o *Oracle) Apply(changes []gallery.Change, to idem.Seq) {
	for _, c := range changes {
		if c.Seq > o.at {
			o.apply(c)
		}
	}
	o.at = max(o.at, to)
}

func (o *Oracle) apply(c gallery.Change) {
	switch c.Op {
	case idem.OpReserve, idem.OpMove:
		delete(o.refs, c.Ref)
		if c.Template.Dim() > 0 {
			o.refs[c.Ref] = reference{c.Set, c.Template}
		}
	case idem.OpWithdraw, idem.OpRemove:
		delete(o.refs, c.Ref)
	}
}

// Search answers a query over everything applied. Of the work it counts rows.
func (o *Oracle) Search(probe match.Template, q gallery.Query) gallery.Found {
	found := gallery.Found{At: o.at}
	for seq, ref := range o.refs {
		if !slices.Contains(q.Sets, ref.set) || (q.Among != nil && !slices.Contains(q.Among, seq)) {
			continue
		}
		found.Work.Rows++
		score, err := match.Score(probe, ref.template)
		if err != nil || score < q.Floor || (q.Skip != nil && q.Skip(seq)) {
			continue
		}
		found.Candidates = append(found.Candidates, gallery.Candidate{Seq: seq, Score: score})
	}
	slices.SortFunc(found.Candidates, func(a, b gallery.Candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Seq, b.Seq))
	})
	if q.K > 0 && len(found.Candidates) > q.K {
		found.Candidates = found.Candidates[:q.K]
	}
	return found
}

// Live returns the positions of the entries that stand, rising.
func (o *Oracle) Live() []idem.Seq {
	var out []idem.Seq
	for seq := range o.refs {
		out = append(out, seq)
	}
	slices.Sort(out)
	return out
}
