package summary

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
)

// PDF returns a document of one A4 page that shows the picture of a sheet.
func PDF(img image.Image) ([]byte, error) {
	var page bytes.Buffer
	if err := jpeg.Encode(&page, img, &jpeg.Options{Quality: 85}); err != nil {
		return nil, fmt.Errorf("encode sheet: %w", err)
	}
	size := img.Bounds().Size()
	const draw = "q 595 0 0 842 0 0 cm /Sheet Do Q" // points
	var w writer
	w.out.WriteString("%PDF-1.4\n")
	w.object("<< /Type /Catalog /Pages 2 0 R >>")
	w.object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	w.object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /XObject << /Sheet 5 0 R >> >> >>")
	w.stream("", []byte(draw))
	w.stream(fmt.Sprintf("/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode ", size.X, size.Y), page.Bytes())
	return w.finish(), nil
}

// writer numbers objects and remembers where they begin.
type writer struct {
	out    bytes.Buffer
	starts []int
}

func (w *writer) object(body string) {
	w.starts = append(w.starts, w.out.Len())
	fmt.Fprintf(&w.out, "%d 0 obj\n%s\nendobj\n", len(w.starts), body)
}

func (w *writer) stream(entries string, data []byte) {
	w.object(fmt.Sprintf("<< %s/Length %d >>\nstream\n%s\nendstream", entries, len(data), data))
}

// finish writes the cross-reference table, whose entries have 20 bytes each.
func (w *writer) finish() []byte {
	at, n := w.out.Len(), len(w.starts)+1
	fmt.Fprintf(&w.out, "xref\n0 %d\n0000000000 65535 f \n", n)
	for _, start := range w.starts {
		fmt.Fprintf(&w.out, "%010d 00000 n \n", start)
	}
	fmt.Fprintf(&w.out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", n, at)
	return w.out.Bytes()
}
