package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// Paging is what a list takes.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"25" doc:"How many at most, 1 to 100; 25 by default."`
	Cursor string `query:"cursor" maxLength:"512" doc:"The next_cursor of the page before."`
}

// Page is one page of a list.
type Page[T any] struct {
	Data       []T     `json:"data" nullable:"false" doc:"The items of this page."`
	NextCursor *string `json:"next_cursor" doc:"Asks for the next page; null on the last one."`
}

// page makes the store's page of a request. The cursor is bound to the query
// that it came from: with another one it is refused.
func (p Paging) page(query any) (store.Page, error) {
	after, err := openCursor(p.Cursor, query)
	return store.Page{After: after, Limit: p.Limit}, err
}

func newPage[T any](data []T, next string, query any) Page[T] {
	if data == nil {
		data = []T{}
	}
	out := Page[T]{Data: data}
	if next != "" {
		cursor := sealCursor(next, query)
		out.NextCursor = &cursor
	}
	return out
}

var errCursor = idem.Errorf(idem.Invalid, "INVALID_CURSOR", "the cursor is not one of this list").At("query.cursor")

// A cursor is base64url of eight bytes that name the query, and the store's
// own cursor. It grants nothing: the store looks within the organisation only.
const cursorMark = 8

func sealCursor(after string, query any) string {
	return base64.RawURLEncoding.EncodeToString([]byte(queryMark(after, query) + after))
}

func openCursor(cursor string, query any) (after string, err error) {
	if cursor == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= cursorMark {
		return "", errCursor
	}
	mark, after := string(raw[:cursorMark]), string(raw[cursorMark:])
	if mark != queryMark(after, query) {
		return "", errCursor
	}
	return after, nil
}

// queryMark binds a position and a query together. Times print with their
// nanoseconds, pointers are followed by the callers before.
func queryMark(after string, query any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %T %+v", after, query, query))
	return string(sum[:cursorMark])
}

// cursorFault tells a cursor that the store refuses from other failures.
func cursorFault(err error) error {
	if errors.Is(err, store.ErrCursor) {
		return errCursor.Because(err)
	}
	return err
}
