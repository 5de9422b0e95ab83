package gallery

import (
	"context"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/match"
)

// ErrBehind is the refusal of an index that has not applied the position that
// a search insists on.
var ErrBehind = idem.Errorf(idem.Unavailable, "GALLERY_BEHIND", "the index has not caught up with the gallery")

// Index answers searches over the references of galleries. It follows the log
// and answers only for a position that it can prove. Implementations are safe
// for concurrent use; Apply is called by one goroutine per log at a time.
type Index interface {
	// Apply takes the next changes of one log, in order, up to and including
	// position to. Changes with a position at or below the applied one are ignored.
	Apply(ctx context.Context, log Log, changes []Change, to idem.Seq) error
	// Applied returns the position that the index has applied, 0 for none.
	Applied(log Log) idem.Seq
	// Search compares the probe with every reference of the sets, exhaustively.
	// It returns ErrBehind when the index has not applied at, and the whole
	// answer or an error, never a part: a reference that is moved between two
	// of the sets meanwhile is found, too.
	Search(ctx context.Context, log Log, probe match.Template, q Query, at idem.Seq) (Found, error)
	// Drop forgets one log, before it is rebuilt from position 0.
	Drop(log Log)
}

// Log names one gallery: an organisation's references of one template model.
type Log struct {
	Org   idem.OrgID
	Model string
}

// Change is what one log row means to an index: a reserve brings a reference, a
// move puts it into another set, withdraw and remove take it away. Activations
// change nothing that an index knows and are left out.
type Change struct {
	Seq      idem.Seq
	Op       idem.LogOp
	Ref      idem.Seq       // the entry
	Set      idem.Set       // reserve and move
	Template match.Template // reserve and move; zero when it was erased since
}

// Query narrows a search.
type Query struct {
	Sets []idem.Set
	// Floor is the lowest comparison score of interest, -1..1.
	Floor float64
	// K bounds the candidates, 0 for all at or above Floor.
	K int
	// Among, unless nil, names the only entries that are compared.
	Among []idem.Seq
	// Subjects, unless nil, names the only subjects that Identify compares with;
	// strange ones have no entries. An index does not know subjects.
	Subjects []string
	// Skip names entries that are no candidates; nil skips none. It is called
	// only for references that would otherwise enter the answer, from any
	// goroutine, and perhaps for a moment after the search's context ended.
	Skip func(idem.Seq) bool
}

// Found is the answer of an index: candidates by falling score, then rising
// position, and what it took. Work.Rows references were compared.
type Found struct {
	Candidates []Candidate
	Work       match.Work
	At         idem.Seq // the position that the answer is complete for
}

// Candidate is a reference whose score reached the floor.
type Candidate struct {
	Seq   idem.Seq
	Score float64 // cosine, -1..1
}
