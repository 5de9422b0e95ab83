package main

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"

	"github.com/idem-id/idem/internal/annotate"
	"github.com/idem-id/idem/internal/check/report"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/tech"
)

// sheet is a picture with what was found on it.
type sheet struct {
	img   image.Image
	marks []annotate.Mark
}

// sheets draws the findings of a report on the evidence.
func sheets(in tech.Evidence, r report.Report) []sheet {
	switch d := r.Details.(type) {
	case report.FaceComparison:
		return []sheet{{in.Probe, faceMarks(d.Probe, r.Passed)}, {in.Reference.Image, faceMarks(d.Reference, r.Passed)}}
	case report.Liveness:
		return frameSheets(in, d, r.Passed)
	case report.Document:
		return pageSheets(in, d)
	}
	return nil
}

func verdict(good bool) color.RGBA {
	if good {
		return annotate.Good
	}
	return annotate.Bad
}

func faceMarks(f report.Face, good bool) []annotate.Mark {
	if f.Box == nil {
		return nil
	}
	return []annotate.Mark{annotate.Box(f.Box.X, f.Box.Y, f.Box.Width, f.Box.Height, fmt.Sprintf("%s %.0f", f.Code, f.Quality), verdict(good))}
}

// frameSheets shows each frame.
func frameSheets(in tech.Evidence, d report.Liveness, good bool) (list []sheet) {
	for i, f := range d.Frames {
		s := sheet{img: in.Frames[i].Image}
		if f.Box != nil {
			s.marks = []annotate.Mark{annotate.Box(f.Box.X, f.Box.Y, f.Box.Width, f.Box.Height,
				fmt.Sprintf("live %.2f yaw %+.0f pitch %+.0f", f.Live, f.Yaw, f.Pitch), verdict(good))}
		}
		list = append(list, s)
	}
	return list
}

func pageSheets(in tech.Evidence, d report.Document) (list []sheet) {
	for i, p := range d.Pages {
		s := sheet{img: in.Pages[i]}
		s.add(p.Quad, "document", annotate.Note)
		for _, l := range p.Lines {
			s.add(l.Quad, "", annotate.Note)
		}
		for _, portrait := range []*report.Portrait{d.Portrait, d.Ghost} {
			if portrait != nil && portrait.Page == i {
				s.add(portrait.Quad, "portrait", annotate.Good)
			}
		}
		for _, c := range d.Codes {
			if c.Page == i {
				s.add(c.Quad, c.Kind, annotate.Good)
			}
		}
		if d.Zone != nil && d.Zone.Page == i {
			for _, row := range d.Zone.Rows {
				s.add(row, "mrz", verdict(d.Zone.Valid))
			}
		}
		list = append(list, s)
	}
	return list
}

func (s *sheet) add(q report.Quad, label string, c color.RGBA) {
	if len(q) == 0 {
		return
	}
	m := annotate.Mark{Label: label, Color: c}
	for _, p := range q {
		m.Points = append(m.Points, annotate.Point(p))
	}
	s.marks = append(s.marks, m)
}

// drawTo writes the sheets as JPEG: the first one under the name that was
// given, the others with their number.
func drawTo(file string, list []sheet) error {
	for i, s := range list {
		data, err := picture.ToJPEG(annotate.Draw(s.img, s.marks))
		if err != nil {
			return err
		}
		name := file
		if extension := filepath.Ext(file); i > 0 {
			name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(file, extension), i+1, extension)
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
