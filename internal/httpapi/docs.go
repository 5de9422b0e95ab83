package httpapi

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

//go:embed pages/docs.html pages/errors.html pages/style.css
var pageFiles embed.FS

// docs holds the pages about the API, rendered once from its document. They
// carry no script and load nothing from elsewhere.
type docs struct{ spec, html, codes, css []byte }

func (s *server) renderDocs() *docs {
	spec, err := s.document3_1()
	if err != nil {
		panic(fmt.Sprintf("encode the API's document: %v", err)) // it is made of constants
	}
	templates := template.Must(template.ParseFS(pageFiles, "pages/*.html"))
	css, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		panic(fmt.Sprintf("read an embedded file: %v", err))
	}
	return &docs{spec: spec, css: css, html: render(templates, "docs.html", s.docsView()),
		codes: render(templates, "errors.html", errorCodes())}
}

// document3_1 is the OpenAPI 3.1 document, indented, in a stable order.
func (s *server) document3_1() ([]byte, error) {
	raw, err := s.api.OpenAPI().MarshalJSON()
	if err != nil {
		return nil, err
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	return json.Marshal(tree, json.Deterministic(true), jsontext.WithIndent("  "))
}

func render(t *template.Template, name string, view any) []byte {
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, name, view); err != nil {
		panic(fmt.Sprintf("render %s: %v", name, err)) // the input does not depend on requests
	}
	return out.Bytes()
}

func (d *docs) document(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/openapi+json")
	_, _ = w.Write(d.spec)
}

func (d *docs) page(w http.ResponseWriter, _ *http.Request)   { writePage(w, d.html) }
func (d *docs) errors(w http.ResponseWriter, _ *http.Request) { writePage(w, d.codes) }

func (d *docs) style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=3600")
	_, _ = w.Write(d.css)
}

func writePage(w http.ResponseWriter, html []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	_, _ = w.Write(html)
}

// docsView is what the page's template shows.
type docsView struct {
	Title, Version string
	Intro          []string
	Groups         []docsGroup
	Schemas        []docsSchema
}

type docsGroup struct {
	Name, Description string
	Operations        []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary, Curl string
	Description                     []string
	Parameters                      []docsField
	Body, Answer                    docsBody
	Refusals                        []docsRefusal
}

type docsField struct {
	Name, Where, Type, Link, Description string
	Required                             bool
}

type docsBody struct {
	Types   string
	Fields  []docsField
	Schema  string
	Link    string
	Example string
	Status  string
}

type docsRefusal struct{ Status, Description string }

type docsSchema struct {
	Name   string
	Fields []docsField
}

func (s *server) docsView() docsView {
	api := s.api.OpenAPI()
	view := docsView{Title: api.Info.Title, Version: api.Info.Version, Intro: paragraphs(api.Info.Description)}
	for _, tag := range api.Tags {
		view.Groups = append(view.Groups, docsGroup{Name: tag.Name, Description: tag.Description, Operations: s.operationsOf(tag.Name)})
	}
	schemas := api.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		view.Schemas = append(view.Schemas, docsSchema{Name: name, Fields: fieldsOf(schemas[name])})
	}
	return view
}

func paragraphs(text string) []string {
	var out []string
	for _, p := range strings.Split(text, "\n\n") {
		if p = strings.TrimSpace(strings.ReplaceAll(p, "`", "")); p != "" {
			out = append(out, p)
		}
	}
	return out
}

func (s *server) operationsOf(tag string) []docsOperation {
	var out []docsOperation
	paths := s.api.OpenAPI().Paths
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
			if op := s.operationAt(method, path); op != nil && slices.Contains(op.Tags, tag) {
				out = append(out, s.operationView(op))
			}
		}
	}
	return out
}

