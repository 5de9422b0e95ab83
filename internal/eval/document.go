package eval

import (
	"context"
	"fmt"
	"image"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/mrz"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/specimen"
)

// DocumentReading is what recognition says about one picture.
type DocumentReading struct {
	Lines  []string          // of the machine readable zone; none when it was not found
	Valid  bool              // every check digit holds
	Fields map[string]string // by the names of document fields; what was not read is not there
	Visual map[string]string // the same as the visual zone alone shows them
}

// DocumentReader recognises the pictures of one document. A refusal of kind Unprocessable
// counts as not found; every other error ends the evaluation.
type DocumentReader func(ctx context.Context, pages ...image.Image) (DocumentReading, error)

// DocumentRecognition is the result of reading specimens.
type DocumentRecognition struct {
	Pictures int             `json:"pictures"`
	Levels   []DocumentLevel `json:"levels"`
}

// DocumentLevel is what was reached at one level of difficulty. Every rate is
// of all its pictures.
type DocumentLevel struct {
	Level      string  `json:"level"`
	Found      Rate    `json:"found"`
	Valid      Rate    `json:"check_digits_hold"`
	Exact      Rate    `json:"exact"`       // every character of every line
	DataLine   Rate    `json:"data_line"`   // the line with the document number
	Names      Rate    `json:"names"`       // surname and given names of the answer
	ValidWrong Rate    `json:"valid_wrong"` // check digits hold, some character is wrong
	Fields     int     `json:"fields"`      // that were answered
	Wrong      int     `json:"wrong_fields"`
	Invented   int     `json:"invented_fields"` // that resemble nothing in the document
	CPU        Seconds `json:"cpu_seconds"`
	// Native is what was read of names and texts in Cyrillic letters; nil when the
	// level has none.
	Native *NativeRates `json:"native,omitempty"`
}

// NativeRates are shares of the values that bilingual cards print in Cyrillic
// letters.
type NativeRates struct {
	Right Rate `json:"right"` // in every letter
	Wrong Rate `json:"wrong"` // the rest was not answered
}

// Seconds is a mean time of processor by picture, with all threads.
type Seconds struct {
	Mean float64  `json:"mean"`
	CI   Interval `json:"ci95"`
}

// Documents reads the pictures of a folder of specimens, one at a time so that
// the processor's time belongs to one picture, and compares the answers with
// the manifest.
func Documents(ctx context.Context, read DocumentReader, folder string, o Options) (*DocumentRecognition, error) {
	entries, err := specimen.ReadManifest(folder)
	if err != nil {
		return nil, err
	}
	tally := map[string]*documentTally{}
	tell := o.counter(len(entries))
	for _, e := range entries {
		t := tally[e.Level]
		if t == nil {
			t = &documentTally{}
			tally[e.Level] = t
		}
		if err := t.judge(ctx, read, folder, e); err != nil {
			return nil, fmt.Errorf("%s: %w", e.File, err)
		}
		tell()
	}
	d := &DocumentRecognition{Pictures: len(entries)}
	for _, level := range slices.Sorted(maps.Keys(tally)) {
		d.Levels = append(d.Levels, tally[level].level(level))
	}
	return d, nil
}

// documentTally counts one level.
type documentTally struct {
	n, found, valid, exact, data, names, validWrong int
	fields, wrong, invented                         int
	native, nativeRight, nativeWrong                int
	cpu                                             []float64
}

func (t *documentTally) judge(ctx context.Context, read DocumentReader, folder string, e specimen.Entry) error {
	pages, err := pagesOf(ctx, folder, e)
	if err != nil {
		return err
	}
	truth, err := truthOf(e)
	if err != nil {
		return err
	}
	before := processorTime()
	got, err := read(ctx, pages...)
	t.cpu = append(t.cpu, (processorTime() - before).Seconds())
	if err != nil && idem.KindOf(err) != idem.Unprocessable {
		return err
	}
	t.zone(got, e.MRZ)
	t.compare(got.Fields, truth)
	t.cyrillic(got.Visual, e.Person.Native)
	return nil
}

// pagesOf reads what is photographed of an entry: the side with the zone, and of
// bilingual cards the front before it.
func pagesOf(ctx context.Context, folder string, e specimen.Entry) ([]image.Image, error) {
	files := []string{e.File}
	if e.Person.Native != nil && e.Front != "" {
		files = []string{e.Front, e.File}
	}
	var pages []image.Image
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(folder, f))
		if err != nil {
			return nil, fmt.Errorf("read a specimen: %w", err)
		}
		p, err := picture.Decode(ctx, data, picture.DefaultLimits())
		if err != nil {
			return nil, err
		}
		pages = append(pages, p.Image)
	}
	return pages, nil
}

