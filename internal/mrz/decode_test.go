package mrz

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

var decoding = Options{Now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), Specimen: true}

// zones are one valid zone of each format, from the examples of Doc 9303.
var zones = map[Format][]string{
	TD1:  {"I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"},
	TD2:  {"I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"},
	TD3:  {"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"},
	MRVA: {"V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L8988901C4XXX4009078F96121096ZE184226B<<<<<<"},
	MRVB: {"V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L8988901C4XXX4009078F9612109<<<<<<<<"},
}

// shown returns the frames of a reader that is sure of the text but for the
// characters in doubts, which it takes for others with probability 0.9.
func shown(text string, doubts map[int]byte) []Frame {
	var frames []Frame
	for i := range len(text) {
		var f Frame
		f[Blank] = 0.02
		seen, _ := Slot(text[i])
		f[seen] = 0.95
		if other, ok := doubts[i]; ok {
			wrong, _ := Slot(other)
			f[seen], f[wrong] = 0.02, 0.9
		}
		frames = append(frames, f, f, blankFrame())
	}
	return frames
}

func blankFrame() (f Frame) {
	f[Blank] = 0.97
	return f
}

func rowsOf(lines []string) []Row {
	rows := make([]Row, len(lines))
	for i, l := range lines {
		rows[i] = Row{shown(l, nil)}
	}
	return rows
}

func TestDecodeFindsFormatAndRows(t *testing.T) {
	for f, lines := range zones {
		around := slices.Concat([]string{"REPUBLIC<OF<UTOPIA<SPECIMEN"}, lines)
		d, ok, _ := Decode(t.Context(), rowsOf(around), decoding)
		if !ok || d.Format != f || d.First != 1 || !slices.Equal(d.Lines(), lines) || !d.Valid() || len(d.Corrections) > 0 {
			t.Errorf("%s: %v %+v", f, ok, d)
			continue
		}
		if c := d.FieldConfidence(DocumentNumber); c < 0.9 || c > 1 {
			t.Errorf("%s: confidence %v", f, c)
		}
	}
}

// TestDecodeCountsFillers leaves out what readers leave out: most blanks
// between fillers, so that free reading counts far too few.
func TestDecodeCountsFillers(t *testing.T) {
	rows := rowsOf(zones[TD3])
	frames := rows[0][0]
	for i := 3 * 27; i+3 < len(frames); i += 6 {
		frames[i+2] = frames[i] // the filler seems to go on
		frames[i+2][Blank] = 0.3
	}
	if d, ok, _ := Decode(t.Context(), rows, decoding); !ok || d.Lines()[0] != zones[TD3][0] {
		t.Errorf("%v %+v", ok, d)
	}
}

func TestDecodeKnowsWhatMayStandWhere(t *testing.T) {
	lines := zones[TD3]
	rows := []Row{{shown(lines[0], map[int]byte{2: '0', 5: '6', 4: '0'})}, {shown(lines[1], map[int]byte{10: '0', 15: 'O', 20: '8'})}}
	if d, ok, _ := Decode(t.Context(), rows, decoding); !ok || d.Lines()[1] != lines[1] || d.Lines()[0][:5] != lines[0][:5] {
		t.Errorf("%v %+v", ok, d)
	}
}

// TestDecodeCorrects misreads one digit of the document number; that it was
// corrected is reported.
func TestDecodeCorrects(t *testing.T) {
	lines := zones[TD3]
	d, ok, _ := Decode(t.Context(), []Row{{shown(lines[0], nil)}, {shown(lines[1], map[int]byte{3: 'B'})}}, decoding)
	want := []Correction{{DocumentNumber, 1, 3, "B", "8"}}
	if !ok || !d.Valid() || !slices.Equal(d.Corrections, want) || d.Confidence[1][3] > 0.1 {
		t.Errorf("%v %+v", ok, d)
	}
	d, ok, _ = Decode(t.Context(), []Row{{shown(lines[0], nil)}, {shown(lines[1], map[int]byte{3: 'B', 6: 'Z'})}}, decoding)
	if !ok || d.Valid() || len(d.Corrections) > 0 {
		t.Errorf("one of two slips was corrected: %+v", d)
	}
}

func TestDecodeMendsStatesAndTails(t *testing.T) {
	lines := zones[TD3]
	d, ok, _ := Decode(t.Context(), []Row{{shown(lines[0], map[int]byte{4: 'D', 40: 'K', 42: 'C'})}, {shown(lines[1], map[int]byte{39: 'K'})}}, decoding)
	if !ok || !slices.Equal(d.Lines(), lines) {
		t.Errorf("%v %+v", ok, d)
	}
}

func TestDecodeTakesTheBetterCrop(t *testing.T) {
	lines := zones[TD1]
	rows := rowsOf(lines)
	rows[2] = Row{shown("ERIKSS0N<<AHHA<HARIA<<<<<<<<<<", map[int]byte{0: 'F', 1: 'P'}), rows[2][0]}
	if d, ok, _ := Decode(t.Context(), rows, decoding); !ok || !slices.Equal(d.Lines(), lines) {
		t.Errorf("%v %+v", ok, d)
	}
}

func TestDecodeRefusesWhatIsNoZone(t *testing.T) {
	for name, rows := range map[string][]Row{
		"nothing":    nil,
		"no frames":  {{}, {nil}},
		"few frames": {{shown("P<UTO", nil)}, {shown("L898902C3", nil)}},
		"plain text": rowsOf([]string{strings.Repeat("REPUBLIC<OF<UTOPIA", 2), strings.Repeat("DRIVING<LICENCE<NO", 2)}),
	} {
		if d, ok, _ := Decode(t.Context(), rows, decoding); ok {
			t.Errorf("%s: %v", name, d.Lines())
		}
	}
}

