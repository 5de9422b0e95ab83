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
}

// DocumentReader recognises one picture. A refusal of kind Unprocessable
// counts as not found; every other error ends the evaluation.
type DocumentReader func(ctx context.Context, img image.Image) (DocumentReading, error)

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
	cpu                                             []float64
}

func (t *documentTally) judge(ctx context.Context, read DocumentReader, folder string, e specimen.Entry) error {
	data, err := os.ReadFile(filepath.Join(folder, e.File))
	if err != nil {
		return fmt.Errorf("read a specimen: %w", err)
	}
	p, err := picture.Decode(ctx, data, picture.DefaultLimits())
	if err != nil {
		return err
	}
	truth, err := truthOf(e)
	if err != nil {
		return err
	}
	before := processorTime()
	got, err := read(ctx, p.Image)
	t.cpu = append(t.cpu, (processorTime() - before).Seconds())
	if err != nil && idem.KindOf(err) != idem.Unprocessable {
		return err
	}
	t.zone(got, e.MRZ)
	t.compare(got.Fields, truth)
	return nil
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
	return map[string]string{
		"document_type": z.Type, "issuer": z.Issuer, "document_number": z.Number, "nationality": z.Nationality,
		"personal_number": e.Person.PersonalNumber, "surname": z.Surname, "given_names": z.Given,
		"birth_date": z.Birth.String(), "expiry_date": z.Expiry.String(), "sex": string(z.Sex),
	}, nil
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
	return DocumentLevel{Level: name, Found: rate(t.found, t.n), Valid: rate(t.valid, t.n), Exact: rate(t.exact, t.n), DataLine: rate(t.data, t.n),
		Names: rate(t.names, t.n), ValidWrong: rate(t.validWrong, t.n), Fields: t.fields, Wrong: t.wrong, Invented: t.invented, CPU: meanOf(t.cpu)}
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
	return p.err
}
