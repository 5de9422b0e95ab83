package ort

// Options of Open. The zero value has one worker per processor.
type Options struct {
	Workers int // analyses at a time
}
