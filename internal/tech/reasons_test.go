package tech_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var declared = regexp.MustCompile(`tech\.Reason\s*=\s*"([a-z_]+)"`)

// TestReasonsAreDocumented: the codes of outcomes are part of the interface.
func TestReasonsAreDocumented(t *testing.T) {
	var docs strings.Builder
	for _, name := range []string{"checks.md", "edocuments.md", "flows-api.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		docs.Write(text)
	}
	n := 0
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(source, -1) {
			if n++; !strings.Contains(docs.String(), "`"+string(m[1])+"`") {
				t.Errorf("%s: %s is not documented", path, m[1])
			}
		}
		return err
	})
	if err != nil || n < 50 {
		t.Errorf("found %d reasons, %v", n, err)
	}
}