// FuzzDecode feeds frames of any bytes.
func FuzzDecode(f *testing.F) {
	f.Add(uint64(1), 60, 44)
	f.Add(uint64(2), 36, 36)
	f.Fuzz(func(t *testing.T, seed uint64, first, second int) {
		r := rand.New(rand.NewPCG(seed, 0))
		rows := []Row{{noise(r, first)}, {noise(r, second)}}
		if d, ok, _ := Decode(t.Context(), rows, decoding); ok && len(d.Confidence) != len(d.Lines()) {
			t.Errorf("%+v", d)
		}
	})
}

func noise(r *rand.Rand, n int) []Frame {
	frames := make([]Frame, min(max(n, 0), 200))
	for i := range frames {
		for s := range frames[i] {
			frames[i][s] = r.Float32() / 10
		}
		frames[i][r.IntN(len(frames[i]))] = r.Float32()
	}
	return frames
}

func BenchmarkDecode(b *testing.B) {
	rows := rowsOf(zones[TD3])
	for b.Loop() {
		if _, ok, _ := Decode(b.Context(), rows, decoding); !ok {
			b.Fatal("not read")
		}
	}
}

// TestDecodeTellsKFromFiller reads a K as a filler, once half sure and once
// sure of it.
func TestDecodeTellsKFromFiller(t *testing.T) {
	lines := slices.Clone(zones[TD3])
	lines[0] = strings.Replace(lines[0], "ERIKSSON", "ERI<SSON", 1)
	rows := rowsOf(lines)
	if d, _, _ := Decode(t.Context(), rows, decoding); d.Surname != "ERI SSON" {
		t.Errorf("%q", d.Surname)
	}
	k, _ := Slot('K')
	for i := 3 * 8; i < 3*8+2; i++ {
		rows[0][0][i][k] = 0.8
	}
	if d, _, _ := Decode(t.Context(), rows, decoding); d.Surname != "ERIKSSON" {
		t.Errorf("%q", d.Surname)
	}
}

// TestDecodeTakesTheIssuerForAnUnreadNationality loses a letter of it.
func TestDecodeTakesTheIssuerForAnUnreadNationality(t *testing.T) {
	rows := rowsOf(zones[TD1])
	line := rows[1][0]
	for i := 3 * 15; i < 3*15+2; i++ {
		line[i] = blankFrame()
	}
	if d, ok, _ := Decode(t.Context(), rows, decoding); !ok || !d.Valid() || d.Nationality != "UTO" || len(d.Corrections) != 1 {
		t.Errorf("%v %+v", ok, d)
	}
}

// TestDecodeLeavesUnknownStatesAlone reads codes that no state has: what was
// read clearly, or could be several states, stays.
func TestDecodeLeavesUnknownStatesAlone(t *testing.T) {
	lines := slices.Clone(zones[TD3])
	outside := Options{Now: decoding.Now}
	for name, c := range map[string]struct {
		issuer, want string
		doubts       map[int]byte
		corrections  int
	}{
		"clear":                {"UTO", "UTO", nil, 0},
		"clear, near many":     {"KAX", "KAX", nil, 0},
		"second thought":       {"KAZ", "KAZ", map[int]byte{4: 'X'}, 1},
		"two second thoughts":  {"AUT", "AUX", map[int]byte{4: 'X'}, 0},
		"thought of elsewhere": {"UTO", "UTD", map[int]byte{4: 'D'}, 0},
	} {
		lines[0] = "P<" + c.issuer + zones[TD3][0][5:]
		frames := shown(lines[0], c.doubts)
		if name == "two second thoughts" {
			s, _ := Slot('S')
			for i := 3 * 4; i < 3*4+2; i++ {
				frames[i][s] = 0.02
			}
		}
		d, ok, err := Decode(t.Context(), []Row{{frames}, {shown(lines[1], nil)}}, outside)
		if err != nil || !ok || d.Issuer != c.want || len(d.Corrections) != c.corrections || d.Nationality != "UTO" {
			t.Errorf("%s: %v %q %+v %v", name, ok, d.Issuer, d.Corrections, err)
			continue
		}
		if unknown := slices.Contains(d.Faults, Fault{Issuer, UnknownState}); unknown != (c.corrections == 0) {
			t.Errorf("%s: faults %v", name, d.Faults)
		}
	}
}

// ending is a context that ends when it was asked a number of times.
type ending struct {
	context.Context
	left *int
}

func (e ending) Err() error {
	if *e.left--; *e.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestDecodeStopsWithItsContext(t *testing.T) {
	asked := 0
	for left := 0; ; left++ {
		n := left
		d, ok, err := Decode(ending{t.Context(), &n}, rowsOf(zones[TD3]), decoding)
		if err == nil {
			if !ok || !slices.Equal(d.Lines(), zones[TD3]) {
				t.Errorf("asked %d times: %v", left, d.Lines())
			}
			break
		}
		if ok || !errors.Is(err, context.Canceled) || d.Zone != nil {
			t.Errorf("ended after %d: %v, %v", left, d.Zone, err)
		}
		asked++
	}
	if asked < 4 {
		t.Errorf("the context was asked only %d times", asked)
	}
}
