package persons

import (
	"bytes"
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/idem-id/idem/internal/registry"
)

// maxBatch bounds the items of a batch.
const maxBatch = 100

// batchesAtOnce bounds the batches under way: each may hold 64 MiB. One that
// finds no place within batchWait is refused.
const (
	batchesAtOnce = 2
	batchWait     = 10 * time.Second
)

func (a *api) enterBatch(ctx context.Context) (leave func(), err error) {
	timer := time.NewTimer(batchWait)
	defer timer.Stop()
	select {
	case a.batches <- struct{}{}:
		return func() { <-a.batches }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return nil, errBusy
	}
}

// createBatch creates the items in their order, each in a transaction of its
// own. The body is read to its end before anything is created: one that is
// broken behind its last item creates nobody.
func (a *api) createBatch(ctx context.Context, r *request) (answer, error) {
	items, err := batchItems(r.body)
	if err != nil {
		return answer{}, err
	}
	made := a.Registry.CreateBatch(ctx, r.principal, len(items), func(i int) (registry.NewPerson, error) {
		return itemPerson(items[i], r.secret)
	}, nil)
	out := batchObject{Items: make([]batchItem, len(made))}
	for i, m := range made {
		out.Items[i] = itemOf(i, m)
		if m.Err == nil {
			out.Created++
		} else {
			out.Failed++
		}
	}
	return answer{status: 207, body: out}, nil
}

func itemOf(i int, m registry.BatchItem) batchItem {
	if m.Err != nil {
		status, e := itemError(m.Err, i)
		return batchItem{Index: i, Status: status, Error: &e}
	}
	person := createdOf(m.Created)
	return batchItem{Index: i, Status: 201, Person: &person}
}

// itemPerson reads one item. It may repeat the key of the request.
func itemPerson(item []byte, secret string) (registry.NewPerson, error) {
	var body createBody
	if err := decode(item, &body); err != nil {
		return registry.NewPerson{}, err
	}
	if body.APIKey != nil && *body.APIKey != secret {
		return registry.NewPerson{}, errAmbiguous
	}
	return body.person()
}

// batchItems finds the items of a batch without copying them: they are parts
// of the body, which is known to be valid JSON.
func batchItems(body []byte) ([][]byte, error) {
	in := jsontext.NewDecoder(bytes.NewBuffer(body))
	if in.PeekKind() != '{' {
		return nil, invalid("", "the body must be an object")
	}
	if _, err := in.ReadToken(); err != nil {
		return nil, badJSON(err)
	}
	var items [][]byte
	found := false
	for in.PeekKind() == '"' {
		name, err := in.ReadToken()
		if err != nil {
			return nil, badJSON(err)
		}
		switch name.String() {
		case "items":
			found = true
			if items, err = itemValues(in, body); err != nil {
				return nil, err
			}
		case "api_key":
			if err := in.SkipValue(); err != nil {
				return nil, badJSON(err)
			}
		default:
			return nil, invalid(fieldOf(in.StackPointer()), "the member is not known")
		}
	}
	if !found || len(items) == 0 {
		return nil, invalid("items", "give 1 to %d items", maxBatch)
	}
	return items, nil
}

func itemValues(in *jsontext.Decoder, body []byte) ([][]byte, error) {
	if in.PeekKind() != '[' {
		return nil, invalid("items", "the member has the wrong type")
	}
	if _, err := in.ReadToken(); err != nil {
		return nil, badJSON(err)
	}
	var items [][]byte
	for in.PeekKind() != ']' {
		value, err := in.ReadValue()
		if err != nil {
			return nil, badJSON(err)
		}
		if len(items) == maxBatch {
			return nil, errBatchSize
		}
		end := in.InputOffset()
		items = append(items, body[end-int64(len(value)):end])
	}
	_, err := in.ReadToken()
	return items, err
}
