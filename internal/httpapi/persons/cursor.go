package persons

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"

	"github.com/idem-id/idem"
)

// A cursor is the store's position bound to the list that it was made for: the
// organisation, the path and all filters. Used elsewhere it is refused instead
// of skipping or repeating items. It is no secret and grants nothing.

// maxCursor bounds a cursor, in characters.
const maxCursor = 1024

const markSize = 8

// listMark identifies a list by everything but its page.
func listMark(org idem.OrgID, path string, query url.Values) [markSize]byte {
	filters := url.Values{}
	for name, values := range query {
		if name != "cursor" && name != "limit" {
			filters[name] = values
		}
	}
	sum := sha256.Sum256([]byte(string(org) + "\n" + path + "\n" + filters.Encode()))
	return [markSize]byte(sum[:markSize])
}

// packCursor returns the next_cursor of a list, nil at its end.
func packCursor(mark [markSize]byte, after string) *string {
	if after == "" {
		return nil
	}
	text := base64.RawURLEncoding.EncodeToString(append(mark[:], after...))
	return &text
}

// unpackCursor reverses packCursor for the same list.
func unpackCursor(mark [markSize]byte, text string) (after string, err error) {
	if text == "" {
		return "", nil
	}
	if len(text) > maxCursor {
		return "", errCursor
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) <= markSize || [markSize]byte(raw[:markSize]) != mark {
		return "", errCursor
	}
	return string(raw[markSize:]), nil
}
