package emrtd_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
	"github.com/idem-id/idem/internal/tech/edocument/emrtd"
)

func TestPortraitOfBothRecords(t *testing.T) {
	want := edoctest.Portrait()
	for name, data := range map[string][]byte{"19794-5": edoctest.DG2(want), "39794-5": edoctest.DG2Extensible(want)} {
		chip := emrtd.Chip{Groups: map[int][]byte{2: data}}
		got, err := chip.Portrait()
		if err != nil || !bytes.Equal(got, want) || emrtd.ImageType(got) != "image/jpeg" {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

func TestPortraitRefusesRecords(t *testing.T) {
	record := edoctest.FaceRecord([]byte("image"))
	many := bytes.Clone(record)
	many[18], many[19] = 0xff, 0xff // feature points beyond the record
	long := bytes.Clone(record)
	long[14] = 0x7f // a face longer than the record
	for name, body := range map[string][]byte{"points": many, "length": long, "short": record[:20], "other": []byte("FAX")} {
		wrapped := edoctest.TLV(0x75, edoctest.TLV(0x7F61, []byte{2, 1, 1}, edoctest.TLV(0x7F60, edoctest.TLV(0xA1), edoctest.TLV(0x5F2E, body))))
		chip := emrtd.Chip{Groups: map[int][]byte{2: wrapped}}
		if _, err := chip.Portrait(); !errors.Is(err, emrtd.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
