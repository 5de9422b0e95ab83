package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/idem-id/idem/match"
	"golang.org/x/sync/errgroup"
)

// request is one kind of question that match is asked.
type request struct {
	name    string
	k       int
	floored bool
	floor   float64
	batch   int // probes of one call
}

// singles are the requests with one probe.
func singles(floors ...float64) []request {
	var all []request
	for _, floor := range floors {
		all = append(all, above(floor, 1))
	}
	return append(all, top(10, 1), top(most, 1))
}

// batches are the requests with several probes.
func batches(floor float64) []request {
	return []request{above(floor, 8), above(floor, 32), above(floor, probeCount), top(most, probeCount)}
}

func above(floor float64, batch int) request {
	return request{fmt.Sprintf("floor %.2f%s", floor, times(batch)), most, true, floor, batch}
}

func top(k, batch int) request {
	return request{fmt.Sprintf("top %d%s", k, times(batch)), k, false, 0, batch}
}

func times(batch int) string {
	if batch == 1 {
		return ""
	}
	return fmt.Sprintf(", batch %d", batch)
}

func (r request) terms() match.Request {
	if r.floored {
		return match.Request{K: r.k, Floor: match.AtLeast(r.floor)}
	}
	return match.Request{K: r.k}
}

// ask answers the probes as one call.
func (r request) ask(g *match.Gallery, probes []match.Template) ([]match.Result, error) {
	queries := make([]match.Query, len(probes))
	for i, p := range probes {
		queries[i] = match.Query{Probe: p, Request: r.terms()}
	}
	found := g.SearchBatch(context.Background(), queries)
	var faults []error
	for _, f := range found {
		faults = append(faults, f.Err)
	}
	return found, errors.Join(faults...)
}

// checked is how match's answers compare with the truth, and what they took.
type checked struct {
	differences int
	candidates  int
	probes      int
	work        match.Work // summed over the probes
}

// perMillion is a count of the work for a probe and a million rows.
func (c checked) perMillion(count int) float64 {
	return 1e6 * float64(count) / float64(max(1, c.work.Rows))
}

// check asks about every probe, on two threads where probes come alone.
func check(g *match.Gallery, probes []match.Template, r request, right []truth) (checked, error) {
	found := make([]match.Result, len(probes))
	var group errgroup.Group
	group.SetLimit(max(1, 2/r.batch))
	for at := 0; at < len(probes); at += r.batch {
		group.Go(func() error {
			end := min(at+r.batch, len(probes))
			some, err := r.ask(g, probes[at:end])
			copy(found[at:end], some)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return checked{}, err
	}
	c := checked{probes: len(probes)}
	for i, f := range found {
		want := right[i].wants(r)
		c.differences += differences(f.Candidates, want)
		c.candidates += len(want)
		c.work.Rows += f.Work.Rows
		c.work.Survivors += f.Work.Survivors
		c.work.Blocks += f.Work.Blocks
		c.work.Exact += f.Work.Exact
	}
	if all := g.Len() * len(probes); c.work.Rows != all {
		return c, fmt.Errorf("%s, %s: %d rows of %d compared", g.Kernel(), r.name, c.work.Rows, all)
	}
	return c, nil
}

// A search is a request to a gallery with the check of its answers.
type search struct {
	request
	gallery *match.Gallery
	checked checked
}

func (s search) name() string { return "match " + s.gallery.Kernel() + ", " + s.request.name }

// fault is an error when an answer differed from the truth.
func (s search) fault() error {
	if s.checked.differences == 0 {
		return nil
	}
	return fmt.Errorf("%s: %d differences from the exhaustive scan", s.name(), s.checked.differences)
}

// fewProbes are enough for a slow kernel.
const fewProbes = 16

// searches checks what is going to be measured: every request on every kernel.
func searches(data dataset, right []truth) ([]search, error) {
	floors := data.people.floors
	var all []search
	for _, g := range data.galleries {
		requests, probes := append(singles(floors...), batches(floors[0])...), data.templates
		if slow(g) {
			requests, probes = singles(floors...), probes[:fewProbes]
		}
		for _, r := range requests {
			c, err := check(g, probes, r, right)
			if err != nil {
				return nil, err
			}
			all = append(all, search{r, g, c})
		}
	}
	return all, nil
}

// variants are match's own lines. With several threads, so many searches run at
// a time, and each kernel's first request also alone, on all of them.
func (s search) variants(data dataset, threads int) []*variant {
	v := s.variant(data, threads)
	if threads == 1 || s.batch > 1 || !s.floored {
		return []*variant{v}
	}
	alone := s.variant(data, 1)
	alone.name += ", one at a time"
	return []*variant{v, alone}
}

// variant lets so many callers ask at a time; a call with several probes shares
// itself out.
func (s search) variant(data dataset, callers int) *variant {
	if s.batch > 1 {
		callers = 1
	}
	return &variant{name: s.name(), base: s.name(), checked: &s.checked, turn: func(first, calls int) (sample, error) {
		t, err := timed(callers, first, calls, func(probe int) error {
			at := probe * s.batch % probeCount
			_, err := s.ask(s.gallery, data.templates[at:at+s.batch])
			return err
		})
		t.cpu = t.process // a search may share itself out
		return t.over(s.batch), err
	}}
}
