package httpapi

import "slices"

// KnownCodeForTest reports whether the page about codes tells the code with
// this status.
func KnownCodeForTest(code string, status int) bool {
	return slices.ContainsFunc(errorCodes(), func(c errorCode) bool { return c.Code == code && c.Status == status })
}

// SealCursorForTest and OpenCursorForTest give tests the cursors of lists.
func SealCursorForTest(after string, query any) string { return sealCursor(after, query) }

func OpenCursorForTest(cursor string, query any) (string, error) { return openCursor(cursor, query) }
