package persons

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
)

// The limits of a page.
const (
	defaultLimit = 50
	maxLimit     = 200
)

// params reads query parameters and keeps the first fault. A parameter that
// nothing asked for is a fault too: a misspelt filter must not list everybody.
type params struct {
	values url.Values
	asked  []string
	err    error
}

func paramsOf(r *request) *params {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return &params{err: invalid("", "the query is malformed")}
	}
	return &params{values: values}
}

func (p *params) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// done returns the first fault.
func (p *params) done() error {
	names := make([]string, 0, len(p.values))
	for name := range p.values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch {
		case !slices.Contains(p.asked, name):
			p.fail(invalid(name[:min(len(name), maxField)], "the parameter is not known"))
		case len(p.values[name]) > 1:
			p.fail(invalid(name, "the parameter is given twice"))
		}
	}
	return p.err
}

func (p *params) text(name string) string {
	p.asked = append(p.asked, name)
	return p.values.Get(name)
}

func (p *params) boolean(name string) *bool {
	switch p.text(name) {
	case "":
		return nil
	case "true":
		v := true
		return &v
	case "false":
		v := false
		return &v
	}
	p.fail(invalid(name, "the value is true or false"))
	return nil
}

// moment reads RFC 3339.
func (p *params) moment(name string) time.Time {
	text := p.text(name)
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		p.fail(invalid(name, "the value is a time as in 2026-11-22T12:00:00Z"))
	}
	return at.UTC()
}

// oneOf reads a value of a list in any letter case and returns its spelling in
// the list.
func (p *params) oneOf(name string, list ...string) string {
	text := p.text(name)
	if text == "" {
		return ""
	}
	for _, v := range list {
		if strings.EqualFold(v, text) {
			return v
		}
	}
	p.fail(invalid(name, "the value is one of %s", strings.Join(list, ", ")))
	return ""
}

func (p *params) id(name string) string {
	text := p.text(name)
	if text == "" {
		return ""
	}
	id, ok := idem.ParseID(text)
	if !ok {
		p.fail(invalid(name, "the value is a UUID"))
	}
	return id
}

// page reads limit and cursor of the list that mark stands for.
func (p *params) page(mark [markSize]byte) store.Page {
	page := store.Page{Limit: defaultLimit}
	if text := p.text("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLimit {
			p.fail(invalid("limit", "the value is 1 to %d", maxLimit))
		}
		page.Limit = n
	}
	after, err := unpackCursor(mark, p.text("cursor"))
	if err != nil {
		p.fail(err)
	}
	page.After = after
	return page
}

func (p *params) source() idem.Source {
	return idem.Source(p.oneOf("source", string(idem.SourceAPI), string(idem.SourceCabinet), string(idem.SourceFlow)))
}

// personQuery reads the filters of the list of persons.
func (p *params) personQuery() registry.Query {
	q := registry.Query{AliasValue: p.text("alias_value")}
	q.Session, q.Flow = idem.SessionID(p.id("session_id")), idem.FlowID(p.id("flow_id"))
	q.AliasType = idem.AliasType(p.oneOf("alias_type", string(idem.AliasSystemID), string(idem.AliasPhone),
		string(idem.AliasPersonalNumber), string(idem.AliasDocumentNumber), string(idem.AliasCustom)))
	q.Verified, q.HasPhoto = p.boolean("is_verified"), p.boolean("has_photo")
	q.PhotoType = idem.PhotoType(p.oneOf("photo_type", string(idem.PhotoDigital), string(idem.PhotoScan), string(idem.PhotoLive), string(idem.PhotoOther)))
	q.Source = p.source()
	q.CreatedFrom, q.CreatedTo = p.moment("created_from"), p.moment("created_to")
	q.UpdatedFrom, q.UpdatedTo = p.moment("updated_from"), p.moment("updated_to")
	switch p.oneOf("state", "active", "deleted", "all") {
	case "deleted":
		q.State = store.StateDeleted
	case "all":
		q.State = store.StateAll
	}
	order := p.oneOf("order", "created_at", "-created_at", "updated_at", "-updated_at")
	q.OldestFirst = order == "created_at" || order == "updated_at"
	q.ByUpdateTime = strings.HasSuffix(order, "updated_at")
	return q
}

// actionQuery reads the filters of a person's actions.
func (p *params) actionQuery() registry.ActionQuery {
	return registry.ActionQuery{
		Type: idem.ActionType(p.oneOf("type", actionTypes()...)), Source: p.source(),
		Operator: idem.OperatorID(p.id("user_id")), From: p.moment("from"), To: p.moment("to"),
	}
}

func actionTypes() []string {
	var out []string
	for _, t := range []idem.ActionType{
		idem.ActionPersonCreated, idem.ActionVerificationChanged, idem.ActionAliasAdded, idem.ActionAliasUpdated,
		idem.ActionAliasRemoved, idem.ActionPhotoAdded, idem.ActionPhotoRemoved, idem.ActionPhotoDefaultChanged,
		idem.ActionPersonDeleted, idem.ActionPersonRestored, idem.ActionPersonErased,
	} {
		out = append(out, string(t))
	}
	return out
}
