package models

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/idem-id/idem/internal/face"
)

// Order is the channel order that a network was trained with.
type Order string

// The channel orders.
const (
	RGB Order = "RGB"
	BGR Order = "BGR"
)

// Net is a network file pinned by its sha256; File is relative to the models
// folder or absolute.
type Net struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
}

// Input says how pixels become numbers: (v - Mean) / Scale, v in 0..255.
type Input struct {
	Order Order   `json:"order"`
	Mean  float64 `json:"mean"`
	Scale float64 `json:"scale"`
}

// Detector is a face detector of the RFB family: input [1,3,Height,Width],
// outputs scores [1,n,2] and boxes [1,n,4] as corners in 0..1.
type Detector struct {
	Net
	Input
	Width    int     `json:"width"`
	Height   int     `json:"height"`
	MinScore float64 `json:"min_score"` // 0..1
	MaxIoU   float64 `json:"max_iou"`   // above it the weaker of two boxes is dropped
}

// Recogniser is a template network: input [1,3,Side,Side] of a face aligned
// by five points, output [1,Dim].
type Recogniser struct {
	Net
	Input
	ID              string        `json:"id"`
	Side            int           `json:"side"`
	Dim             int           `json:"dim"`
	TemplateVersion int           `json:"template_version"`
	Calibration     []face.Anchor `json:"calibration"` // cosine to false match rate
	// WorstNorm and BestNorm are the template lengths that mean quality 0 and 100.
	WorstNorm float64 `json:"worst_norm"`
	BestNorm  float64 `json:"best_norm"`
}

// Text is the reader of documents: detection [1,3,H,W] to [1,1,H,W], direction
// [n,3,48,192] to [n,2], recognition [n,3,48,W] to [n,W/8,classes]. Alphabet
// has one character a line: class 0 is the blank, class k line k, the last a
// space.
type Text struct{ Detect, Direction, Recognise, Alphabet Net }

// Config is what the engines load.
type Config struct {
	Detector   Detector
	Recogniser Recogniser
	Landmarks  Net
	Liveness   Net
	Pose       Net
	Text       Text
	Runtime    Net     // the ONNX Runtime library
	Live       float64 // PAD: live from this probability on
}

// Default returns the configuration of the pinned packages. Calibration: all
// pairs of Labeled Faces in the Wild (87 million impostor pairs) with label
// errors removed.
func Default() Config {
	return Config{
		Detector: Detector{Net: pinned(Detect), Input: Input{RGB, 127, 128}, Width: 320, Height: 240, MinScore: 0.65, MaxIoU: 0.4},
		Recogniser: Recogniser{
			Net: pinned(Feature), Input: Input{BGR, 127.5, 127.5}, ID: "faceplugin-mobilefacenet-512", Side: 112, Dim: 512, TemplateVersion: 1,
			Calibration: []face.Anchor{{Score: 0.248, FMR: 1e-2}, {Score: 0.34, FMR: 1e-3}, {Score: 0.42, FMR: 1e-4}, {Score: 0.49, FMR: 1e-5}, {Score: 0.56, FMR: 1e-6}},
			WorstNorm:   2.2, BestNorm: 4.4,
		},
		Landmarks: pinned(Landmark), Liveness: pinned(Liveness), Pose: pinned(Posture),
		Text:    Text{Detect: pinned(TextDetect), Direction: pinned(TextDirection), Recognise: pinned(TextRecognise), Alphabet: pinned(TextAlphabet)},
		Runtime: pinned(Runtime), Live: 0.30,
	}
}

func pinned(role Role) Net {
	for _, p := range Manifest() {
		for _, f := range p.needed() {
			if f.Role == role {
				return Net{f.Name, f.SHA256}
			}
		}
	}
	return Net{}
}

// own is the shape of models.json. A recogniser is given whole: the
// calibration of one network says nothing about another.
type own struct {
	Detector   *Detector   `json:"detector"`
	Recogniser *Recogniser `json:"recogniser"`
	Runtime    *Net        `json:"runtime"`
	Live       *float64    `json:"live"`
}

// Load returns the default configuration with what models.json in the folder
// replaces.
func Load(dir string) (Config, error) {
	c := Default()
	data, err := os.ReadFile(filepath.Join(dir, "models.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return Config{}, fmt.Errorf("read models.json: %w", err)
	}
	var o own
	in := json.NewDecoder(bytes.NewReader(data))
	in.DisallowUnknownFields()
	if err := in.Decode(&o); err != nil {
		return Config{}, fmt.Errorf("read models.json: %w", err)
	}
	o.apply(&c)
	if err := c.Validate(); err != nil {
		return Config{}, fmt.Errorf("models.json: %w", err)
	}
	return c, nil
}

func (o own) apply(c *Config) {
	if o.Detector != nil {
		c.Detector = *o.Detector
	}
	if o.Recogniser != nil {
		c.Recogniser = *o.Recogniser
	}
	if o.Runtime != nil {
		c.Runtime = *o.Runtime
	}
	if o.Live != nil {
		c.Live = *o.Live
	}
}

// Validate reports every fault.
func (c Config) Validate() error {
	d, r := c.Detector, c.Recogniser
	return errors.Join(
		d.Net.validate("detector"), r.Net.validate("recogniser"), d.Input.validate("detector"), r.Input.validate("recogniser"),
		must(d.Width >= 32 && d.Height >= 32 && d.Width <= 2048 && d.Height <= 2048, "detector: width and height must be 32..2048"),
		must(d.MinScore > 0 && d.MinScore < 1 && d.MaxIoU > 0 && d.MaxIoU <= 1, "detector: min_score and max_iou must be between 0 and 1"),
		must(r.ID != "", "recogniser: id is missing"),
		must(r.Side >= 32 && r.Side <= 512, "recogniser: side must be 32..512"),
		must(r.Dim >= 16 && r.Dim <= 4096, "recogniser: dim must be 16..4096"),
		must(r.TemplateVersion > 0, "recogniser: template_version must be positive"),
		must(r.BestNorm > r.WorstNorm, "recogniser: best_norm must be above worst_norm"),
		must(c.Live > 0 && c.Live < 1, "live must be between 0 and 1"),
		face.Calibration{Anchors: r.Calibration}.Validate(),
	)
}

func must(ok bool, fault string) error {
	if ok {
		return nil
	}
	return errors.New(fault)
}

func (n Net) validate(name string) error {
	raw, err := hex.DecodeString(n.SHA256)
	return must(n.File != "" && err == nil && len(raw) == 32, name+": file and sha256 (64 hex digits) are needed")
}

func (i Input) validate(name string) error {
	return must((i.Order == RGB || i.Order == BGR) && i.Scale > 0, name+": order must be RGB or BGR and scale positive")
}

// Model returns the identity that templates of the recogniser carry. Another
// file is another model. The same file fed otherwise (order, mean, scale) makes
// templates that cannot be compared: give it another template version, which
// makes it another model too.
func (c Config) Model() face.Model {
	r := c.Recogniser
	m := face.Model{ID: r.ID, Dim: r.Dim, TemplateVersion: r.TemplateVersion, Calibration: face.Calibration{Anchors: r.Calibration, Live: c.Live}}
	raw, _ := hex.DecodeString(r.SHA256) // Validate has seen it
	copy(m.Hash[:], raw)
	number := m.Hash
	if r.TemplateVersion != 1 {
		number = sha256.Sum256(binary.LittleEndian.AppendUint32(m.Hash[:], uint32(r.TemplateVersion)))
	}
	m.Short = binary.LittleEndian.Uint32(number[:])
	return m
}
