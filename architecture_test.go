package idem_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/idem-id/idem"

// arrows says which packages of ours each package may import. A folder without
// a line of its own takes the line of the nearest folder above it. The core
// (package idem, "") is open to all but match and client.
var arrows = map[string][]string{
	"":       {},
	"match":  {},
	"client": {},

	"internal/store":           {""},
	"internal/store/sqltext":   {"", "internal/store", "internal/store/chain"},
	"internal/store/sqlite":    {"", "internal/store", "internal/store/sqltext"},
	"internal/store/postgres":  {"", "internal/store", "internal/store/sqltext"},
	"internal/store/storetest": {"", "internal/store"},
	"internal/vault":           {"", "internal/store"},
	"internal/vault/vaulttest": {"", "internal/vault"},
	"internal/blob":            {"", "internal/store"},
	"internal/blob/dir":        {"", "internal/blob"},
	"internal/blob/blobtest":   {"", "internal/blob"},
	"internal/audit":           {"", "internal/store", "internal/store/chain"},
	"internal/backup":          {"", "internal/blob"},

	"internal/gallery":             {"", "match", "internal/store", "internal/store/chain"},
	"internal/gallery/ram":         {"", "match", "internal/gallery"},
	"internal/gallery/gallerytest": {"", "match", "internal/gallery"},

	"internal/picture":       {""},
	"internal/models":        {"", "internal/face"},
	"internal/face":          {"", "match"},
	"internal/face/facetest": {"", "match", "internal/face"},
	"internal/face/recent":   {"", "internal/face"},
	"internal/face/ort":      {"", "match", "internal/face", "internal/models", "internal/onnx"},
	"internal/eval":          {"", "match", "internal/face", "internal/picture", "internal/tech", "internal/tech/liveness", "internal/tech/edocument", "internal/tech/edocument/trust", "internal/mrz", "internal/specimen"},
	"internal/demo":          {"", "internal/face", "internal/picture"},

	"internal/onnx":     {"", "internal/models"},
	"internal/mrz":      {""},
	"internal/personal": {""},
	"internal/barcode":  {""},
	"internal/specimen": {"", "internal/mrz"},

	"internal/tech":                    {""},
	"internal/tech/run":                {"", "internal/tech"},
	"internal/tech/liveness":           {"", "match", "internal/tech", "internal/face"},
	"internal/tech/facematch":          {"", "match", "internal/tech", "internal/face"},
	"internal/tech/document":           {"", "internal/tech", "internal/face", "internal/mrz", "internal/personal", "internal/barcode", "internal/tech/document/ocr", "internal/tech/document/tesseract"},
	"internal/tech/document/ocr":       {"", "internal/models", "internal/onnx", "internal/mrz"},
	"internal/tech/document/tesseract": {""},
	"internal/tech/edocument":          {"", "internal/tech", "internal/picture", "internal/mrz", "internal/personal", "internal/tech/edocument"},

	"internal/job":      {"", "internal/store"},
	"internal/webhook":  {"", "internal/store", "internal/job"},
	"internal/access":   {"", "internal/store"},
	"internal/annotate": {},
	"internal/check": {"", "internal/store", "internal/access", "internal/face", "internal/picture", "internal/tech", "internal/tech/run",
		"internal/tech/edocument/provider"},
	"internal/check/report": {"", "internal/barcode", "internal/face", "internal/tech", "internal/tech/liveness", "internal/tech/facematch",
		"internal/tech/document", "internal/tech/document/ocr", "internal/tech/edocument", "internal/tech/edocument/pki", "internal/picture"},
	"internal/registry": {"", "match", "internal/store", "internal/gallery", "internal/blob", "internal/face", "internal/picture", "internal/audit"},
	"internal/flow": {"", "internal/store", "internal/face/recent", "internal/job", "internal/registry", "internal/picture", "internal/tech", "internal/tech/run", "internal/tech/liveness",
		"internal/tech/facematch", "internal/tech/document", "internal/tech/edocument", "internal/tech/edocument/provider"},
	"internal/flow/report":   {""},
	"internal/flow/flowtest": {"*"}, // wires a world for tests
	"internal/importer":      {""},

	"internal/httpapi": {"", "internal/store", "internal/access", "internal/registry", "internal/face", "internal/picture",
		"internal/gallery", "internal/metrics", "internal/check", "internal/check/report", "internal/flow", "internal/flow/report", "internal/webhook", "internal/tech", "internal/tech/run", "internal/tech/liveness", "internal/tech/facematch",
		"internal/tech/document", "internal/tech/edocument", "internal/tech/edocument/provider", "internal/httpapi"},
	"internal/httpapi/peer":     {},
	"internal/httpapi/throttle": {},
	"internal/capture":          {""},
	"internal/metrics":          {""},
	"internal/stream":           {},

	"cmd":      {"*"},
	"examples": {"client"},
	"tools":    {"*"},
}

