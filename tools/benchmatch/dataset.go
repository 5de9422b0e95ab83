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
	gallery   *match.Gallery
	rows      rows // ids are places
	probes    rows
	templates []match.Template // the probes
}

// newDataset makes n rows, a part at a time, writes rows.f32, rows.i8,
// probes.f32 and probes.i8 to the folder and fills a gallery.
func newDataset(folder string, n, d int, seed uint64) (dataset, error) {
	g, err := match.NewGallery(model, d)
	if err != nil {
		return dataset{}, err
	}
	data := dataset{folder: folder, people: newPopulation(n, d, seed), gallery: g}
	data.rows = rows{d: d, codes: make([]int8, 0, n*d)}
	data.probes.d = d
	err = data.write("rows", func(put func([]float32) error) error {
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
	if err := data.quantiseProbes(probes); err != nil {
		return dataset{}, err
	}
	err = data.write("probes", func(put func([]float32) error) error { return put(probes) })
	return data, errors.Join(err, data.writeCodes("rows", data.rows), data.writeCodes("probes", data.probes))
}

// enrol adds vectors as the rows from a place on.
func (s *dataset) enrol(at int, vectors []float32) error {
	d := s.rows.d
	for i := range len(vectors) / d {
		t, err := match.Quantise(model, vectors[i*d:][:d])
		if err != nil {
			return err
		}
		s.rows.codes = append(s.rows.codes, t.Codes()...)
		if err := s.gallery.Add(uint64(at+i), t); err != nil {
			return err
		}
	}
	return nil
}

func (s *dataset) quantiseProbes(vectors []float32) error {
	d := s.probes.d
	for i := range len(vectors) / d {
		t, err := match.Quantise(model, vectors[i*d:][:d])
		if err != nil {
			return err
		}
		s.templates = append(s.templates, t)
		s.probes.codes = append(s.probes.codes, t.Codes()...)
	}
	return nil
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
