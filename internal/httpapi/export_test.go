package httpapi

import (
	"fmt"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// KnownCodeForTest reports whether the page about codes tells the code with
// this status.
func KnownCodeForTest(code string, status int) bool {
	return slices.ContainsFunc(errorCodes(), func(c errorCode) bool { return c.Code == code && c.Status == status })
}

// SealCursorForTest and OpenCursorForTest give tests the cursors of lists.
func SealCursorForTest(after string, query any) string { return sealCursor(after, query) }

func OpenCursorForTest(cursor string, query any) (string, error) { return openCursor(cursor, query) }

// CheckExamplesForTest lets huma check the example of each body against the
// body's schema.
func CheckExamplesForTest() (checked int, faults []string) {
	s := newServer(Deps{})
	schemas := s.api.OpenAPI().Components.Schemas
	for path, item := range s.api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Patch, item.Delete} {
			if op == nil || op.RequestBody == nil {
				continue
			}
			checked++
			body, res := op.RequestBody.Content["application/json"], &huma.ValidateResult{}
			s.resolve(body.Schema).PrecomputeMessages()
			huma.Validate(schemas, body.Schema, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, body.Example, res)
			for _, err := range res.Errors {
				faults = append(faults, fmt.Sprintf("%s %s: %v", op.Method, path, err))
			}
		}
	}
	return checked, faults
}