type listed struct {
	ImportPath string
	Imports    []string
}

// TestArchitecture reads the import graph and fails on an arrow that the table
// does not have.
func TestArchitecture(t *testing.T) {
	for _, p := range list(t) {
		from := short(p.ImportPath)
		allowed, rule := ruleFor(from)
		if rule == "none" {
			t.Errorf("package %s stands nowhere in the architecture: give it a line", from)
		}
		for _, imported := range p.Imports {
			to := short(imported)
			if !strings.HasPrefix(imported, module) || slices.Contains(allowed, "*") || to == from {
				continue
			}
			if !slices.ContainsFunc(allowed, func(a string) bool {
				return a == to || strings.HasSuffix(from, "test") && strings.HasPrefix(to, a+"/") || a == rule && strings.HasPrefix(to, a+"/")
			}) {
				t.Errorf("%s must not import %s", from, to)
			}
		}
	}
}

func list(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func short(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

func ruleFor(name string) (allowed []string, rule string) {
	for at := name; ; at = path.Dir(at) {
		if at == "." || at == "/" {
			break
		}
		if allowed, ok := arrows[at]; ok {
			return allowed, at
		}
		if at == "" {
			break
		}
	}
	return nil, "none"
}

var behaviourRow = regexp.MustCompile("(?m)^\\| [^|]+ \\| `([^`]*)` \\| `([A-Za-z.]+)` \\|")

// TestBehaviourTable checks that every symbol that docs/ARCHITECTURE.md points
// to exists where it says.
func TestBehaviourTable(t *testing.T) {
	text, err := os.ReadFile("docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := behaviourRow.FindAllStringSubmatch(string(text), -1)
	if len(rows) < 20 {
		t.Fatalf("the table has %d rows, expected 20 or more", len(rows))
	}
	for _, row := range rows {
		dir, symbol := row[1], row[2]
		if !slices.Contains(declared(t, dir), symbol) {
			t.Errorf("%s has no %s", dir, symbol)
		}
	}
}

// declared lists functions as "Name" and methods as "Type.Name".
func declared(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Errorf("%s: %v", dir, err)
		return nil
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path.Join(dir, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				names = append(names, receiver(f)+f.Name.Name)
			}
		}
	}
	return names
}

func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	kind := f.Recv.List[0].Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	if name, ok := kind.(*ast.Ident); ok {
		return name.Name + "."
	}
	return ""
}

// TestFunctionsAreShort holds the style to numbers: over the whole tree half of
// the functions have at most twelve lines, none outside tests has more than
// sixty, and no file more than six hundred.
func TestFunctionsAreShort(t *testing.T) {
	lengths := map[string]int{}
	for _, p := range list(t) {
		dir := short(p.ImportPath)
		if dir == "" {
			dir = "."
		}
		measure(t, dir, lengths)
	}
	sorted := slices.Sorted(maps.Values(lengths))
	if median := sorted[len(sorted)/2]; median > 12 {
		t.Errorf("the median function has %d lines", median)
	}
	for name, n := range lengths {
		if n > 60 {
			t.Errorf("%s has %d lines", name, n)
		}
	}
}

func measure(t *testing.T, dir string, lengths map[string]int) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range files {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path.Join(dir, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if n := set.File(file.Pos()).LineCount(); n > 600 {
			t.Errorf("%s/%s has %d lines", dir, e.Name(), n)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
				lengths[dir+"/"+e.Name()+":"+receiver(f)+f.Name.Name] = set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1
			}
		}
	}
}
