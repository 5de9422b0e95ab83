package summary

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// PDF returns a document of one A4 page that shows a sheet as PNG encoded it.
// The compressed rows are taken over as they are: PDF knows the rows of PNG as a
// predictor (ISO 32000-1, 7.4.4.4).
func PDF(sheet []byte) ([]byte, error) {
	chunks, err := read(sheet)
	if err != nil {
		return nil, err
	}
	const draw = "q 595 0 0 842 0 0 cm /Sheet Do Q" // points
	var w writer
	w.out.WriteString("%PDF-1.4\n")
	w.object("<< /Type /Catalog /Pages 2 0 R >>")
	w.object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	w.object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /XObject << /Sheet 5 0 R >> >> >>")
	w.stream("", []byte(draw))
	w.stream(fmt.Sprintf("/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace [/Indexed /DeviceRGB %d <%x>] /BitsPerComponent 8 "+
		"/Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors 1 /BitsPerComponent 8 /Columns %d >> ",
		width, height, len(colours)-1, chunks["PLTE"], width), chunks["IDAT"])
	return w.finish(), nil
}

// read returns the contents of a picture's chunks, those of one name joined
// (PNG, 5.3: length, name, contents, checksum).
func read(png []byte) (map[string][]byte, error) {
	const signature, head, checksum = 8, 8, 4
	chunks := map[string][]byte{}
	for rest := png[min(signature, len(png)):]; len(rest) >= head+checksum; {
		end := head + int(binary.BigEndian.Uint32(rest))
		if len(rest) < end+checksum {
			break
		}
		name := string(rest[4:head])
		chunks[name] = append(chunks[name], rest[head:end]...)
		rest = rest[end+checksum:]
	}
	if chunks["PLTE"] == nil || chunks["IDAT"] == nil {
		return nil, errors.New("the sheet is no picture of indexed colours")
	}
	return chunks, nil
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
