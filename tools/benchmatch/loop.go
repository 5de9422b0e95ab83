package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"unsafe"
)

// loopCommand makes this program a peer.
const loopCommand = "loop"

// A loop scores one probe, given by its number, with one row.
type loop struct {
	note        string
	rows, count int
	score       func(probe, row int) float32
}

// serveLoop is the peer that any Go program could be: a plain loop over the
// rows with four sums.
func serveLoop(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 5 {
		return errors.New("a peer wants FOLDER ROWS DIMENSIONS K KIND")
	}
	d, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	l, err := newLoop(args[0], d, args[4])
	if err != nil {
		return err
	}
	answers := json.NewEncoder(out)
	if err := answers.Encode(hello{Note: l.note}); err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var t turn
		if err := json.Unmarshal(lines.Bytes(), &t); err != nil {
			return err
		}
		if err := answers.Encode(l.turn(t)); err != nil {
			return err
		}
	}
	return nil
}

func newLoop(folder string, d int, kind string) (loop, error) {
	r, err := loadWords(filepath.Join(folder, "rows."+kind))
	if err != nil {
		return loop{}, err
	}
	p, err := loadWords(filepath.Join(folder, "probes."+kind))
	if err != nil {
		return loop{}, err
	}
	if kind == "i8" {
		return int8Loop(as[int8](r), as[int8](p), d), nil
	}
	return floatLoop(as[float32](r), as[float32](p), d), nil
}

func floatLoop(r, p []float32, d int) loop {
	return loop{"plain Go, 4 sums", len(r) / d, len(p) / d, func(probe, row int) float32 {
		return floatProduct(p[probe*d:][:d], r[row*d:][:d])
	}}
}

func int8Loop(r, p []int8, d int) loop {
	norms := make([]float32, len(r)/d)
	for i := range norms {
		row := r[i*d:][:d]
		norms[i] = float32(1 / math.Sqrt(max(1, float64(product(row, row)))))
	}
	return loop{"plain Go, 4 sums", len(norms), len(p) / d, func(probe, row int) float32 {
		return float32(product(p[probe*d:][:d], r[row*d:][:d])) * norms[row]
	}}
}

func floatProduct(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	return s0 + s1 + s2 + s3
}

// turn answers with as many probes at a time as there are threads.
func (l loop) turn(t turn) turned {
	runtime.GOMAXPROCS(t.Threads)
	var mu sync.Mutex
	ids := make(map[int][]uint64)
	s, err := timed(t.Threads, t.First, t.Calls, func(probe int) error {
		best := l.search(probe % l.count)
		mu.Lock()
		defer mu.Unlock()
		ids[probe] = best
		return nil
	})
	if err != nil {
		return turned{}
	}
	r := turned{CPU: s.cpu.Nanoseconds(), Wall: s.wall.Nanoseconds()}
	n := int64(t.Calls * t.Threads)
	r.CPU, r.Wall = r.CPU*n, r.Wall*n
	for i := range int(n) {
		r.IDs = append(r.IDs, ids[(t.First+i)%probeCount]...)
	}
	return r
}

// search keeps the best in an ordered array; a row rarely enters it.
func (l loop) search(probe int) []uint64 {
	ids, scores := make([]uint64, 0, most+1), make([]float32, 0, most+1)
	for row := range l.rows {
		s := l.score(probe, row)
		if len(ids) == most && s <= scores[most-1] {
			continue
		}
		at := len(ids)
		ids, scores = append(ids, 0), append(scores, 0)
		for ; at > 0 && scores[at-1] < s; at-- {
			ids[at], scores[at] = ids[at-1], scores[at-1]
		}
		ids[at], scores[at] = uint64(row), s
		ids, scores = ids[:min(most, len(ids))], scores[:min(most, len(ids))]
	}
	return ids
}

// loadWords reads a file to memory on huge pages.
func loadWords(path string) ([]uint64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 || info.Size()%8 != 0 {
		return nil, fmt.Errorf("%s has %d bytes", path, info.Size())
	}
	words, err := hugePages(int(info.Size()))
	if err != nil {
		return nil, err
	}
	_, err = io.ReadFull(f, as[byte](words))
	return words, err
}

// as sees memory as numbers of another width, in this machine's byte order.
func as[T byte | int8 | float32](words []uint64) []T {
	var one T
	return unsafe.Slice((*T)(unsafe.Pointer(&words[0])), len(words)*8/int(unsafe.Sizeof(one)))
}
