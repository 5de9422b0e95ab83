package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLanguagesOfTheDataFolder: what show prints is a whole file; what is
// missing in one is listed.
func TestLanguagesOfTheDataFolder(t *testing.T) {
	data := t.TempDir()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Join(data, "texts"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(data, "texts", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		out, err := runLine(t, append([]string{"--data", data, "texts"}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	write("de.json", strings.Replace(run("show", "en"), `"name": "English"`, `"name": "Deutsch"`, 1))
	write("fr.json", `{"lang": "fr", "name": "Français"}`)
	if out := run("list"); !strings.Contains(out, "de  Deutsch\nen") || !strings.Contains(out, "fr  Français\n  missing: abort\n") {
		t.Error(out)
	}
	if _, err := runLine(t, "--data", data, "texts", "show", "it"); err == nil {
		t.Error("a language that is not there was shown")
	}
	write("fr.json", `{"lang": "fr", "name": "Français", "clock": "{heure}"}`)
	if _, err := runLine(t, "--data", data, "serve"); err == nil || !strings.Contains(err.Error(), "fr.json") {
		t.Errorf("a server starts with texts that it cannot show: %v", err)
	}
}
