package main

import (
	"fmt"
	"io"
	"slices"
)

// section is one table: all variants on one number of threads. bytes are what
// the two references read.
type section struct {
	threads  int
	high     []*variant // reads of what a search reads, one for each form
	full     []*variant // reads of the codes' bytes
	match    []*variant
	peers    []*variant
	bytes    [2]int
	baseline *section // the same on one thread, or nil
}

func (s *section) all() []*variant { return slices.Concat(s.high, s.full, s.match, s.peers) }

// figure is CPU on one thread. On several, wall time over the probes: that is
// what threads are for.
func (s *section) figure() func(sample) float64 {
	if s.threads == 1 {
		return cpuOf
	}
	return wallOf
}

// best is the quickest form of a read.
func (s *section) best(forms []*variant) *variant {
	return slices.MinFunc(forms, func(a, b *variant) int {
		return int(1e6 * (a.median(s.figure()) - b.median(s.figure())))
	})
}

// print writes the table as Markdown.
func (s *section) print(out io.Writer) error {
	of := "CPU time"
	if s.threads > 1 {
		of = "wall time"
	}
	high, full := s.best(s.high), s.best(s.full)
	fmt.Fprintf(out, "\n%d thread(s), medians of %d rounds; x are ratios of %s; survivors, blocks and exact for a million rows\n\n",
		s.threads, len(high.samples), of)
	fmt.Fprintln(out, "| one probe | CPU ms | wall ms | x read | x match | speed-up | survivors | blocks | exact | differences | |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|---|---|---|---|")
	for i, v := range []*variant{high, full} {
		s.line(out, v, high, fmt.Sprintf("%s, %.1f GB/s", v.note, float64(s.bytes[i])/v.median(s.figure())/1e6))
	}
	for _, v := range slices.Concat(s.match, s.peers) {
		s.line(out, v, high, v.note)
	}
	_, err := fmt.Fprintln(out)
	return err
}

func (s *section) line(out io.Writer, v, high *variant, note string) {
	if v.missing != "" {
		fmt.Fprintf(out, "| %s | | | | | | | | | | NOT MEASURED: %s |\n", v.name, v.missing)
		return
	}
	of := s.figure()
	fmt.Fprintf(out, "| %s | %.2f | %.2f | %.2f | %.2f | %s | %s | %s |\n", v.name, v.median(cpuOf), v.median(wallOf),
		v.ratio(high, of), v.ratio(s.match[0], of), s.speedUp(v), v.account(), note)
}

// account are the columns of what match says of its work.
func (v *variant) account() string {
	c := v.checked
	if c == nil {
		return "| | |"
	}
	return fmt.Sprintf("%.3g | %.3g | %.3g | %d in %d probes", c.perMillion(c.work.Survivors), c.perMillion(c.work.Blocks),
		c.perMillion(c.work.Exact), c.differences, c.probes)
}

// speedUp is one thread's wall time over this one's.
func (s *section) speedUp(v *variant) string {
	if s.baseline == nil || v.base == "" {
		return ""
	}
	for _, one := range s.baseline.all() {
		if one.name == v.base && one.note == v.note {
			return fmt.Sprintf("%.2f", one.median(wallOf)/v.median(wallOf))
		}
	}
	return ""
}
