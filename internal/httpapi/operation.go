package httpapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
)

// operation is one line of the list of routes.
type operation struct {
	huma.Operation
	need       idem.Permission
	biometric  bool
	idempotent bool
	picture    any // zero value of the body that carries a picture, nil without one
	example    any // of the request's body
}

// The makers of lines. Every route needs a secret key with the permission.

func get(path, id, summary string, need idem.Permission) operation {
	return newOperation(http.MethodGet, path, id, summary, need)
}

func post(path, id, summary string, need idem.Permission) operation {
	return newOperation(http.MethodPost, path, id, summary, need)
}

func patch(path, id, summary string, need idem.Permission) operation {
	return newOperation(http.MethodPatch, path, id, summary, need)
}

func remove(path, id, summary string, need idem.Permission) operation {
	return newOperation(http.MethodDelete, path, id, summary, need)
}

func newOperation(method, path, id, summary string, need idem.Permission) operation {
	return operation{need: need, Operation: huma.Operation{
		Method: method, Path: path, OperationID: id, Summary: summary, RejectUnknownQueryParameters: true,
		Description: fmt.Sprintf("Needs the permission `%s`.", need),
		Security:    []map[string][]string{{securityScheme: {}}},
		Responses:   map[string]*huma.Response{}, Extensions: map[string]any{"x-permission": string(need)},
	}}
}

// creates answers 201.
func (o operation) creates() operation {
	o.DefaultStatus = http.StatusCreated
	return o
}

// takes reads a body with a picture, as JSON or as multipart form, into a
// value of the same type as body.
func (o operation) takes(body any) operation {
	o.biometric, o.picture = true, body
	return o
}

// answers documents the success itself, where huma would take it for JSON.
func (o operation) answers(r *huma.Response) operation {
	o.Responses[strconv.Itoa(http.StatusOK)] = r
	return o
}

// like gives an example of the request's body.
func (o operation) like(example any) operation {
	o.example = example
	return o
}

// says adds to the description.
func (o operation) says(text string) operation {
	o.Description = text + "\n\n" + o.Description
	return o
}

const securityScheme = "secretKey"

// handle puts a line into effect: f is called with the principal that showed a
// key with the permission, and what it refuses becomes a Problem.
func handle[I, O any](s *server, o operation, f func(context.Context, idem.Principal, *I) (*O, error)) {
	op := o.Operation
	op.Tags = []string{tagOf(op.Path)}
	op.Middlewares = s.middlewares(o)
	op.BodyReadTimeout = s.limits.BodyTimeout
	if op.DefaultStatus == 0 && reflect.TypeFor[O]() == reflect.TypeFor[none]() {
		op.DefaultStatus = http.StatusNoContent
	}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, principalOf(ctx), in)
		if err != nil {
			return nil, s.refuse(ctx, err)
		}
		return out, nil
	})
	s.document(o)
}

// none is the output of routes that answer with nothing.
type none struct{}

// tagOf groups routes by their resource: /v1/persons/{person_id}/photos is
// photos.
func tagOf(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for _, part := range slices.Backward(parts) {
		if slices.Contains([]string{"aliases", "photos", "actions", "webhooks"}, part) {
			return part
		}
	}
	return parts[1]
}

func (s *server) middlewares(o operation) huma.Middlewares {
	chain := huma.Middlewares{s.authenticate(o.need)}
	if o.biometric {
		chain = append(chain, s.admit)
	}
	return append(chain, carryRequest)
}

// The context of a handler carries the principal and, for bodies that huma
// does not read, the request.
type (
	principalKey struct{}
	requestKey   struct{}
)

func principalOf(ctx context.Context) idem.Principal {
	p, _ := ctx.Value(principalKey{}).(idem.Principal)
	return p
}

func carryRequest(ctx huma.Context, next func(huma.Context)) {
	r, _ := humago.Unwrap(ctx)
	next(huma.WithValue(ctx, requestKey{}, r))
}

func requestOf(ctx context.Context) *http.Request {
	r, _ := ctx.Value(requestKey{}).(*http.Request)
	return r
}

