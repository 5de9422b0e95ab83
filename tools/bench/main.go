// Command bench measures Idem on this machine and prints one table: the face
// pipeline against its bare networks, liveness, documents and chips against theirs, HTTP against the same, the registry, the
// enrolment protocol on both databases, the start with a large gallery and, when
// asked for, identification in one of a million templates, and sessions of flows
// through a server that is killed meanwhile.
// Every figure is a median of several rounds; what can be is a ratio to a peer or
// a physical limit of the same run. Quote ratios: machines differ.
//
// It runs the server as a process of its own on loopback with a throw-away data
// folder, sends bounded load and stops by itself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// row is one line of the table.
type row struct{ what, figure, goal string }

// section measures one subject.
type section struct {
	name  string
	run   func(ctx context.Context, b *bench) ([]row, error)
	asked bool // runs only when it is named
}

func sections() []section {
	return []section{
		{"face", facePipeline, false},
		{"liveness", livenessCost, false},
		{"document", documentCost, false},
		{"edocument", passiveCost, false},
		{"http", personCreation, false},
		{"registry", registryLoad, false},
		{"enrol", enrolmentRates, false},
		{"start", startUp, false},
		{"gallery", largeGallery, true},
		{"flow", flowSessions, true},
	}
}

// bench is what the sections share.
type bench struct {
	program   string // path of the built binary
	models    string
	work      string   // throw-away folder
	templates int      // of the large gallery
	env       []string // of the server and its commands, beside our own
}

// with is the bench with a variable for the server and its commands.
func (b *bench) with(variable string) *bench {
	c := *b
	c.env = append(slices.Clone(b.env), variable)
	return &c
}

func main() {
	only := flag.String("only", "", "comma-separated sections: face, liveness, document, edocument, http, registry, enrol, start; gallery, flow (these two only when named)")
	templates := flag.Int("templates", 1_000_000, "size of the large gallery; below 2,000 nothing is saved to start from")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 30*time.Minute)
	defer cancel()
	if err := run(ctx, *only, *templates); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, templates int) error {
	b, err := newBench(templates)
	if err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	out := tabwriter.NewWriter(os.Stdout, 2, 4, 2, ' ', 0)
	fmt.Fprintln(out, "what\tmeasured\tgoal")
	var faults []error
	for _, s := range sections() {
		if !s.wanted(only) {
			continue
		}
		rows, err := s.run(ctx, b)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", s.name, err))
		}
		for _, r := range rows {
			fmt.Fprintf(out, "%s\t%s\t%s\n", r.what, r.figure, r.goal)
		}
		_ = out.Flush()
	}
	return errors.Join(faults...)
}

func (s section) wanted(only string) bool {
	if only == "" {
		return !s.asked
	}
	return slices.Contains(strings.Split(only, ","), s.name)
}

func newBench(templates int) (*bench, error) {
	work, err := os.MkdirTemp("", "idem-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{program: "bin/idem", models: os.Getenv("IDEM_MODELS"), work: work, templates: templates}
	if _, err := os.Stat(b.program); err != nil {
		return nil, fmt.Errorf("run make build first: %w", err)
	}
	return b, nil
}
