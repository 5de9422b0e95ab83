package match

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"math"
	"slices"
)

// Floor is the least score that a candidate must have. The zero value is no
// floor: a request that forgets it gets more candidates, never fewer.
type Floor struct {
	score   float64
	bounded bool
}

// AtLeast is the floor that admits a score equal to it and every higher one.
func AtLeast(score float64) Floor { return Floor{score: score, bounded: true} }

// admitsFrom is the least admitted score.
func (f Floor) admitsFrom() float64 {
	if !f.bounded {
		return math.Inf(-1)
	}
	return f.score
}

// Request says which candidates a search returns. The zero value asks for all
// rows.
type Request struct {
	// K is the largest number of candidates; 0 is no limit.
	K int
	// Floor is the least score of a candidate; one that is not a number is
	// refused. Identification normally has a floor.
	Floor Floor
	// Among, unless nil, names the only eligible ids, in any order and at best
	// each once; the gallery need not hold them all. Rows of other ids are not
	// compared.
	Among []uint64
	// Skip, unless nil, says of an id that it is not eligible. It is asked
	// only, and at most once, about a row that would enter the list as it
	// stands, must answer the same throughout a search, and may call the
	// gallery. Skipped rows take no place among the K.
	Skip func(id uint64) bool
}

// Candidate is a row of the gallery with its comparison score, -1..1.
type Candidate struct {
	ID    uint64
	Score float64
}

// Result is the answer to a Request. Candidates are ordered by descending score
// and, where scores are equal, by ascending id; ids are unique, so there is
// exactly one right answer.
type Result struct {
	Candidates []Candidate
	Work       Work
	// Err, in a batch, is the error that Search would have returned; the rest
	// is then zero.
	Err error
}

// Work tells what a search did. Rows is the number of rows compared with the
// probe; it equals Len as it was when the search began, or the number of ids in
// Among that the gallery held, unless rows were removed meanwhile. This proves
// that no row was left out. Skipped is how many of them
// Skip refused.
//
// The rest tells how hard it was. Half of each code sufficed to dismiss all rows
// but Survivors, of which the other half was read; these lay in Blocks blocks of
// sixteen rows; and Exact rows had the score to be offered for the list. These
// three depend on the order in which rows were met, which with several
// processors is not the same each time.
type Work struct {
	Rows      int
	Skipped   int
	Survivors int
	Blocks    int
	Exact     int
}

// Search compares the probe with every row that the gallery holds as the search
// begins. Rows that are added later are not compared, so an id that is removed
// and added again meanwhile cannot appear twice; rows that are removed meanwhile
// may be compared or not.
//
// The answer is whole or it is an error: ErrModel for a probe of another model
// or dimension, ErrRequest for a negative K or a floor that is not a number,
// or the error of ctx, which each processor looks at every 4,096 rows.
//
// A large gallery is searched by several processors, at most GOMAXPROCS. Skip is
// called by the calling goroutine alone.
func (g *Gallery) Search(ctx context.Context, probe Template, r Request) (Result, error) {
	found := g.SearchBatch(ctx, []Query{{Probe: probe, Request: r}})[0]
	return found, found.Err
}

func (g *Gallery) check(probe Template, r Request) error {
	if err := sameModel(probe, g.model, g.dim); err != nil {
		return err
	}
	return r.validate()
}

func (r Request) validate() error {
	if r.K < 0 {
		return fmt.Errorf("%w: K is %d", ErrRequest, r.K)
	}
	if math.IsNaN(r.Floor.score) {
		return fmt.Errorf("%w: the floor is not a number", ErrRequest)
	}
	return nil
}

// collector keeps the best candidates so far; with a limit, as a heap that has
// the worst on top.
type collector struct {
	request Request
	best    worstFirst
	work    Work
}

func (c *collector) full() bool { return c.request.K > 0 && len(c.best) == c.request.K }

// bar is the least score that can still enter. A row that equals the worst of a
// full list may enter by its id.
func (c *collector) bar() float64 {
	if c.full() {
		return c.best[0].Score
	}
	return c.request.Floor.admitsFrom()
}

func (c *collector) offer(found []Candidate) {
	for _, x := range found {
		if c.full() && order(x, c.best[0]) > 0 {
			continue
		}
		if c.request.Skip != nil && c.request.Skip(x.ID) {
			c.work.Skipped++
			continue
		}
		c.enter(x)
	}
}

func (c *collector) enter(x Candidate) {
	switch {
	case c.full():
		c.best[0] = x
		heap.Fix(&c.best, 0)
	case c.request.K > 0:
		heap.Push(&c.best, x)
	default:
		c.best = append(c.best, x)
	}
}

// Add takes the work of another search in.
func (w *Work) Add(other Work) {
	w.Rows += other.Rows
	w.Skipped += other.Skipped
	w.Survivors += other.Survivors
	w.Blocks += other.Blocks
	w.Exact += other.Exact
}

func (c *collector) result() Result {
	slices.SortFunc(c.best, order)
	return Result{Candidates: c.best, Work: c.work}
}

// order puts the higher score first, then the lower id.
func order(a, b Candidate) int {
	if c := cmp.Compare(b.Score, a.Score); c != 0 {
		return c
	}
	return cmp.Compare(a.ID, b.ID)
}

// worstFirst is a heap of candidates for package container/heap.
type worstFirst []Candidate

func (w worstFirst) Len() int           { return len(w) }
func (w worstFirst) Less(i, j int) bool { return order(w[i], w[j]) > 0 }
func (w worstFirst) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }

// Push appends x, a Candidate.
func (w *worstFirst) Push(x any) { *w = append(*w, x.(Candidate)) }

// Pop takes the last candidate.
func (w *worstFirst) Pop() any {
	last := len(*w) - 1
	x := (*w)[last]
	*w = (*w)[:last]
	return x
}
