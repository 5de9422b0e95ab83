package tesseract

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/idem-id/idem"
)

// ErrMissing: the program or one of its languages is not installed.
var ErrMissing = idem.Errorf(idem.Unavailable, "TESSERACT_MISSING", "Cyrillic letters are not read: Tesseract with Kazakh and Russian is not installed")

// languages is the order in which the program tries them. Kazakh's letters
// include all of Russian's.
var languages = []string{"kaz", "rus"}

// askTime bounds the question what is installed.
const askTime = 5 * time.Second

// Program is an installed Tesseract.
type Program struct {
	Path    string
	Version string // as the program tells it: 5.3.0
}

// Find looks for the program and its languages; else ErrMissing.
func Find(ctx context.Context) (Program, error) {
	path, err := exec.LookPath("tesseract")
	if err != nil {
		return Program{}, ErrMissing.Because(err)
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	installed, err := exec.CommandContext(ctx, path, "--list-langs").Output()
	if err != nil {
		return Program{}, ErrMissing.Because(fmt.Errorf("list its languages: %w", err))
	}
	for _, l := range languages {
		if !slices.Contains(strings.Fields(string(installed)), l) {
			return Program{}, ErrMissing.Because(fmt.Errorf("no language %s", l))
		}
	}
	version, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return Program{}, ErrMissing.Because(fmt.Errorf("ask its version: %w", err))
	}
	fields := append(strings.Fields(string(version)), "", "")
	return Program{path, fields[1]}, nil
}

// Command is the program with all that makes it read one picture of lines from
// its standard input and write a table to its output.
func (p Program) Command() []string {
	return []string{p.Path, "stdin", "stdout", "-l", strings.Join(languages, "+"), "--psm", "6", "--dpi", "300", "-c", "tessedit_do_invert=0", "tsv"}
}

// Environment is what the program needs to be told: one thread.
func Environment() []string { return []string{"OMP_THREAD_LIMIT=1", "LC_ALL=C"} }
