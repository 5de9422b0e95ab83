package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options are the command line.
type options struct {
	n, rounds, threads       int
	budget                   time.Duration
	dims                     []int
	seed                     uint64
	peers, fitted, large     bool
	plotRows                 int
	work, cache, faces, plot string
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == loopCommand {
		exit(serveLoop(os.Args[2:], os.Stdin, os.Stdout))
	}
	var o options
	flag.IntVar(&o.n, "n", 1_000_000, "synthetic rows; 0 leaves them out")
	flag.IntVar(&o.rounds, "rounds", 9, "rounds of the interleaved measurement")
	flag.IntVar(&o.threads, "threads", min(2, runtime.NumCPU()), "threads of the second table")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the synthetic rows")
	flag.DurationVar(&o.budget, "budget", time.Minute, "time for the rounds of one table")
	flag.BoolVar(&o.peers, "peers", true, "measure the peers")
	flag.BoolVar(&o.fitted, "fitted", true, "add rows with the spectrum of the default recogniser: the best kernel and no peers")
	flag.BoolVar(&o.large, "large", false, "add ten million rows of 128 dimensions: the best kernel and no peers; takes 5 GB")
	flag.StringVar(&o.cache, "cache", ".cache/benchmatch", "folder for peers that are installed")
	flag.StringVar(&o.faces, "faces", "", "folders of pictures, a folder in them being a person, comma-separated: the work on their templates")
	flag.StringVar(&o.plot, "plot", "", "SVG file: the time against the number of rows, with -large to ten million of 128 dimensions")
	flag.IntVar(&o.plotRows, "plot-rows", 3_000_000, "where the plot ends")
	dims := flag.String("dims", "128,256,512", "dimensions, powers of two; none leaves all but the fitted rows out")
	flag.Parse()
	var err error
	o.dims, err = dimensions(*dims)
	if err == nil {
		err = run(o, os.Stdout)
	}
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchmatch:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func dimensions(list string) ([]int, error) {
	var all []int
	for s := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' }) {
		d, err := strconv.Atoi(s)
		if err != nil || d < 32 || d&(d-1) != 0 {
			return nil, fmt.Errorf("%q is not a power of two from 32 on", s)
		}
		all = append(all, d)
	}
	return all, nil
}

func run(o options, out io.Writer) error {
	fmt.Fprintf(out, "%s, %d processors, %s; load %s\n", processor(), runtime.NumCPU(), runtime.Version(), load())
	if o.n > 0 && o.n < 1000 {
		return errors.New("fewer than 1000 rows measure nothing")
	}
	var err error
	if o.work, err = os.MkdirTemp("", "idem-benchmatch-"); err != nil {
		return err
	}
	defer os.RemoveAll(o.work)
	removeOnInterrupt(o.work)
	describeLevels(out)
	begun := time.Now()
	if err := tables(o, out); err != nil {
		return err
	}
	if o.faces != "" {
		if err := faces(strings.Split(o.faces, ","), o.seed, out); err != nil {
			return fmt.Errorf("faces: %w", err)
		}
	}
	if o.plot != "" {
		if err := growth(o, out); err != nil {
			return fmt.Errorf("plot: %w", err)
		}
	}
	fmt.Fprintf(out, "\nload at the end %s; took %s\n", load(), time.Since(begun).Round(time.Second))
	return nil
}

// removeOnInterrupt leaves no gigabytes behind when the measurement is broken off.
func removeOnInterrupt(folder string) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		_ = os.RemoveAll(folder)
		os.Exit(1)
	}()
}

// large is the number of rows that -large adds.
const large = 10_000_000

func tables(o options, out io.Writer) error {
	if o.n > 0 {
		for _, d := range o.dims {
			if err := synthetic(o, decaying(d), out); err != nil {
				return fmt.Errorf("%d dimensions: %w", d, err)
			}
		}
	}
	if o.n > 0 && o.fitted {
		o.peers = false
		if err := synthetic(o, fitted(), out); err != nil {
			return fmt.Errorf("fitted: %w", err)
		}
	}
	if !o.large {
		return nil
	}
	o.n, o.peers = large, false
	if err := synthetic(o, decaying(128), out); err != nil {
		return fmt.Errorf("large: %w", err)
	}
	return nil
}

// processor and load name the machine and how busy it is.
func processor() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.Trim(name, "\t :\n")
		}
	}
	return runtime.GOARCH
}

func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(b))[:3], " ")
}
