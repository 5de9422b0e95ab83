package emrtd

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/idem-id/idem/internal/tech/edocument/ber"
	"github.com/idem-id/idem/internal/tech/edocument/cms"
	"github.com/idem-id/idem/internal/tech/edocument/pki"
)

// Bounds of what is taken in, in bytes.
const (
	MaxSOD   = 256 << 10
	MaxGroup = 2 << 20
)

const (
	tagSOD         ber.Tag = 0x77
	oidLDSSecurity         = "2.23.136.1.1.1"
	lastGroup              = 16
)

// Faults of the files as such. What is wrong with their proof is not here.
var (
	ErrMissing   = errors.New("file is missing")
	ErrUnknown   = errors.New("no file of a chip")
	ErrTooLarge  = errors.New("file is too large")
	ErrMalformed = errors.New("file is malformed")

	errTwice = fmt.Errorf("%w: given twice", ErrUnknown)
)

// Chip is what was read off a chip: the security object and the data groups
// as they came.
type Chip struct {
	SOD    *SOD
	Groups map[int][]byte // number 1..16 -> file
}

// SOD is the document security object: a signed list of digests.
type SOD struct {
	Signed *cms.SignedData
	Hash   crypto.Hash
	sums   map[int][]byte
	fault  error // why the digest is not supported
}

// Open takes the files by name: EF.SOD, EF.DG1 .. EF.DG16 and EF.COM, which
// is ignored because nothing protects it. The error wraps ErrMissing,
// ErrUnknown, ErrTooLarge or ErrMalformed and names the file.
func Open(files map[string][]byte) (*Chip, error) {
	c := &Chip{Groups: map[int][]byte{}}
	for name, data := range files {
		if err := c.take(name, data); err != nil {
			return nil, fmt.Errorf("%s: %w", printableName(name), err)
		}
	}
	if c.SOD == nil {
		return nil, fmt.Errorf("EF.SOD: %w", ErrMissing)
	}
	return c, nil
}

func (c *Chip) take(name string, data []byte) (err error) {
	switch {
	case strings.EqualFold(name, "EF.SOD"):
		if c.SOD != nil {
			return errTwice
		}
		c.SOD, err = parseSOD(data)
		return err
	case strings.EqualFold(name, "EF.COM"):
		return nil
	}
	n, ok := groupNumber(name)
	switch {
	case !ok:
		return ErrUnknown
	case len(data) > MaxGroup:
		return ErrTooLarge
	case c.Groups[n] != nil:
		return errTwice
	}
	c.Groups[n] = data
	return nil
}

func groupNumber(name string) (int, bool) {
	digits, ok := strings.CutPrefix(strings.ToUpper(name), "EF.DG")
	n, err := strconv.Atoi(digits)
	return n, ok && err == nil && n >= 1 && n <= lastGroup && digits[0] != '0' && digits[0] != '+'
}

func printableName(name string) string { return strconv.Quote(name[:min(len(name), 40)]) }

func parseSOD(data []byte) (*SOD, error) {
	if len(data) > MaxSOD {
		return nil, ErrTooLarge
	}
	r := ber.New(data)
	content := r.Read(tagSOD).Content
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	signed, err := cms.Parse(content)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if signed.ContentType != oidLDSSecurity {
		return nil, fmt.Errorf("%w: signed content of type %s", ErrMalformed, signed.ContentType)
	}
	s := &SOD{Signed: signed, sums: map[int][]byte{}}
	if err := s.readSums(ber.New(signed.Content)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return s, nil
}

// readSums reads the LDSSecurityObject.
func (s *SOD) readSums(r *ber.Reader) error {
	in := r.In(ber.Sequence)
	in.Integer() // version
	s.Hash, s.fault = pki.ReadHash(in)
	for list := in.In(ber.Sequence); list.More(); {
		entry := list.In(ber.Sequence)
		n := entry.Small()
		if _, twice := s.sums[n]; twice {
			r.Fail("data group %d twice", n)
		}
		s.sums[n] = entry.Octets()
	}
	return r.Err()
}

// Listed returns the numbers of the data groups that the issuer signed.
func (s *SOD) Listed() []int {
	var numbers []int
	for n := range s.sums {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	return numbers
}

// Numbers returns the data groups that are there, ascending.
func (c *Chip) Numbers() []int {
	var numbers []int
	for n := range c.Groups {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	return numbers
}

// CheckDigests compares every data group with the security object's list:
// those that differ, and those that are not on it. The error wraps
// pki.ErrUnsupported.
func (c *Chip) CheckDigests() (differ, unlisted []int, err error) {
	if c.SOD.fault != nil {
		return nil, nil, c.SOD.fault
	}
	for _, n := range c.Numbers() {
		sum, listed := c.SOD.sums[n]
		switch {
		case !listed:
			unlisted = append(unlisted, n)
		case !bytes.Equal(sum, pki.Sum(c.SOD.Hash, c.Groups[n])):
			differ = append(differ, n)
		}
	}
	return differ, unlisted, nil
}
