package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"

	"github.com/idem-id/idem/match"
)

// request is one kind of question that match is asked.
type request struct {
	name    string
	k       int
	floored bool
	floor   float64
}

// floorOf is a floor that about one impostor in a million reaches.
func floorOf(d int) float64 {
	switch {
	case d >= 512:
		return 0.35
	case d >= 256:
		return 0.40
	}
	return 0.45
}

func requests(floor float64) []request {
	return []request{
		{fmt.Sprintf("match, floor %.2f, K %d", floor, most), most, true, floor},
		{"match, top 10", 10, false, 0},
		{fmt.Sprintf("match, top %d", most), most, false, 0},
	}
}

func (r request) ask() match.Request {
	if r.floored {
		return match.Request{K: r.k, Floor: match.AtLeast(r.floor)}
	}
	return match.Request{K: r.k}
}

// checked is how match's answers compare with the truth.
type checked struct {
	differences int
	candidates  int
	work        []field // summed over the probes
}

// check asks match about every probe on two threads.
func check(g *match.Gallery, probes []match.Template, r request, right []truth) (checked, error) {
	results, faults := make([]match.Result, len(probes)), make([]error, len(probes))
	var wait sync.WaitGroup
	for t := range 2 {
		wait.Go(func() {
			for i := t; i < len(probes); i += 2 {
				results[i], faults[i] = g.Search(context.Background(), probes[i], r.ask())
			}
		})
	}
	wait.Wait()
	var c checked
	for i, found := range results {
		if faults[i] != nil {
			return checked{}, faults[i]
		}
		want := right[i].wants(r)
		c.differences += differences(found.Candidates, want)
		c.candidates += len(want)
		c.work = sum(c.work, fields(reflect.ValueOf(found.Work)))
	}
	return c, nil
}

// compare prints the differences to the truth, which must be none, and match's
// own account of its work for each probe.
func compare(g *match.Gallery, probes []match.Template, right []truth, all []request, out io.Writer) error {
	var faults []error
	for _, r := range all {
		c, err := check(g, probes, r, right)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: %d differences from the exhaustive scan in %d candidates of %d probes; work a probe:",
			r.name, c.differences, c.candidates, len(probes))
		for _, f := range c.work {
			fmt.Fprintf(out, " %s %.4g", f.name, f.value/float64(len(probes)))
		}
		fmt.Fprintln(out)
		if c.differences > 0 {
			faults = append(faults, fmt.Errorf("%s: %d differences", r.name, c.differences))
		}
	}
	return errors.Join(faults...)
}

// field is one number of match.Work, whatever it consists of.
type field struct {
	name  string
	value float64
}

func fields(v reflect.Value) []field {
	var all []field
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, v.Field(i)
		switch {
		case f.CanInt():
			all = append(all, field{name, float64(f.Int())})
		case f.CanUint():
			all = append(all, field{name, float64(f.Uint())})
		case f.Kind() == reflect.Struct:
			for _, inner := range fields(f) {
				all = append(all, field{name + "." + inner.name, inner.value})
			}
		}
	}
	return all
}

func sum(a, b []field) []field {
	if a == nil {
		return b
	}
	for i := range a {
		a[i].value += b[i].value
	}
	return a
}

// matchVariants are match's own lines. With several threads, so many searches
// run at a time, and one line has a single search that may use them all.
func matchVariants(data dataset, threads int) []*variant {
	var all []*variant
	for _, r := range requests(floorOf(data.rows.d)) {
		all = append(all, searching(data, r.name, r, threads))
	}
	if threads > 1 {
		r := requests(floorOf(data.rows.d))[0]
		all = append(all, searching(data, r.name+", one at a time", r, 1))
	}
	return all
}

func searching(data dataset, name string, r request, threads int) *variant {
	return &variant{name: name, turn: func(first, calls int) (sample, error) {
		return timed(threads, first, calls, func(probe int) error {
			_, err := data.gallery.Search(context.Background(), data.templates[probe], r.ask())
			return err
		})
	}}
}
