package gallery

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/match"
)

// Rule says what counts as the same face.
type Rule struct {
	Sets  []idem.Set
	Floor float64 // lowest comparison score of interest, -1..1
	K     int     // bounds the matches, 0 for all
	// Settles, when above 0, is the score at which a match with an active
	// entry answers the caller's question: pending candidates are then not
	// waited for.
	Settles float64
}

// Match is a reference of another subject whose score reached the floor.
type Match struct {
	Seq     idem.Seq
	Set     idem.Set
	Subject string
	Sample  string
	Score   float64 // cosine, -1..1
}

// Search compares the reserved template with every earlier entry of the sets,
// the own subject's excepted, and returns the active ones that reached the
// floor, best first. An earlier pending candidate is waited for, without a
// worker or a connection, until it is decided, its lease has ended (then it is
// withdrawn) or WaitLimit is over: ErrBusy. ErrLeaseLost when the own lease was
// lost meanwhile. It fails rather than leave an entry out.
func (r *Reservation) Search(ctx context.Context, rule Rule) ([]Match, error) {
	if len(rule.Sets) == 0 {
		return nil, ErrNoSets
	}
	kept, stop := r.keep(ctx)
	defer stop()
	matches, err := r.search(kept, rule)
	if err != nil && ctx.Err() == nil && errors.Is(context.Cause(kept), ErrLeaseLost) {
		return nil, ErrLeaseLost
	}
	return matches, err
}

func (r *Reservation) search(ctx context.Context, rule Rule) ([]Match, error) {
	f := r.g.follower(r.block.org)
	patience, cancel := context.WithTimeoutCause(ctx, r.g.opt.WaitLimit, r.g.busy())
	defer cancel()
	for {
		found, err := f.compare(ctx, r.template, r.query(f, rule), r.seq-1)
		if err != nil {
			return nil, err
		}
		for {
			matches, pending, again := f.split(found, rule.K)
			if again {
				break
			}
			if len(pending) == 0 || settled(matches, rule) {
				return matches, nil
			}
			if err := f.await(patience, pending); err != nil {
				return nil, err
			}
		}
	}
}

// query keeps the own subject's entries and all from the own position on out.
func (r *Reservation) query(f *follower, rule Rule) Query {
	return Query{Sets: rule.Sets, Floor: rule.Floor, K: rule.K, Skip: func(seq idem.Seq) bool {
		return seq >= r.seq || f.belongs(seq, r.subject)
	}}
}

func settled(matches []Match, rule Rule) bool {
	return rule.Settles > 0 && slices.ContainsFunc(matches, func(m Match) bool { return m.Score >= rule.Settles })
}

func (g *Gallery) busy() error {
	return ErrBusy.With("retry_after", int(math.Ceil(g.opt.Lease.Seconds())))
}

// Answer is the result of an identification: the matches, best first and one
// per subject, the position that it is complete for and how many references
// were compared.
type Answer struct {
	Matches  []Match
	At       idem.Seq
	Compared int
}

// Identify compares a probe with every active reference of the sets at the
// newest position and returns the q.K best subjects (0: all) that reach
// q.Floor, each by its best reference; only q.Subjects, unless nil, which may
// be subjects that the gallery does not have. Pending entries are no candidates. It
// changes nothing; catching up is bounded by WaitLimit.
func (g *Gallery) Identify(ctx context.Context, org idem.OrgID, probe match.Template, q Query) (Answer, error) {
	if len(q.Sets) == 0 {
		return Answer{}, ErrNoSets
	}
	if err := g.checkModel(probe); err != nil {
		return Answer{}, err
	}
	f := g.follower(org)
	at, err := f.newestWithin(ctx, g.opt.WaitLimit)
	if err != nil {
		return Answer{}, err
	}
	wide := q
	wide.Skip = func(seq idem.Seq) bool { return !f.active(seq) || (q.Skip != nil && q.Skip(seq)) }
	if q.K > 0 {
		wide.K = 4*q.K + 12
	}
	for {
		found, err := f.compare(ctx, probe, wide, at)
		if err != nil {
			return Answer{}, fmt.Errorf("identify: %w", err)
		}
		matches, _, rebuilt := f.split(found, 0)
		if rebuilt {
			continue
		}
		matches = fuse(matches, q.K)
		if q.K == 0 || len(matches) == q.K || len(found.Candidates) < wide.K {
			return Answer{Matches: matches, At: found.At, Compared: found.Work.Rows}, nil
		}
		wide.K *= 8 // a few subjects filled the answer with many references
	}
}

// fuse keeps the best match of each subject, at most k of them, 0 for all.
func fuse(matches []Match, k int) []Match {
	seen := make(map[string]bool, len(matches))
	out := matches[:0]
	for _, m := range matches {
		if k > 0 && len(out) == k {
			break
		}
		if !seen[m.Subject] {
			seen[m.Subject] = true
			out = append(out, m)
		}
	}
	return out
}
