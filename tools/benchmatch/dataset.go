package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/idem-id/idem/match"
)

const model = 1 // of all templates made here

// dataset is what every contestant gets: the same rows and probes, as templates
// and, for the peers, as files.
type dataset struct {
	folder    string
	people    *population
	galleries []*match.Gallery // one for each kernel, the best first
	rows      rows             // ids are places
	probes    rows
	templates []match.Template // the probes
}

// newDataset makes n rows, a part at a time, fills the galleries, and unless
// folder is empty writes rows.f32, rows.i8, probes.f32 and probes.i8 there.
func newDataset(folder string, people *population, galleries []*match.Gallery) (dataset, error) {
	n, d := len(people.owner), people.d
	data := dataset{folder: folder, people: people, galleries: galleries}
	data.rows = rows{d: d, codes: make([]int8, 0, n*d)}
	err := data.write("rows", func(put func([]float32) error) error {
		part := make([]float32, 4096*d)
		for at := 0; at < n; at += 4096 {
			some := part[:min(4096, n-at)*d]
			data.people.rows(at, some)
			if err := errors.Join(data.enrol(at, some), put(some)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return dataset{}, err
	}
	probes := data.people.probes()
	if data.probes, data.templates, err = quantised(probes, d); err != nil {
		return dataset{}, err
	}
	err = data.write("probes", func(put func([]float32) error) error { return put(probes) })
	return data, errors.Join(err, data.writeCodes("rows", data.rows), data.writeCodes("probes", data.probes))
}

// enrol adds vectors as the rows from a place on.
func (s *dataset) enrol(at int, vectors []float32) error {
	some, templates, err := quantised(vectors, s.rows.d)
	if err != nil {
		return err
	}
	s.rows.codes = append(s.rows.codes, some.codes...)
	for _, g := range s.galleries {
		if err := enrol(g, at, templates); err != nil {
			return err
		}
	}
	return nil
}

// enrol adds templates under the ids from one on.
func enrol(g *match.Gallery, from int, templates []match.Template) error {
	for i, t := range templates {
		if err := g.Add(uint64(from+i), t); err != nil {
			return err
		}
	}
	return nil
}

// quantised are the templates of vectors of d coordinates.
func quantised(vectors []float32, d int) (rows, []match.Template, error) {
	r, templates := rows{d: d}, []match.Template(nil)
	for i := range len(vectors) / d {
		t, err := match.Quantise(model, vectors[i*d:][:d])
		if err != nil {
			return rows{}, nil, err
		}
		r.codes, templates = append(r.codes, t.Codes()...), append(templates, t)
	}
	return r, templates, nil
}

// write makes NAME.f32 of the vectors that fill puts.
func (s *dataset) write(name string, fill func(put func([]float32) error) error) error {
	return s.file(name+".f32", func(w io.Writer) error {
		return fill(func(v []float32) error {
			b := make([]byte, 0, 4*len(v))
			for _, x := range v {
				b = binary.NativeEndian.AppendUint32(b, math.Float32bits(x))
			}
			_, err := w.Write(b)
			return err
		})
	})
}

func (s *dataset) writeCodes(name string, r rows) error {
	return s.file(name+".i8", func(w io.Writer) error {
		return binary.Write(w, binary.NativeEndian, r.codes)
	})
}

func (s *dataset) file(name string, fill func(io.Writer) error) error {
	if s.folder == "" {
		return fill(io.Discard)
	}
	f, err := os.Create(filepath.Join(s.folder, name))
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	if err := errors.Join(fill(w), w.Flush(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// mates returns the scores of all mated pairs of a probe and a row.
func (s *dataset) mates() []float64 {
	var all []float64
	for p := 0; p < probeCount; p += 2 {
		id := s.people.mate(p)
		probe := s.probes.row(p)
		for i := s.people.first[id]; i < s.people.first[id+1]; i++ {
			row := s.rows.row(int(i))
			all = append(all, score(product(probe, row), product(probe, probe), product(row, row)))
		}
	}
	return all
}
