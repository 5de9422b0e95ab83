package ber_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/tech/edocument/ber"
)

func TestReaderReadsValues(t *testing.T) {
	r := ber.New([]byte{
		0x30, 0x81, 0x1c, // length not minimal
		0x02, 0x01, 0xff,
		0x06, 0x03, 0x55, 0x1d, 0x0e,
		0x04, 0x02, 1, 2,
		0x03, 0x02, 0, 7,
		0x5f, 0x1f, 0x01, 'x',
		0x02, 0x02, 0x01, 0x00,
		0x05, 0x00,
		0x05, 0x00,
	})
	in := r.In(ber.Sequence)
	if n := in.Integer(); n.Int64() != -1 {
		t.Errorf("integer %v", n)
	}
	if id := in.OID(); id != "2.5.29.14" {
		t.Errorf("identifier %s", id)
	}
	if !bytes.Equal(in.Octets(), []byte{1, 2}) || !bytes.Equal(in.Bits(), []byte{7}) {
		t.Error("strings differ")
	}
	if e, ok := in.Optional(0x5f1f); !ok || string(e.Content) != "x" {
		t.Errorf("long tag: %v %v", e, ok)
	}
	if n := in.Small(); n != 256 {
		t.Errorf("small %d", n)
	}
	in.Any()
	in.Read(ber.Null)
	in.End()
	r.End()
	if r.Err() != nil {
		t.Error(r.Err())
	}
}

func TestReaderReadsTimes(t *testing.T) {
	for text, want := range map[string]string{
		"\x17\x0d500101000000Z": "1950-01-01T00:00:00Z", "\x17\x0d491231235959Z": "2049-12-31T23:59:59Z",
		"\x18\x0f20611231235959Z": "2061-12-31T23:59:59Z", "\x17\x112601011200+0200": "",
	} {
		r := ber.New([]byte(text))
		got := r.Time()
		if want == "" && r.Err() == nil || want != "" && got.Format(time.RFC3339) != want {
			t.Errorf("%q: %v, %v", text, got, r.Err())
		}
	}
}

func TestReaderRefuses(t *testing.T) {
	deep := []byte{}
	for range 40 {
		deep = append([]byte{0x30, byte(len(deep))}, deep...)
	}
	for name, data := range map[string][]byte{
		"empty": {}, "no length": {0x30}, "indefinite": {0x30, 0x80, 0, 0}, "longer than data": {0x30, 5, 1},
		"length of nine bytes": {0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1}, "endless tag": {0x3f, 0xff, 0xff, 0xff, 0xff, 1}, "too deep": deep,
	} {
		r := ber.New(data)
		for in := r; in.Err() == nil; {
			in = in.In(ber.Sequence)
		}
		if !errors.Is(r.Err(), ber.ErrMalformed) {
			t.Errorf("%s: %v", name, r.Err())
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte{0x30, 3, 2, 1, 5})
	f.Add([]byte{0x7f, 0x61, 0x81, 0x02, 0x05, 0x00})
	f.Fuzz(func(t *testing.T, data []byte) {
		walk(t, ber.New(data), len(data))
	})
}

func walk(t *testing.T, r *ber.Reader, size int) {
	for r.More() {
		e := r.Any()
		if len(e.Raw) > size || len(e.Content) > len(e.Raw) {
			t.Fatalf("element larger than its document")
		}
		if e.Tag&0x20 != 0 && r.Err() == nil {
			walk(t, r.Inside(e), len(e.Content))
		}
	}
}
