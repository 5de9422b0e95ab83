package specimen

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"

	"github.com/idem-id/idem"
)

// ManifestName is the file that says what is true about the photographs of its
// folder: a JSON list of entries.
const ManifestName = "manifest.json"

// Entry is one photograph of a manifest.
type Entry struct {
	File     string   `json:"file"`
	Front    string   `json:"front,omitempty"` // the other side of a card
	Kind     Kind     `json:"kind"`
	Level    string   `json:"level"`
	MRZ      []string `json:"mrz"`
	Quad     Quad     `json:"quad"`
	Portrait [4]int   `json:"portrait"` // x, y, width, height on the card
	Card     [2]int   `json:"card"`     // width, height
	Person   Holder   `json:"person"`
}

// Holder is a person as a manifest writes one: names with fillers for blanks,
// dates as YYMMDD.
type Holder struct {
	Surname        string `json:"sur"`
	Given          string `json:"giv"`
	Birth          string `json:"dob"`
	Expiry         string `json:"exp"`
	Sex            string `json:"sex"`
	Number         string `json:"dn"`
	PersonalNumber string `json:"pn"`
	// Native is what a bilingual card writes beside.
	Native *Native `json:"native,omitempty"`
}

func (p Person) holder() Holder {
	short := func(d idem.Date) string { return fmt.Sprintf("%02d%02d%02d", d.Year%100, d.Month, d.Day) }
	fill := func(s string) string { return strings.ReplaceAll(s, " ", "<") }
	return Holder{fill(p.Surname), fill(p.Given), short(p.Birth), short(p.Expiry), string(p.Sex), p.Number, p.PersonalNumber, p.Native}
}

// Batch asks for a folder of photographs.
type Batch struct {
	Seed     uint64
	Count    int      // photographs of each kind at each level
	Levels   []string // all when empty
	Kinds    []Kind   // those of the variable Kinds when empty
	Portrait image.Image
	Progress func(done int) // may be nil
}

// Total returns how many entries the manifest of the batch will have.
func (b Batch) Total() int { return len(b.kinds()) * len(b.levels()) * b.Count }

func (b Batch) kinds() []Kind {
	if len(b.Kinds) == 0 {
		return Kinds
	}
	return b.Kinds
}

func (b Batch) levels() []string {
	if len(b.Levels) == 0 {
		return Levels
	}
	return b.Levels
}

// Write takes the photographs of a batch into a folder, which it makes, and
// writes their manifest. Cards have a second photograph, of the front.
func Write(ctx context.Context, f *Fonts, folder string, b Batch) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make the folder of specimens: %w", err)
	}
	w := writer{f, folder, b, nil}
	for _, kind := range b.kinds() {
		if plans[kind].zone == nil {
			return idem.Errorf(idem.Invalid, "SPECIMEN_KIND", "there is no specimen of kind %q with a zone", string(kind))
		}
		for _, level := range b.levels() {
			for i := range b.Count {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := w.add(Order{kind, level, b.Seed, i, b.Portrait}); err != nil {
					return err
				}
			}
		}
	}
	return w.manifest()
}

type writer struct {
	fonts   *Fonts
	folder  string
	batch   Batch
	entries []Entry
}

func (w *writer) add(o Order) error {
	p, file, err := w.take(o)
	if err != nil {
		return err
	}
	e := Entry{File: file, Kind: o.Kind, Level: o.Level, MRZ: p.Card.Lines, Quad: p.Quad, Person: p.Person.holder()}
	at, size := p.Card.Portrait, p.Card.Image.Rect.Size()
	e.Portrait, e.Card = [4]int{at.Min.X, at.Min.Y, at.Dx(), at.Dy()}, [2]int{size.X, size.Y}
	if front, ok := o.Kind.front(); ok {
		o.Kind = front
		if _, e.Front, err = w.take(o); err != nil {
			return err
		}
	}
	w.entries = append(w.entries, e)
	if w.batch.Progress != nil {
		w.batch.Progress(len(w.entries))
	}
	return nil
}

func (w *writer) take(o Order) (Photo, string, error) {
	p, err := Take(w.fonts, o)
	if err != nil {
		return Photo{}, "", err
	}
	file := fmt.Sprintf("%s_%s_%03d.jpg", o.Kind, o.Level, o.Index)
	return p, file, os.WriteFile(filepath.Join(w.folder, file), p.JPEG, 0o644)
}

func (w *writer) manifest() error {
	data, err := json.MarshalIndent(w.entries, "", " ")
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return os.WriteFile(filepath.Join(w.folder, ManifestName), append(data, '\n'), 0o644)
}

// ReadManifest reads the manifest of a folder. A file that is none is refused
// with SPECIMEN_MANIFEST.
func ReadManifest(folder string) ([]Entry, error) {
	data, err := os.ReadFile(filepath.Join(folder, ManifestName))
	if err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	var entries []Entry
	if err := json.Unmarshal(data, &entries); err != nil {
		return nil, idem.Errorf(idem.Invalid, "SPECIMEN_MANIFEST", "%s is no list of specimens", ManifestName).Because(err)
	}
	for _, e := range entries {
		if !filepath.IsLocal(e.File) || len(e.MRZ) == 0 {
			return nil, idem.Errorf(idem.Invalid, "SPECIMEN_MANIFEST", "%s names a file outside its folder or without its lines", ManifestName)
		}
	}
	return entries, nil
}
