package httpapi

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// description opens the API's document.
const description = `Idem registers persons, tells whether a face is already known, and keeps the proof of what happened.

Every request shows a secret key, sk_..., in the header Authorization: Bearer. Identifiers are UUIDv7, times are RFC 3339 in UTC.
A biometric outcome (no face, poor quality, a known face) is a result and not an error: it has a code in the answer.
Refusals are problem documents (RFC 9457) with a stable code. Every creating POST takes an Idempotency-Key, kept for 24
hours. Lists come in pages of at most 100 with an opaque cursor.`

// humaConfig is huma without its own pages, which would load scripts from
// elsewhere: see docs.go.
func (s *server) humaConfig() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Idem", Version: s.version, Description: description},
			Servers: []*huma.Server{{URL: "/"}},
			Tags:    tags(),
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{securityScheme: {
					Type: "http", Scheme: "bearer", Description: "A secret key of the organisation, sk_...",
				}},
			},
		},
		Formats:       map[string]huma.Format{"application/json": jsonFormat(), "json": jsonFormat()},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{problemOfHuma},
	}
}

func tags() []*huma.Tag {
	return []*huma.Tag{
		{Name: "persons", Description: "Individuals, with their state."},
		{Name: "aliases", Description: "Identifiers of a person: phone, personal number, document number, or your own."},
		{Name: "photos", Description: "Pictures of a person, one of them the default."},
		{Name: "actions", Description: "What happened to a person, for ever."},
		{Name: "identify", Description: "One face against all (1:N)."},
		{Name: "verify", Description: "One face against one (1:1)."},
		{Name: "check", Description: "One technology alone, outside any flow."},
		{Name: "organisation", Description: "Name and settings of the organisation."},
		{Name: "keys", Description: "Credentials of API clients."},
		{Name: "operators", Description: "People who sign in to the cabinet."},
		{Name: "technologies", Description: "What flows can be made of."},
		{Name: "flows", Description: "Ordered technologies that persons go through."},
		{Name: "webhooks", Description: "Where the events of a flow are delivered."},
		{Name: "sessions", Description: "Runs of flows."},
		{Name: "collections", Description: "What became of ended sessions: persons, or conflicts to decide."},
		{Name: "subscriptions", Description: "What the organisation may use."},
	}
}

// operationAt finds what huma wrote about a route.
func (s *server) operationAt(method, path string) *huma.Operation {
	item := s.api.OpenAPI().Paths[path]
	return map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
	}[method]
}

// dropHumaErrors removes the schemas of refusals that huma would make: they
// leave as Problems (problemOfHuma).
func (s *server) dropHumaErrors() {
	schemas := s.api.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel")
	delete(schemas, "ErrorDetail")
}

func (s *server) schemaOf(v any) *huma.Schema {
	t := reflect.TypeOf(v)
	return s.api.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}

func (s *server) problemResponse(code int) *huma.Response {
	r := &huma.Response{
		Description: problemMeaning(code),
		Content:     map[string]*huma.MediaType{problemType: {Schema: s.schemaOf(Problem{})}},
	}
	if code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable {
		r.Headers = map[string]*huma.Header{"Retry-After": {Description: "Seconds to wait.", Schema: &huma.Schema{Type: "integer"}}}
	}
	return r
}

func problemMeaning(code int) string {
	switch code {
	case http.StatusBadRequest:
		return "The request cannot be read."
	case http.StatusUnauthorized:
		return "No usable key."
	case http.StatusForbidden:
		return "The key lacks the permission, or the organisation the subscription."
	case http.StatusNotFound:
		return "The organisation has no such thing."
	case http.StatusRequestTimeout:
		return "The body did not arrive in time."
	case http.StatusConflict:
		return "The present state does not allow it."
	case http.StatusPreconditionFailed:
		return "It was changed meanwhile: If-Match does not fit."
	case http.StatusRequestEntityTooLarge:
		return "Too large."
	case http.StatusUnsupportedMediaType:
		return "A type that is not understood."
	case http.StatusUnprocessableEntity:
		return "Understood, and not valid."
	case http.StatusTooManyRequests:
		return "The server is busy."
	case http.StatusServiceUnavailable:
		return "A part of the server is not available at present."
	}
	return "The server failed."
}

func (s *server) addHeader(op *huma.Operation, code, name, doc string) {
	r := op.Responses[code]
	if r.Headers == nil {
		r.Headers = map[string]*huma.Header{}
	}
	r.Headers[name] = &huma.Header{Description: doc, Schema: &huma.Schema{Type: "string"}}
}

func idempotencyHeader() *huma.Param {
	longest := 255
	return &huma.Param{
		Name: "Idempotency-Key", In: "header", Example: "4f1c6f0e-7d5b-4f0a-9a51-0d7c6f2f5b1e",
		Description: "Makes repeating the request safe: the same key with the same body gets the first answer again, for 24 hours.",
		Schema:      &huma.Schema{Type: "string", MaxLength: &longest},
	}
}

// pictureBody documents a body that huma does not read: the same members as
// JSON with a base64 image, and as a form with a file.
func (s *server) pictureBody(o operation) *huma.RequestBody {
	schema := s.schemaOf(o.picture)
	form := *s.resolve(schema)
	properties := make(map[string]*huma.Schema, len(form.Properties))
	for name, p := range form.Properties {
		properties[name] = inForm(p)
	}
	form.Properties = properties
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/json":    {Schema: schema},
		"multipart/form-data": {Schema: &form},
	}}
}

// inForm turns what is base64 in JSON into files: a list of them has a part for
// each.
func inForm(p *huma.Schema) *huma.Schema {
	file := &huma.Schema{Type: "string", Format: "binary", Description: "The picture as a file."}
	values, _ := p.AdditionalProperties.(*huma.Schema)
	switch {
	case p.ContentEncoding == base64Encoding:
		return file
	case p.Items != nil && p.Items.ContentEncoding == base64Encoding:
		return &huma.Schema{Type: "array", Items: file, Description: "A part of this name for each."}
	case values != nil && values.ContentEncoding == base64Encoding:
		return &huma.Schema{Type: "array", Items: &huma.Schema{Type: "string", Format: "binary"}, Description: "A part of this name for each; its file name counts."}
	}
	return p
}

func (s *server) resolve(schema *huma.Schema) *huma.Schema {
	if schema.Ref == "" {
		return schema
	}
	return s.api.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
}

func (s *server) addExample(op *huma.Operation, example any) {
	if body := op.RequestBody; body != nil && body.Content["application/json"] != nil {
		body.Content["application/json"].Example = example
	}
}

// etag is the entity tag of a version (RFC 9110 section 8.8.3).
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }
