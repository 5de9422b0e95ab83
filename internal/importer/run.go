package importer

import (
	"context"
	"os"
	"sync"

	"github.com/idem-id/idem"
	"golang.org/x/sync/errgroup"
)

// Outcome says what became of an item.
type Outcome string

// The outcomes. Created, flagged and present persons are in the registry.
const (
	Created   Outcome = "created"
	Flagged   Outcome = "flagged"   // created although the face resembles known ones
	Present   Outcome = "present"   // the aliases already belong to one person
	Duplicate Outcome = "duplicate" // refused: the face is known
	Failed    Outcome = "failed"
)

// Result is what became of one item. It names files and identifiers only.
type Result struct {
	Line    int       `json:"line"`
	File    string    `json:"file"`
	Outcome Outcome   `json:"outcome"`
	Person  string    `json:"person_id,omitempty"`
	Code    string    `json:"code,omitempty"`
	Detail  string    `json:"detail,omitempty"`
	Similar []Similar `json:"similar,omitempty"`
}

// Similar is a known person whose face resembles the item's.
type Similar struct {
	Person string  `json:"person_id"`
	Score  float64 `json:"score"`
	FMR    float64 `json:"fmr"`
}

// Registry is where items go.
type Registry interface {
	// Owners returns the persons that own any of the aliases.
	Owners(ctx context.Context, aliases []Alias) ([]idem.PersonID, error)
	// Enrol creates the person and names the similar ones. A known face that
	// the organisation refuses is an error with code FACE_ALREADY_KNOWN.
	Enrol(ctx context.Context, item Item, photo []byte) (idem.PersonID, []Similar, error)
}

// Run enrols the items with the given number of workers and reports each
// result as it comes, one at a time, in no order. It stops at the first error
// that concerns all items: a cancelled context or an unavailable service.
func Run(ctx context.Context, registry Registry, items []Item, workers int, report func(Result)) error {
	var one sync.Mutex
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for _, item := range items {
		if running.Err() != nil {
			break
		}
		group.Go(func() error {
			result, err := enrol(running, registry, item)
			if err != nil {
				return err
			}
			one.Lock()
			defer one.Unlock()
			report(result)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

func enrol(ctx context.Context, registry Registry, item Item) (Result, error) {
	result := Result{Line: item.Line, File: item.File}
	if len(item.Aliases) > 0 {
		owners, err := registry.Owners(ctx, item.Aliases)
		if err != nil {
			return result.refused(err)
		}
		if len(owners) == 1 {
			result.Outcome, result.Person = Present, string(owners[0])
			return result, nil
		}
	}
	photo, err := os.ReadFile(item.File)
	if err != nil {
		return result.refused(err)
	}
	person, similar, err := registry.Enrol(ctx, item, photo)
	if err != nil {
		return result.refused(err)
	}
	result.Outcome, result.Person, result.Similar = Created, string(person), similar
	if len(similar) > 0 {
		result.Outcome = Flagged
	}
	return result, nil
}

// refused turns an item's error into its result; what would befall every item
// ends the run.
func (r Result) refused(err error) (Result, error) {
	if kind := idem.KindOf(err); kind == idem.Unavailable || kind == idem.Forbidden || kind == idem.Unauthenticated {
		return r, err
	}
	r.Outcome, r.Code, r.Detail = Failed, idem.CodeOf(err), err.Error()
	if r.Code == "FACE_ALREADY_KNOWN" {
		r.Outcome = Duplicate
	}
	return r, nil
}