// authenticate lets in who shows a usable secret key with the permission,
// before anything of the body is read.
func (s *server) authenticate(need idem.Permission) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		p, err := s.identify(r)
		if err == nil {
			noteOrg(ctx.Context(), p.Org)
			err = p.Require(need)
		}
		if err != nil {
			s.answerRefusal(w, r, err)
			return
		}
		next(huma.WithValue(ctx, principalKey{}, p))
	}
}

func (s *server) identify(r *http.Request) (idem.Principal, error) {
	secret, err := bearer(r.Header)
	p := idem.Principal{}
	if err == nil {
		p, err = s.authenticateSecret(r.Context(), idem.CredentialSecret, secret)
	}
	return p, idem.Hint(err, idem.Unauthenticated, "the organisation's secret key is expected, as Authorization: Bearer sk_...")
}

// bearer reads Authorization: Bearer (RFC 6750 section 2.1).
func bearer(h http.Header) (string, error) {
	values := h.Values("Authorization")
	if len(values) == 0 {
		return "", nil
	}
	scheme, secret, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(secret) == "" {
		return "", access.ErrKeyInvalid
	}
	return strings.TrimSpace(secret), nil
}

// admit refuses at once what there is no room for.
func (s *server) admit(ctx huma.Context, next func(huma.Context)) {
	leave, ok := s.admission.enter()
	if !ok {
		r, w := humago.Unwrap(ctx)
		s.answerRefusal(w, r, errBusy)
		return
	}
	defer leave()
	next(ctx)
}

// answerRefusal is refuse for middlewares.
func (s *server) answerRefusal(w http.ResponseWriter, r *http.Request, err error) {
	p := newProblem(r.Context(), err)
	s.logFailure(r.Context(), p, err)
	if hasBody(r) {
		w.Header().Set("Connection", "close") // the body was not read
	}
	p.write(w)
}

// document completes what huma wrote about the route: refusals, headers, the
// body that huma does not read, examples.
func (s *server) document(o operation) {
	op := s.operationAt(o.Method, o.Path)
	for _, code := range o.refusals(op) {
		op.Responses[strconv.Itoa(code)] = s.problemResponse(code)
	}
	delete(op.Responses, "default")
	if o.idempotent {
		op.Parameters = append(op.Parameters, idempotencyHeader())
		s.addHeader(op, strconv.Itoa(op.DefaultStatus), "Idempotency-Replayed", "true when this is the answer to an earlier request with the same key.")
	}
	if op.Responses[strconv.Itoa(op.DefaultStatus)].Description == "" {
		op.Responses[strconv.Itoa(op.DefaultStatus)].Description = http.StatusText(op.DefaultStatus)
	}
	if o.picture != nil {
		op.RequestBody = s.pictureBody(o)
	}
	if o.example != nil {
		s.addExample(op, o.example)
	}
}

// refusals lists the status codes that the route can answer with.
func (o operation) refusals(op *huma.Operation) []int {
	writes, inBody := o.Method != http.MethodGet, op.RequestBody != nil || o.picture != nil
	conditional := slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == "If-Match" })
	read := slices.Contains([]string{"search-persons", "identify", "verify"}, o.OperationID) ||
		strings.HasPrefix(o.Path, "/v1/check/") && !strings.Contains(o.Path, "{")
	codes := map[int]bool{
		http.StatusBadRequest: true, http.StatusUnauthorized: true, http.StatusForbidden: true,
		http.StatusNotFound:              strings.Contains(o.Path, "{") || o.OperationID == "verify",
		http.StatusConflict:              writes && !read && o.OperationID != "revoke-key" || o.OperationID == "reveal-key",
		http.StatusPreconditionFailed:    conditional,
		http.StatusRequestTimeout:        inBody,
		http.StatusRequestEntityTooLarge: inBody,
		http.StatusUnsupportedMediaType:  inBody,
		http.StatusUnprocessableEntity:   true,
		http.StatusTooManyRequests:       inBody,
		http.StatusInternalServerError:   true, http.StatusServiceUnavailable: true,
	}
	maps.DeleteFunc(codes, func(_ int, on bool) bool { return !on })
	return slices.Sorted(maps.Keys(codes))
}
