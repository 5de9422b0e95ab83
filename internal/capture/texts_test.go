package capture_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/capture"
)

func languages(t *testing.T) map[string]map[string]string {
	t.Helper()
	files, err := filepath.Glob("ui/locales/*.json")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d locales, %v", len(files), err)
	}
	all := map[string]map[string]string{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{}
		if err := json.Unmarshal(data, &texts); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		all[strings.TrimSuffix(filepath.Base(f), ".json")] = texts
	}
	return all
}

var place = regexp.MustCompile(`\{\w+\}`)

func TestLanguagesHaveTheSameTexts(t *testing.T) {
	all := languages(t)
	for locale, texts := range all {
		for key, text := range texts {
			english, ok := all["en"][key]
			if !ok {
				t.Errorf("en lacks %s of %s", key, locale)
			}
			if text == "" || strings.TrimSpace(text) != text {
				t.Errorf("%s %s is %q", locale, key, text)
			}
			if a, b := place.FindAllString(text, -1), place.FindAllString(english, -1); !slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))) {
				t.Errorf("%s %s has places %v, en %v", locale, key, a, b)
			}
		}
		for key := range all["en"] {
			if texts[key] == "" {
				t.Errorf("%s lacks %s", locale, key)
			}
		}
	}
}

// sources collects what a pattern finds in the Go files of a folder below
// internal, tests left out.
func sources(t *testing.T, dir string, pattern *regexp.Regexp) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(filepath.Join("..", dir), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range pattern.FindAllSubmatch(text, -1) {
			found[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var (
	reason  = regexp.MustCompile(`tech\.Reason\s*(?:=\s*|\{)"([a-z_]+)"`)
	refusal = regexp.MustCompile(`idem\.Errorf\([^,]+, "([A-Z_]+)"`)
)

// forPrograms are refusals that no person can come to see on the page: they
// answer to requests that it does not make, or to faults of its own.
var forPrograms = []string{
	"VALIDATION_FAILED", "FILES_EXIST", "FILES_NOT_KEPT", "INVALID_JSON", "INVALID_MULTIPART", "CONTENT_TYPE_UNSUPPORTED", "ENCODING_UNSUPPORTED", "AMBIGUOUS_CREDENTIALS",
	"METHOD_NOT_ALLOWED", "NOT_FOUND", "ORIGIN_FORBIDDEN", "IMAGE_BASE64_INVALID", "RESULT_INCOMPLETE", "GUIDANCE_NOT_OFFERED",
	"TESSERACT_MISSING", // told by doctor alone
}

// TestAnOperatorAddsALanguage: one file is one more language, of the page and
// of sessions; what it lacks is English, and what cannot be shown is refused.
func TestAnOperatorAddsALanguage(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("de.json", `{"lang": "de", "name": "Deutsch", "dir": "ltr", "page.title": "Prüfung </script>", "clock": "Noch {time}", "no.longer": "x"}`)
	write("README.txt", "not a language")
	all, err := capture.LoadTexts(folder)
	if err != nil {
		t.Fatal(err)
	}
	if got := all.Locales(); !slices.Equal(got, []string{"de", "en", "kz", "ru"}) {
		t.Errorf("locales %v", got)
	}
	missing, english := all.Missing("de"), languages(t)["en"]
	if len(missing) != len(english)-5 || !slices.Contains(missing, "retry") || all.Texts("de")["retry"] != english["retry"] || all.Texts("de")["no.longer"] != "" {
		t.Errorf("%d of %d are missing", len(missing), len(english))
	}
	mux := http.NewServeMux()
	capture.Routes(mux, capture.Deps{Session: sessions, Texts: all})
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/flow/"+running+"?locale=de", nil))
	if body := w.Body.String(); !strings.Contains(body, `<html lang="de">`) || !strings.Contains(body, `"clock":"Noch {time}"`) || strings.Contains(body, "Prüfung </script>") {
		t.Error(body)
	}
	for name, text := range map[string]string{
		"de.json": `{"lang": "de", "name": "Deutsch", "clock": "Noch {Zeit}"}`, "fr.json": `{"name": "Français"}`, "it.json": `{"lang": "it"}`,
		"ar.json": `{"lang": "ar", "name": "العربية", "dir": "right"}`, "es.json": `["lang"]`, "Klingon language.json": `{}`,
	} {
		before, _ := os.ReadFile(filepath.Join(folder, name))
		write(name, text)
		if _, err := capture.LoadTexts(folder); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s %s: %v", name, text, err)
		}
		if write(name, string(before)); before == nil {
			_ = os.Remove(filepath.Join(folder, name))
		}
	}
	write("ar.json", `{"lang": "ar", "name": "العربية", "dir": "rtl"}`)
	if all, err = capture.LoadTexts(folder); err != nil || len(all.Locales()) != 5 {
		t.Errorf("the files that were refused stay refused: %v", err)
	}
}

func TestEveryCodeOfTheServerHasAText(t *testing.T) {
	keys := []string{}
	for code := range sources(t, "tech", reason) {
		keys = append(keys, "reason."+code)
	}
	for code := range sources(t, "flow", reason) {
		keys = append(keys, "reason."+code)
	}
	if len(keys) < 50 {
		t.Errorf("found %d reasons", len(keys))
	}
	refusals := map[string]bool{}
	for _, dir := range []string{"flow", "tech", "picture", "httpapi/flows"} {
		maps.Copy(refusals, sources(t, dir, refusal))
	}
	if len(refusals) < 25 {
		t.Errorf("found %d refusals", len(refusals))
	}
	for _, e := range []*idem.Error{idem.ErrSessionNotFound, idem.ErrSessionState, idem.ErrSessionExpired, idem.ErrResultExists} {
		refusals[e.Code] = true
	}
	for code := range refusals {
		if !slices.Contains(forPrograms, code) && code != "FLOW_DELETED" {
			keys = append(keys, "error."+code)
		}
	}
	for _, f := range []idem.Failure{idem.FailureAborted, idem.FailureNoSubscription, idem.FailureNoReference, idem.FailureNoProbe, idem.FailureExpired} {
		keys = append(keys, "failure."+f.Detail)
	}
	for _, c := range idem.FlowTechnologies() {
		keys = append(keys, "step."+string(c))
	}
	texts := languages(t)["en"]
	for _, key := range keys {
		if texts[key] == "" {
			t.Errorf("there is no text for %s", key)
		}
	}
}

// TestScriptsSayOnlyWhatThereIs looks for the keys that scripts and pages name
// whole, and for texts that nothing names.
func TestScriptsSayOnlyWhatThereIs(t *testing.T) {
	texts := languages(t)["en"]
	var code strings.Builder
	for _, pattern := range []string{"ui/*.ts", "ui/screens/*.ts", "*.go"} {
		files, _ := filepath.Glob(pattern)
		for _, f := range files {
			if strings.Contains(f, "test") {
				continue
			}
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			code.Write(data)
		}
	}
	for _, m := range regexp.MustCompile("\\b(?:say|tell)\\(\"([a-z][a-zA-Z0-9._-]*)\"").FindAllStringSubmatch(code.String(), -1) {
		if texts[m[1]] == "" {
			t.Errorf("the scripts say %s, which has no text", m[1])
		}
	}
	composed := regexp.MustCompile(`^(reason|error|failure|step|camera|primer|move|finished|problem|liveness|document)\.`)
	for key := range texts {
		if !composed.MatchString(key) && !strings.Contains(code.String(), `"`+key+`"`) {
			t.Errorf("nothing says %s", key)
		}
	}
}
