package eval

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Report is what every evaluation returns.
type Report interface {
	Text(w io.Writer) error   // for people
	Scores(w io.Writer) error // every single result as CSV; names files, so treat it as personal data
	Curve() Curve             // the trade-off of the two errors
}

// JSON writes the numbers of a report.
func JSON(w io.Writer, r Report) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(r)
}

// WriteTo puts report.txt, report.json, scores.csv, det.svg and det.png into a
// folder, which it makes.
func WriteTo(dir string, r Report) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the report folder: %w", err)
	}
	for name, write := range map[string]func(io.Writer) error{
		"report.txt": r.Text, "scores.csv": r.Scores,
		"report.json": func(w io.Writer) error { return JSON(w, r) },
		"det.svg":     r.Curve().SVG, "det.png": r.Curve().PNG,
	} {
		if err := writeFile(filepath.Join(dir, name), write); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("create report file: %w", err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}

// String shows the share, the count and the interval.
func (r Rate) String() string {
	return fmt.Sprintf("%s (%d/%d, %s)", percent(r.Share), r.Hits, r.N, r.CI)
}

// String shows an interval in percent.
func (i Interval) String() string { return short(i.Low) + "-" + short(i.High) + " %" }

func percent(share float64) string { return short(share) + " %" }

// short writes a share in percent with two digits that say something.
func short(share float64) string {
	if share > 1e-9 && share < 1e-3 {
		return fmt.Sprintf("%.2g", 100*share)
	}
	return fmt.Sprintf("%.2f", 100*share)
}

// printer keeps the first error of many lines.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// table reads the named columns of a CSV file with a header, in the order of
// the names.
// hasColumn reports whether the head of a list names the column.
func hasColumn(path, name string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, fmt.Errorf("open list: %w", err)
	}
	defer f.Close()
	head, err := csv.NewReader(f).Read()
	if err != nil && err != io.EOF {
		return false, fmt.Errorf("read list %s: %w", filepath.Base(path), err)
	}
	return slices.Contains(head, name), nil
}

func table(path string, columns ...string) ([][]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open list: %w", err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read list %s: %w", filepath.Base(path), err)
	}
	if len(all) < 2 {
		return nil, fmt.Errorf("list %s is empty", filepath.Base(path))
	}
	at := make([]int, len(columns))
	for i, name := range columns {
		if at[i] = slices.Index(all[0], name); at[i] < 0 {
			return nil, fmt.Errorf("list %s has no column %q; it needs %s", filepath.Base(path), name, strings.Join(columns, ", "))
		}
	}
	rows := make([][]string, 0, len(all)-1)
	for _, r := range all[1:] {
		row := make([]string, len(at))
		for i, c := range at {
			row[i] = r[c]
		}
		rows = append(rows, row)
	}
	return rows, nil
}
