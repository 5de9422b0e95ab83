package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A peer is a process that is started with FOLDER ROWS DIMENSIONS K KIND, reads
// rows.KIND and probes.KIND (raw little-endian float32, or int8 codes) from the
// folder, prints a hello, and then answers every line of JSON with one of its
// own until its input ends.
type peer struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
	hello   hello
}

type hello struct {
	Note string `json:"note"`
}

// turn asks for calls times batch probes from the first on, batch at a time.
type turn struct {
	Threads int `json:"threads"`
	First   int `json:"first"`
	Calls   int `json:"calls"`
	Batch   int `json:"batch"`
}

// turned is what a turn took, in nanoseconds, and the ids that it found, k for
// each probe.
type turned struct {
	CPU  int64    `json:"cpu"` // of the whole process
	Wall int64    `json:"wall"`
	IDs  []uint64 `json:"ids"`
}

// startPeer starts a peer and waits until it is loaded.
func startPeer(data dataset, kind string, name string, args ...string) (*peer, error) {
	args = append(args, data.folder, strconv.Itoa(data.rows.len()), strconv.Itoa(data.rows.d), strconv.Itoa(most), kind)
	p := &peer{command: exec.Command(name, args...)}
	var complaint strings.Builder
	p.command.Stderr = &complaint
	var err error
	if p.in, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	p.out.Buffer(nil, 1<<24)
	if err := p.read(&p.hello); err != nil {
		return nil, errors.Join(err, p.stop(), errors.New(lastLine(complaint.String())))
	}
	return p, nil
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndex(s, "\n")+1:]
}

func (p *peer) read(into any) error {
	if !p.out.Scan() {
		return fmt.Errorf("read from peer: %w", errors.Join(p.out.Err(), io.ErrUnexpectedEOF))
	}
	return json.Unmarshal(p.out.Bytes(), into)
}

func (p *peer) answer(t turn) (turned, error) {
	line, err := json.Marshal(t)
	if err != nil {
		return turned{}, err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return turned{}, fmt.Errorf("write to peer: %w", err)
	}
	var r turned
	return r, p.read(&r)
}

// stop ends the peer's input and waits for it.
func (p *peer) stop() error {
	_ = p.in.Close()
	return p.command.Wait()
}

// variant lets the peer take turns with batch probes for each call.
func (p *peer) variant(name, note string, threads, batch int) *variant {
	run := func(first, calls int) (sample, error) {
		r, err := p.answer(turn{Threads: threads, First: first - first%batch, Calls: calls, Batch: batch})
		s := sample{cpu: time.Duration(r.CPU), process: time.Duration(r.CPU), wall: time.Duration(r.Wall)}
		return s.over(calls * batch), err
	}
	return &variant{name: name, base: name, note: note, turn: run}
}

// A peerKind is a peer and how to have it. batches are the numbers of probes
// of a call that are measured; 1 means as many as there are threads.
type peerKind struct {
	name    string
	kind    string // of its files
	batches []int
	command func(cache string) ([]string, error)
}

func peerKinds() []peerKind {
	return []peerKind{
		{"Go loop, float32", "f32", []int{1}, ownProgram},
		{"Go loop, int8", "i8", []int{1}, ownProgram},
		{"usearch exact, float32", "f32", []int{1}, usearch},
		{"usearch exact, int8", "i8", []int{1}, usearch},
		{"FAISS IndexFlatIP", "f32", []int{1, probeCount}, faiss},
	}
}

// ownProgram is this program in a process of its own: see serveLoop.
func ownProgram(string) ([]string, error) {
	path, err := os.Executable()
	return []string{path, loopCommand}, err
}

// sources is where the peers' programs are, seen from the root of the
// repository.
const sources = "tools/benchmatch"

// usearch installs the pinned package into the cache.
func usearch(cache string) ([]string, error) {
	folder := filepath.Join(cache, "usearch")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	for _, name := range []string{"package.json", "package-lock.json", "search.mjs"} {
		b, err := os.ReadFile(filepath.Join(sources, "usearch", name))
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(folder, name), b, 0o644); err != nil {
			return nil, err
		}
	}
	install := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	install.Dir = folder
	if out, err := install.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm ci: %w: %s", err, lastLine(string(out)))
	}
	return []string{"node", "--max-old-space-size=8192", filepath.Join(folder, "search.mjs")}, nil
}

// faiss is the one of Debian's Python, whatever other Python is on the path.
func faiss(string) ([]string, error) {
	return []string{"/usr/bin/python3", filepath.Join(sources, "faiss", "search.py")}, nil
}
