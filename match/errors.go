package match

import "errors"

// The refusals of this package. They are returned wrapped with the particulars,
// which never include a coordinate of a vector or a code of a template.
var (
	// ErrVector refuses a vector that has no direction or no legal length.
	ErrVector = errors.New("match: not a usable vector")
	// ErrFormat refuses bytes that are not a template.
	ErrFormat = errors.New("match: not a template")
	// ErrModel refuses to compare or to mix templates of different
	// recognisers or dimensions; the zero Template has neither.
	ErrModel = errors.New("match: templates of different models")
	// ErrDimension refuses a gallery of an impossible dimension.
	ErrDimension = errors.New("match: dimension out of range")
	// ErrExists refuses an id that the gallery already holds.
	ErrExists = errors.New("match: id already in the gallery")
	// ErrFull refuses a row beyond what a gallery can number, about 4e9.
	ErrFull = errors.New("match: gallery is full")
	// ErrSnapshot refuses a snapshot that is damaged or not the wanted one.
	ErrSnapshot = errors.New("match: not a usable snapshot")
	// ErrRequest refuses a search request that has no meaning.
	ErrRequest = errors.New("match: meaningless request")
)
