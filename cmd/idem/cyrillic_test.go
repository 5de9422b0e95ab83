package main

import (
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/specimen"
	"github.com/idem-id/idem/internal/tech/document/tesseract"
)

// TestCyrillicIsReadWithinTheLimitsOfAWorker has the real program read two lines
// in the process that the server starts for it.
func TestCyrillicIsReadWithinTheLimitsOfAWorker(t *testing.T) {
	p, err := tesseract.Find(t.Context())
	if err != nil {
		t.Fatal(err, "(make test installs what is missing)")
	}
	fonts, err := specimen.LoadFonts(specimen.FontFolder)
	if err != nil {
		t.Fatal(err, "(make test installs what is missing)")
	}
	want := []string{"ҚҰНАНБАЕВА", "СРОК ДЕЙСТВИЯ"}
	var strips []*image.Gray
	for _, text := range want {
		strips = append(strips, strip(t, fonts.Bold, text))
	}
	worker := func(program string) *picture.Worker {
		return &picture.Worker{Path: "/usr/bin/env", Args: []string{asProgram + "=1", os.Args[0], "worker", "tesseract", program}}
	}
	got, err := tesseract.NewReader(worker(p.Path)).Read(t.Context(), strips)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range want {
		if got[i].Text != w || got[i].Confidence < 0.8 {
			t.Errorf("%+v, want %s", got[i], w)
		}
	}
	missing := filepath.Join(t.TempDir(), "none")
	if got, err := tesseract.NewReader(worker(missing)).Read(t.Context(), strips); err == nil {
		t.Errorf("a program that is gone read %+v", got)
	}
}

// strip sets a line of text.
func strip(t *testing.T, f *opentype.Font, text string) *image.Gray {
	t.Helper()
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: 32, DPI: 72})
	if err != nil {
		t.Fatal(err)
	}
	m := image.NewGray(image.Rect(0, 0, 16+font.MeasureString(face, text).Ceil(), tesseract.Height))
	for i := range m.Pix {
		m.Pix[i] = 210
	}
	d := font.Drawer{Dst: m, Src: image.NewUniform(color.Gray{Y: 30}), Face: face, Dot: fixed.P(8, 36)}
	d.DrawString(text)
	return m
}

func TestDoctorTellsWhetherCyrillicIsRead(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if f := checkCyrillic(t.Context()); f.State != "warning" || !strings.Contains(f.Advice, "tesseract-ocr-kaz") {
		t.Errorf("%+v", f)
	}
}
