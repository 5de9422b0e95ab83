package flow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/idem-id/idem"
)

// The bounds of metadata.
const (
	maxMetadata = 16 << 10
	maxDepth    = 5
)

func (o Opening) check(locales []string) error {
	if o.Locale != "" && !slices.Contains(locales, o.Locale) {
		return idem.Errorf(idem.Unprocessable, "VALIDATION_FAILED", "the locale is one of %s", strings.Join(locales, ", ")).At("locale")
	}
	if o.Metadata == nil {
		return nil
	}
	if len(o.Metadata) > maxMetadata || bytes.IndexByte(o.Metadata, 0) >= 0 || !shallow(o.Metadata) {
		return idem.ErrMetadata
	}
	if _, err := members(o.Metadata); err != nil {
		return idem.ErrMetadata.Because(err)
	}
	return nil
}

// shallow reports whether no value is nested deeper than maxDepth.
func shallow(data []byte) bool {
	depth := 0
	for in := json.NewDecoder(bytes.NewReader(data)); ; {
		token, err := in.Token()
		if err != nil {
			return err == io.EOF
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth > maxDepth {
			return false
		}
	}
}

// members returns what in an object can name a person: strings, numbers as
// they are written, and the strings of arrays.
func members(metadata []byte) (map[string][]string, error) {
	if metadata == nil {
		return nil, nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(metadata, &all); err != nil || all == nil {
		return nil, fmt.Errorf("metadata is no object: %w", err)
	}
	out := map[string][]string{}
	for name, raw := range all {
		in := json.NewDecoder(bytes.NewReader(raw))
		in.UseNumber()
		var value any
		if err := in.Decode(&value); err != nil {
			return nil, fmt.Errorf("read metadata: %w", err)
		}
		out[name] = texts(value)
	}
	return out, nil
}

func texts(value any) (out []string) {
	switch v := value.(type) {
	case string:
		return []string{v}
	case json.Number:
		return []string{v.String()}
	case []any:
		for _, item := range v {
			if text, ok := item.(string); ok {
				out = append(out, text)
			}
		}
	}
	return out
}