func (s *server) operationView(op *huma.Operation) docsOperation {
	view := docsOperation{ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Description: paragraphs(op.Description)}
	for _, p := range op.Parameters {
		kind, link := typeOf(p.Schema)
		view.Parameters = append(view.Parameters, docsField{Name: p.Name, Where: p.In, Type: kind, Link: link,
			Description: cmp.Or(p.Description, p.Schema.Description), Required: p.Required})
	}
	if op.RequestBody != nil {
		view.Body = s.bodyView(op.RequestBody.Content)
	}
	for _, code := range slices.Sorted(maps.Keys(op.Responses)) {
		r := op.Responses[code]
		if code < "300" {
			view.Answer = s.bodyView(r.Content)
			view.Answer.Status = code
			continue
		}
		view.Refusals = append(view.Refusals, docsRefusal{code, r.Description})
	}
	view.Curl = curl(op, view.Body.Example)
	return view
}

func (s *server) bodyView(content map[string]*huma.MediaType) docsBody {
	view := docsBody{Types: strings.Join(slices.Sorted(maps.Keys(content)), ", ")}
	media := content["application/json"]
	if media == nil {
		return view
	}
	view.Schema, view.Link = typeOf(media.Schema)
	view.Fields = fieldsOf(s.resolve(media.Schema))
	if media.Example != nil {
		text, err := json.Marshal(media.Example, json.Deterministic(true), jsontext.WithIndent("  "))
		if err == nil {
			view.Example = string(text)
		}
	}
	return view
}

func fieldsOf(schema *huma.Schema) []docsField {
	var out []docsField
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		p := schema.Properties[name]
		kind, link := typeOf(p)
		out = append(out, docsField{Name: name, Type: kind, Link: link, Description: p.Description,
			Required: slices.Contains(schema.Required, name)})
	}
	return out
}

// typeOf names a type, and the schema that it leads to.
func typeOf(schema *huma.Schema) (kind, link string) {
	switch {
	case schema == nil:
		return "", ""
	case schema.Ref != "":
		name := schema.Ref[strings.LastIndex(schema.Ref, "/")+1:]
		return name, name
	case schema.Type == "array" && schema.Items != nil:
		kind, link = typeOf(schema.Items)
		return "list of " + kind, link
	case len(schema.Enum) > 0:
		values := make([]string, len(schema.Enum))
		for i, v := range schema.Enum {
			values[i] = fmt.Sprint(v)
		}
		return strings.Join(values, " | "), ""
	case schema.Format != "":
		kind = schema.Format
	default:
		kind = schema.Type
	}
	if schema.Nullable {
		kind += " or null"
	}
	return kind, ""
}

// curl is the request on a command line: a form where pictures are files, which
// those who try it have at hand, else JSON.
func curl(op *huma.Operation, example string) string {
	lines := []string{"curl -H 'Authorization: Bearer sk_...'"}
	if op.RequestBody != nil && op.RequestBody.Content["multipart/form-data"] != nil {
		lines = append(lines, formParts(op.RequestBody.Content["application/json"].Example)...)
		return strings.Join(append(lines, "https://idem.example"+op.Path), " \\\n  ")
	}
	if op.Method != http.MethodGet && !(op.Method == http.MethodPost && example != "") {
		lines[0] += " -X " + op.Method
	}
	if example != "" {
		compact := strings.Join(strings.Fields(example), " ")
		lines = append(lines, "-H 'Content-Type: application/json'", "--data '"+compact+"'")
	}
	return strings.Join(append(lines, "https://idem.example"+op.Path), " \\\n  ")
}

// formParts writes the members of an example as curl's parts of a form.
func formParts(example any) (lines []string) {
	members, _ := example.(object)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		switch v := members[name].(type) {
		case string:
			lines = append(lines, formPart(name, v))
		case []any:
			if !slices.Contains(v, any(exampleImage)) {
				lines = append(lines, formPart(name, compactJSON(v)))
				continue
			}
			for range v {
				lines = append(lines, formPart(name, exampleImage))
			}
		case object: // files by name
			for _, file := range slices.Sorted(maps.Keys(v)) {
				lines = append(lines, "-F "+name+"=@"+file)
			}
		default:
			lines = append(lines, formPart(name, compactJSON(v)))
		}
	}
	return lines
}

func formPart(name, value string) string {
	if value == exampleImage {
		return "-F " + name + "=@" + name + ".jpg"
	}
	return "-F '" + name + "=" + value + "'"
}

func compactJSON(v any) string {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(fmt.Sprintf("encode an example: %v", err)) // it is made of constants
	}
	return string(text)
}
