package client

import (
	"context"
	"iter"
	"net/url"
)

// page is one page of a list.
type page[T any] struct {
	Data       []T     `json:"data"`
	NextCursor *string `json:"next_cursor"`
}

// walk asks for page after page as the loop goes on. An error is the last thing
// that it yields.
func walk[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for cursor := ""; ; {
			if cursor != "" {
				query.Set("cursor", cursor)
			}
			var p page[T]
			if err := c.do(ctx, get(path, query), &p); err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range p.Data {
				if !yield(item, nil) {
					return
				}
			}
			if p.NextCursor == nil {
				return
			}
			cursor = *p.NextCursor
		}
	}
}

// list asks for a list that is not paged.
func list[T any](ctx context.Context, c *Client, path string) ([]T, error) {
	var p page[T]
	err := c.do(ctx, get(path, nil), &p)
	return p.Data, err
}
