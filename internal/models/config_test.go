package models

import (
	"path/filepath"
	"strings"
	"testing"
)

const ownRecogniser = `{"recogniser": {"file": "mine.onnx", "sha256": "` + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" + `",
 "order": "RGB", "mean": 0, "scale": 1, "id": "mine", "side": 112, "dim": 128, "template_version": 1,
 "calibration": [{"Score": 0.3, "FMR": 0.01}, {"Score": 0.5, "FMR": 0.0001}], "worst_norm": 1, "best_norm": 9}}`

func TestLoadDefault(t *testing.T) {
	c, err := Load(t.TempDir())
	if err != nil || c.Model().ID == "" || c.Model().Short != 0xfecdaa87 {
		t.Fatalf("%+v, %v", c.Model(), err)
	}
}

func TestLoadOwnRecogniser(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "models.json"), []byte(ownRecogniser))
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	m := c.Model()
	if m.ID != "mine" || m.Dim != 128 || m.TemplateVersion != 1 || m.Short != 0x67452301 || c.Detector != Default().Detector {
		t.Errorf("%+v", m)
	}
	if th, err := m.Calibration.Threshold(1e-3); err != nil || th < .399 || th > .401 {
		t.Errorf("threshold %v, %v", th, err)
	}
}

func TestLoadReportsFaults(t *testing.T) {
	for text, want := range map[string]string{
		`{"recogniser": {"id": "mine"}}`: "sha256",
		`{"recognizer": {}}`:             "unknown field",
		`{"live": 2}`:                    "live must be",
		strings.Replace(ownRecogniser, `"RGB"`, `"YUV"`, 1):       "order must be",
		strings.Replace(ownRecogniser, `"FMR": 0.01`, `"x":1`, 1): "unknown field",
	} {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, "models.json"), []byte(text))
		if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTemplateVersionIsAnotherModel(t *testing.T) {
	one, two := Default(), Default()
	two.Recogniser.TemplateVersion = 2
	if one.Model().Short == two.Model().Short || one.Model().Hash != two.Model().Hash {
		t.Error("two template versions of one network share a model number, or not its hash")
	}
}
