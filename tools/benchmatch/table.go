package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// section is one table: all variants on one number of threads. bytes are what
// the two references read.
type section struct {
	threads  int
	high     []*variant // reads of the high nibbles' bytes, one for each form
	full     []*variant // reads of the codes' bytes
	match    []*variant
	peers    []*variant
	bytes    [2]int
	baseline *section // the same on one thread, or nil
}

func (s *section) all() []*variant {
	var v []*variant
	for _, some := range [][]*variant{s.high, s.full, s.match, s.peers} {
		v = append(v, some...)
	}
	return v
}

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
	b := forms[0]
	for _, v := range forms[1:] {
		if v.median(s.figure()) < b.median(s.figure()) {
			b = v
		}
	}
	return b
}

func (s *section) print(out io.Writer) error {
	t := tabwriter.NewWriter(out, 2, 4, 2, ' ', 0)
	of := "CPU"
	if s.threads > 1 {
		of = "wall time"
	}
	fmt.Fprintf(t, "%d thread(s), ratios of %s\tx H read\tx int8 read\tx match\tspeed-up\tCPU ms\twall ms\tnote\n", s.threads, of)
	high, full := s.best(s.high), s.best(s.full)
	for i, v := range []*variant{high, full} {
		note := fmt.Sprintf("%s, %.1f GB/s", v.note, float64(s.bytes[i])/v.median(s.figure())/1e6)
		s.line(t, v, high, full, note)
	}
	for _, v := range append(s.match, s.peers...) {
		s.line(t, v, high, full, v.note+helped(v))
	}
	return t.Flush()
}

func (s *section) line(t io.Writer, v, high, full *variant, note string) {
	if v.missing != "" {
		fmt.Fprintf(t, "%s\t-\t-\t-\t-\t-\t-\tNOT MEASURED: %s\n", v.name, v.missing)
		return
	}
	of := s.figure()
	fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%.2f\t%s\t%.2f\t%.2f\t%s\n", v.name, v.ratio(high, of), v.ratio(full, of),
		v.ratio(s.match[0], of), s.speedUp(v), v.median(cpuOf), v.median(wallOf), note)
}

// speedUp is one thread's wall time over this one's.
func (s *section) speedUp(v *variant) string {
	if s.baseline == nil {
		return "-"
	}
	for _, one := range s.baseline.all() {
		if one.name == v.name && one.note == v.note {
			return fmt.Sprintf("%.2f", one.median(wallOf)/v.median(wallOf))
		}
	}
	return "-"
}

// helped tells when other threads than those that asked did work: the CPU
// column leaves it out.
func helped(v *variant) string {
	more := v.median(func(s sample) float64 { return float64(s.process) / float64(s.cpu) })
	if more < 1.05 {
		return ""
	}
	return fmt.Sprintf(" (the process used %.2fx this CPU)", more)
}