// cyrillic counts the values that a bilingual card prints in Cyrillic letters.
func (t *documentTally) cyrillic(got map[string]string, n *specimen.Native) {
	if n == nil {
		return
	}
	for name, want := range nativeTruth(n) {
		t.native++
		switch got[name] {
		case want:
			t.nativeRight++
		case "":
		default:
			t.nativeWrong++
		}
	}
}

func nativeTruth(n *specimen.Native) map[string]string {
	return map[string]string{"surname": n.Surname, "given_names": n.Given, "patronymic": n.Patronymic, "birth_place": n.BirthPlace, "issuing_authority": n.Authority}
}

func (t *documentTally) zone(got DocumentReading, want []string) {
	count := func(n *int, holds bool) {
		if holds {
			*n++
		}
	}
	data := 1 // the line with the document number: the first of cards with three
	if len(want) == 3 {
		data = 0
	}
	exact := slices.Equal(got.Lines, want)
	count(&t.n, true)
	count(&t.found, len(got.Lines) > 0)
	count(&t.valid, got.Valid)
	count(&t.exact, exact)
	count(&t.data, len(got.Lines) > data && got.Lines[data] == want[data])
	count(&t.validWrong, got.Valid && !exact)
}

// truthOf returns what the fields of a specimen should be.
func truthOf(e specimen.Entry) (map[string]string, error) {
	z, err := mrz.Parse(e.MRZ, mrz.Options{Now: time.Now(), Specimen: true})
	if err != nil {
		return nil, err
	}
	truth := map[string]string{}
	if e.Person.Native != nil {
		truth = nativeTruth(e.Person.Native)
	}
	maps.Copy(truth, map[string]string{
		"document_type": z.Type, "issuer": z.Issuer, "document_number": z.Number, "nationality": z.Nationality,
		"personal_number": e.Person.PersonalNumber, "surname": z.Surname, "given_names": z.Given,
		"birth_date": z.Birth.String(), "expiry_date": z.Expiry.String(), "sex": string(z.Sex),
	})
	return truth, nil
}

func (t *documentTally) compare(got, truth map[string]string) {
	if got["surname"] == truth["surname"] && got["given_names"] == truth["given_names"] {
		t.names++
	}
	for name, value := range got {
		t.fields++
		if value == truth[name] {
			continue
		}
		t.wrong++
		if invented(value, truth[name]) {
			t.invented++
		}
	}
}

// invented tells a value that came from nowhere from one that was misread:
// more than half of it would have to change. Values of fewer than four
// characters are too short to tell.
func invented(value, truth string) bool {
	longer := max(len(value), len(truth))
	return longer >= 4 && 2*edits(value, truth) > longer
}

// edits is Levenshtein's distance in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

func (t *documentTally) level(name string) DocumentLevel {
	l := DocumentLevel{Level: name, Found: rate(t.found, t.n), Valid: rate(t.valid, t.n), Exact: rate(t.exact, t.n), DataLine: rate(t.data, t.n),
		Names: rate(t.names, t.n), ValidWrong: rate(t.validWrong, t.n), Fields: t.fields, Wrong: t.wrong, Invented: t.invented, CPU: meanOf(t.cpu)}
	if t.native > 0 {
		l.Native = &NativeRates{rate(t.nativeRight, t.native), rate(t.nativeWrong, t.native)}
	}
	return l
}

// meanOf returns a mean with the interval of the normal distribution.
func meanOf(v []float64) Seconds {
	mean, square := 0.0, 0.0
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		square += (x - mean) * (x - mean)
	}
	if len(v) < 2 {
		return Seconds{mean, Interval{0, math.MaxFloat64}}
	}
	half := 1.96 * math.Sqrt(square/float64(len(v)-1)/float64(len(v)))
	return Seconds{mean, Interval{max(0, mean-half), mean + half}}
}

// Text writes the levels as a Markdown table.
func (d *DocumentRecognition) Text(w io.Writer) error {
	p := printer{w: w}
	p.line("%d pictures. Shares are of all pictures of a level, intervals are 95 %%.", d.Pictures)
	p.line("")
	p.line("| level | found | check digits hold | exact zone | data line | names | valid but wrong | wrong fields | invented fields | CPU, s |")
	p.line("|%s", strings.Repeat("---|", 10))
	for _, l := range d.Levels {
		p.line("| %s | %s | %s | %s | %s | %s | %d | %d of %d | %d | %.2f (%.2f-%.2f) |", l.Level, l.Found, l.Valid, l.Exact, l.DataLine, l.Names,
			l.ValidWrong.Hits, l.Wrong, l.Fields, l.Invented, l.CPU.Mean, l.CPU.CI.Low, l.CPU.CI.High)
	}
	for i, l := range d.Levels {
		if l.Native == nil {
			continue
		}
		if i == 0 {
			p.line("")
			p.line("| level | values in Cyrillic letters | read wrongly |")
			p.line("|---|---|---|")
		}
		p.line("| %s | %s | %d |", l.Level, l.Native.Right, l.Native.Wrong.Hits)
	}
	return p.err
}
