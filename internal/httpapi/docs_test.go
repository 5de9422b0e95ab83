package httpapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/httpapi"
)

var update = flag.Bool("update", false, "write the golden files again")

func page(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	httpapi.New(httpapi.Deps{Version: "1.0.0"}).ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	if w.Code != 200 {
		t.Fatalf("%s: status %d", path, w.Code)
	}
	return w
}

func TestDocumentIsGolden(t *testing.T) {
	got := page(t, "/openapi.json").Body.Bytes()
	const file = "testdata/openapi.json"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("the API's document changed: look at it, then run go test ./internal/httpapi -run TestDocumentIsGolden -update")
	}
}

type document struct {
	OpenAPI    string                          `json:"openapi"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas         map[string]any `json:"schemas"`
		SecuritySchemes map[string]any `json:"securitySchemes"`
	} `json:"components"`
}

type operation struct {
	OperationID string `json:"operationId"`
	Summary     string
	Description string
	Tags        []string
	Permission  string `json:"x-permission"`
	Security    []map[string][]string
	Parameters  []struct {
		Name, In string
		Required bool
		Schema   map[string]any
	}
	RequestBody *struct {
		Required bool
		Content  map[string]struct {
			Schema  map[string]any
			Example any
		}
	}
	Responses map[string]struct {
		Description string
		Content     map[string]struct{ Schema map[string]any }
	}
}

func parse(t *testing.T) (document, []byte) {
	t.Helper()
	raw := page(t, "/openapi.json").Body.Bytes()
	var d document
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	return d, raw
}

func TestDocumentIsComplete(t *testing.T) {
	d, _ := parse(t)
	if d.OpenAPI != "3.1.0" || len(d.Components.SecuritySchemes) != 1 {
		t.Errorf("version %s, security schemes %v", d.OpenAPI, d.Components.SecuritySchemes)
	}
	seen := map[string]string{}
	for path, item := range d.Paths {
		for method, op := range item {
			where := method + " " + path
			if other, twice := seen[op.OperationID]; twice || op.OperationID == "" {
				t.Errorf("%s and %s are both %q", where, other, op.OperationID)
			}
			seen[op.OperationID] = where
			checkOperation(t, where, method, path, op)
		}
	}
	if len(seen) != 61 {
		t.Errorf("%d operations", len(seen))
	}
}

func checkOperation(t *testing.T, where, method, path string, op operation) {
	t.Helper()
	if op.Summary == "" || op.Description == "" || len(op.Tags) != 1 || len(op.Security) != 1 {
		t.Errorf("%s lacks words, a tag or security", where)
	}
	if !slices.Contains(idem.AllPermissions(), idem.Permission(op.Permission)) {
		t.Errorf("%s needs %q", where, op.Permission)
	}
	for _, name := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
		if !slices.ContainsFunc(op.Parameters, func(p struct {
			Name, In string
			Required bool
			Schema   map[string]any
		}) bool {
			return p.Name == name[1] && p.In == "path" && p.Required
		}) {
			t.Errorf("%s does not describe %s", where, name[1])
		}
	}
	successes := 0
	for code, r := range op.Responses {
		if r.Description == "" {
			t.Errorf("%s: answer %s has no description", where, code)
		}
		if code < "300" {
			successes++
			if code != "204" && len(r.Content) == 0 {
				t.Errorf("%s: answer %s has no content", where, code)
			}
		} else if r.Content["application/problem+json"].Schema["$ref"] != "#/components/schemas/Problem" {
			t.Errorf("%s: answer %s is no problem: %v", where, code, r.Content)
		}
	}
	for _, code := range []string{"401", "403", "500", "503"} {
		if _, ok := op.Responses[code]; !ok {
			t.Errorf("%s does not tell about %s", where, code)
		}
	}
	if successes == 0 {
		t.Errorf("%s has no success", where)
	}
	if method == "patch" && op.RequestBody == nil || op.RequestBody != nil && op.RequestBody.Content["application/json"].Example == nil {
		t.Errorf("%s has no example of its body", where)
	}
}

func TestReferencesResolve(t *testing.T) {
	d, raw := parse(t)
	for _, ref := range regexp.MustCompile(`"\$ref": "([^"]+)"`).FindAllSubmatch(raw, -1) {
		name, ok := strings.CutPrefix(string(ref[1]), "#/components/schemas/")
		if _, there := d.Components.Schemas[name]; !ok || !there {
			t.Errorf("%s leads nowhere", ref[1])
		}
	}
}

func TestExamplesFitTheirSchemas(t *testing.T) {
	checked, faults := httpapi.CheckExamplesForTest()
	for _, fault := range faults {
		t.Error(fault)
	}
	if checked != 29 {
		t.Errorf("%d examples were checked", checked)
	}
}

func TestPagesLoadNothingFromElsewhere(t *testing.T) {
	for _, path := range []string{"/docs", "/docs/errors"} {
		got := page(t, path)
		csp := got.Header().Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "http") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
		body := got.Body.String()
		if strings.Contains(body, "<script") || regexp.MustCompile(`(src|href)="(https?:)?//`).MatchString(body) || strings.Contains(body, "style=") {
			t.Errorf("%s carries scripts, foreign addresses or inline style", path)
		}
	}
	if css := page(t, "/docs/style.css").Body.String(); strings.Contains(css, "url(") || strings.Contains(css, "@import") {
		t.Error("the style sheet loads something")
	}
}

func TestDocsTellEveryOperation(t *testing.T) {
	d, _ := parse(t)
	body := page(t, "/docs").Body.String()
	for path, item := range d.Paths {
		for method, op := range item {
			if !strings.Contains(body, fmt.Sprintf(`<article id="%s">`, op.OperationID)) {
				t.Errorf("%s %s is not on the page", method, path)
			}
		}
	}
	links := regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(links) < 50 {
		t.Errorf("%d links", len(links))
	}
	for _, link := range links {
		if !strings.Contains(body, `id="`+link[1]+`"`) {
			t.Errorf("the link to #%s leads nowhere", link[1])
		}
	}
}
