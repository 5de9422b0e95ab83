package tesseract_test

import (
	"context"
	"errors"
	"image"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/idem-id/idem/internal/tech/document/tesseract"
)

// answering is a program that answers any picture with a table.
type answering struct {
	table string
	fault error
	asked *string
}

func (a answering) Run(_ context.Context, in io.Reader, limit int) ([]byte, error) {
	data, err := io.ReadAll(in)
	if a.asked != nil {
		*a.asked = string(data)
	}
	return []byte(a.table[:min(len(a.table), limit)]), errors.Join(a.fault, err)
}

const header = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"

func strips(n int) []*image.Gray {
	var out []*image.Gray
	for i := range n {
		g := image.NewGray(image.Rect(0, 0, 100+10*i, tesseract.Height))
		for k := range g.Pix {
			g.Pix[k] = uint8(100 + k%50)
		}
		out = append(out, g)
	}
	return out
}

func TestWordsGoToTheirLines(t *testing.T) {
	var asked string
	r := tesseract.NewReader(answering{table: header +
		"5\t1\t1\t1\t1\t1\t30\t30\t40\t30\t96.5\tТЕГІ\n5\t1\t1\t1\t1\t2\t80\t30\t40\t30\t80\tАТЫ\n" +
		"4\t1\t1\t1\t2\t0\t30\t170\t40\t30\t-1\t\n5\t1\t1\t1\t2\t1\t30\t180\t40\t30\t50\tҚҰ\x01ЖАТ\n", asked: &asked})
	got, err := r.Read(t.Context(), strips(3))
	if err != nil || len(got) != 3 || got[0] != (tesseract.Text{Text: "ТЕГІ АТЫ", Confidence: 0.8}) || got[1].Text != "" || got[2] != (tesseract.Text{Text: "ҚҰЖАТ", Confidence: 0.5}) {
		t.Errorf("%+v, %v", got, err)
	}
	if want := "P5 168 240 255\n"; !strings.HasPrefix(asked, want) || len(asked) != len(want)+168*240 {
		t.Errorf("the program was given %d bytes: %q", len(asked), asked[:min(20, len(asked))])
	}
}

// TestForeignTables: a program taken over by its pixels may say anything.
func TestForeignTables(t *testing.T) {
	for name, table := range map[string]string{
		"nothing": "", "no table": "\x00\xff\n", "few columns": "5\t1\tx\n", "no numbers": "5\t1\t1\t1\t1\t1\ta\t30\t40\t30\t96\tx\n",
		"elsewhere": "5\t1\t1\t1\t1\t1\t30\t99999\t40\t30\t96\tx\n", "too sure": "5\t1\t1\t1\t1\t1\t30\t30\t40\t30\t196\tx\n",
		"not sure": "5\t1\t1\t1\t1\t1\t30\t30\t40\t30\tNaN\tx\n", "negative": "5\t1\t1\t1\t1\t1\t-30\t-30\t-40\t-30\t96\tx\n",
	} {
		got, err := tesseract.NewReader(answering{table: table}).Read(t.Context(), strips(1))
		if err != nil || len(got) != 1 || got[0].Text != "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestFaultsAndCancellation(t *testing.T) {
	broken := tesseract.NewReader(answering{fault: io.ErrUnexpectedEOF})
	if _, err := broken.Read(t.Context(), strips(1)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	if got, err := broken.Read(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("no lines: %v, %v", got, err)
	}
}

func TestWithoutTheProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := tesseract.Find(t.Context()); !errors.Is(err, tesseract.ErrMissing) {
		t.Error(err)
	}
	script := t.TempDir()
	if err := os.WriteFile(script+"/tesseract", []byte("#!/bin/sh\necho eng\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", script)
	if _, err := tesseract.Find(t.Context()); !errors.Is(err, tesseract.ErrMissing) || !strings.Contains(errors.Unwrap(err).Error(), "kaz") {
		t.Errorf("without its languages: %v", err)
	}
}
