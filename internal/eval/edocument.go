package eval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/idem-id/idem/internal/tech"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/tech/edocument/trust"
)

// Chips is the result of checking sample chips and mobile documents whose
// verdicts are known.
type Chips struct {
	Samples []ChipSample `json:"samples"`
	Right   int          `json:"right"` // samples whose verdict, zone and portrait are as expected
}

// ChipSample is one of them.
type ChipSample struct {
	Name     string        `json:"name"`
	Want     string        `json:"want"` // passed, or the reason
	Got      string        `json:"got"`
	Zone     bool          `json:"zone"` // as expected, or none expected
	Portrait string        `json:"portrait,omitempty"`
	Time     time.Duration `json:"nanoseconds"` // median of five runs, one at a time, decoding of the portrait included
	Right    bool          `json:"right"`
}

// EDocuments checks every folder below dir that holds EF.SOD and csca.cer, or
// issuersigned.cbor and iaca.cer. The verdicts stand in expected.json beside
// the folders; without an entry a sample must pass. build returns the
// technology over a trust store of its own.
func EDocuments(ctx context.Context, dir string, build func(*trust.Store) tech.Technology) (Chips, error) {
	var c Chips
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() != "EF.SOD" && e.Name() != "issuersigned.cbor" {
			return err
		}
		s, err := checkSample(ctx, filepath.Dir(path), build)
		if err != nil {
			return fmt.Errorf("sample %s: %w", filepath.Dir(path), err)
		}
		c.Samples = append(c.Samples, s)
		return nil
	})
	if err != nil {
		return c, err
	}
	if len(c.Samples) == 0 {
		return c, errors.New("no EF.SOD and no issuersigned.cbor below " + dir)
	}
	for _, s := range c.Samples {
		if s.Right {
			c.Right++
		}
	}
	return c, nil
}

// verdict is an entry of expected.json.
type verdict struct {
	Expect string   `json:"expect"`
	MRZ    []string `json:"mrz"`
	Size   []int    `json:"size"`
}

// reasonsOf translate the wording of expected.json.
var reasonsOf = map[string]tech.Reason{
	"DG1 hash mismatch": edocument.DigestMismatch, "DG2 hash mismatch": edocument.DigestMismatch,
	"signature invalid":                       edocument.SignatureInvalid,
	"no trusted CSCA for the document signer": edocument.NotTrusted,
}

func readVerdict(dir string) (v verdict, want string, err error) {
	data, err := os.ReadFile(filepath.Join(filepath.Dir(dir), "expected.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return v, "passed", nil
	}
	if err != nil {
		return v, "", err
	}
	all := map[string]verdict{}
	if err := json.Unmarshal(data, &all); err != nil {
		return v, "", err
	}
	v = all[filepath.Base(dir)]
	if reason, ok := reasonsOf[v.Expect]; ok {
		return v, string(reason), nil
	}
	if v.Expect != "" && !strings.HasPrefix(v.Expect, "passive authentication succeeds") {
		return v, v.Expect, nil
	}
	return v, "passed", nil
}

func checkSample(ctx context.Context, dir string, build func(*trust.Store) tech.Technology) (ChipSample, error) {
	s := ChipSample{Name: filepath.Base(dir)}
	want, text, err := readVerdict(dir)
	if err != nil {
		return s, err
	}
	s.Want = text
	files, store, err := readSample(dir)
	if err != nil {
		return s, err
	}
	defer os.RemoveAll(store.Folder())
	technology := build(store)
	var out tech.Outcome
	var took []time.Duration
	for range 5 {
		start := time.Now()
		if out, err = technology.Run(ctx, tech.Evidence{Files: files}); err != nil {
			return s, err
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	s.Time = took[2]
	s.judge(want, out)
	return s, nil
}

// readSample reads the files and makes a trust store of the sample's root.
func readSample(dir string) (files map[string][]byte, store *trust.Store, err error) {
	folder, err := os.MkdirTemp("", "idem-eval-")
	if err != nil {
		return nil, nil, err
	}
	files, store = map[string][]byte{}, trust.Open(folder)
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		data, readErr := os.ReadFile(filepath.Join(dir, e.Name()))
		switch err = errors.Join(err, readErr); filepath.Ext(e.Name()) {
		case ".cer":
			_, importErr := store.Import(data)
			err = errors.Join(err, importErr)
		case ".cbor":
			files[edocument.IssuerSigned] = data
		default:
			files[e.Name()] = data
		}
	}
	return files, store, err
}

func (s *ChipSample) judge(want verdict, out tech.Outcome) {
	s.Got = "passed"
	if !out.Passed {
		s.Got = string(out.Reasons[0])
	}
	result := out.Details.(*edocument.Result)
	s.Zone = want.MRZ == nil || result.Document != nil && slices.Equal(want.MRZ, result.Document.MRZ)
	s.Right = s.Want == s.Got && s.Zone
	if !out.Passed || result.Portrait == nil {
		return
	}
	s.Portrait = result.Portrait.Type + ", not decoded"
	if out.Face != nil {
		size := out.Face.Bounds().Size()
		s.Portrait = fmt.Sprintf("%s %d x %d", result.Portrait.Type, size.X, size.Y)
		s.Right = s.Right && (want.Size == nil || slices.Equal(want.Size, []int{size.X, size.Y}))
	}
}

// Text writes a Markdown table.
func (c Chips) Text(w io.Writer) error {
	p := printer{w: w}
	p.line("| sample | expected | found | zone | portrait | milliseconds |")
	p.line("|---|---|---|---|---|---|")
	for _, s := range c.Samples {
		zone := map[bool]string{true: "as expected", false: "differs"}[s.Zone]
		p.line("| %s | %s | %s | %s | %s | %.2f |", s.Name, s.Want, s.Got, zone, s.Portrait, s.Time.Seconds()*1000)
	}
	p.line("\n%d of %d as expected.", c.Right, len(c.Samples))
	return p.err
}
