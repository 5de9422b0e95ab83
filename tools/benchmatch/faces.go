package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/ort"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/match"
	"golang.org/x/sync/errgroup"
)

// faces fills a gallery with the templates of the pictures in a folder and asks
// it about every one of them: synthetic templates cannot tell how many real ones
// a search must look at twice. A template is its own best candidate here.
func faces(folder string, out io.Writer) error {
	engine := ort.Open(os.Getenv("IDEM_MODELS"), ort.Options{})
	defer func() { _ = engine.Close() }()
	if err := engine.Ready(); err != nil {
		return err
	}
	templates, pictures, err := extract(engine, folder)
	if err != nil {
		return err
	}
	m := engine.Model()
	fmt.Fprintf(out, "\n## %d templates of %d dimensions from %d pictures\n", len(templates), m.Dim, pictures)
	if len(templates) == 0 {
		return errors.New("no usable face")
	}
	g, r, err := enrolled(m, templates)
	if err != nil {
		return err
	}
	for _, fmr := range []float64{1e-6, 1e-4} {
		floor, err := m.Calibration.Threshold(fmr)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "floor %.2f (false match rate %.0e)\n", floor, fmr)
		if err := compare(g, templates, exhaustive(r, r, floor), requests(floor), out); err != nil {
			return err
		}
	}
	return nil
}

func enrolled(m face.Model, templates []match.Template) (*match.Gallery, rows, error) {
	g, err := match.NewGallery(m.Short, m.Dim)
	if err != nil {
		return nil, rows{}, err
	}
	r := rows{d: m.Dim}
	for i, t := range templates {
		r.codes = append(r.codes, t.Codes()...)
		if err := g.Add(uint64(i), t); err != nil {
			return nil, rows{}, err
		}
	}
	return g, r, nil
}

// extract returns the templates of all pictures with a usable face and the
// number of pictures. Files of other formats are passed over.
func extract(engine face.Engine, folder string) ([]match.Template, int, error) {
	paths, err := pictures(folder)
	if err != nil {
		return nil, 0, err
	}
	found := make([]*match.Template, len(paths))
	var group errgroup.Group
	group.SetLimit(2)
	for i, path := range paths {
		group.Go(func() error {
			t, err := template(engine, path)
			found[i] = t
			return err
		})
	}
	err = group.Wait()
	var usable []match.Template
	for _, t := range found {
		if t != nil {
			usable = append(usable, *t)
		}
	}
	return usable, len(paths), err
}

func pictures(folder string) ([]string, error) {
	var all []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if _, ok := picture.Sniff(b); ok {
			all = append(all, path)
		}
		return err
	})
	return all, err
}

// template is nil when the picture has no usable face.
func template(engine face.Engine, path string) (*match.Template, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p, err := picture.Decode(context.Background(), b, picture.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", path, err)
	}
	a, err := engine.Analyse(context.Background(), p.Image, face.WantTemplate)
	if err != nil || !a.Usable() {
		return nil, err
	}
	return a.Primary.Template, nil
}
