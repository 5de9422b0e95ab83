package emrtd

import (
	"crypto"
	"fmt"
	"strings"

	"github.com/idem-id/idem/internal/tech/edocument/ber"
	"github.com/idem-id/idem/internal/tech/edocument/pki"
)

func group(n int, err error) error { return fmt.Errorf("EF.DG%d: %w: %w", n, ErrMalformed, err) }

// The lengths of a zone's lines by the length of the whole.
var lineLengths = map[int]int{90: 30, 72: 36, 88: 44}

// MRZ returns the lines of the machine readable zone in data group 1.
func (c *Chip) MRZ() ([]string, error) {
	data, ok := c.Groups[1]
	if !ok {
		return nil, fmt.Errorf("EF.DG1: %w", ErrMissing)
	}
	r := ber.New(data)
	text := string(r.In(0x61).Read(0x5F1F).Content)
	length, known := lineLengths[len(text)]
	if r.Err() == nil && !known {
		r.Fail("machine readable zone of %d characters", len(text))
	}
	if err := r.Err(); err != nil {
		return nil, group(1, err)
	}
	var lines []string
	for at := 0; at < len(text); at += length {
		lines = append(lines, text[at:at+length])
	}
	return lines, nil
}

// Details are the optional data of groups 11 and 12, in the issuer's own
// spelling; empty where absent.
type Details struct {
	FullName       string
	PersonalNumber string
	BirthDate      string // YYYYMMDD
	BirthPlace     string
	Telephone      string
	Authority      string
	IssueDate      string // YYYYMMDD
}

// Details reads data groups 11 and 12 where they are.
func (c *Chip) Details() (Details, error) {
	var d Details
	for n, tag := range map[int]ber.Tag{11: 0x6B, 12: 0x6C} {
		data, ok := c.Groups[n]
		if !ok {
			continue
		}
		r := ber.New(data)
		for in := r.In(tag); in.More(); {
			e := in.Any()
			d.set(e.Tag, e.Content)
		}
		if err := r.Err(); err != nil {
			return Details{}, group(n, err)
		}
	}
	return d, nil
}

// maxText bounds one value of the optional data, in bytes.
const maxText = 1024

func (d *Details) set(tag ber.Tag, content []byte) {
	text := text(content)
	switch tag {
	case 0x5F0E:
		d.FullName = text
	case 0x5F10:
		d.PersonalNumber = text
	case 0x5F2B:
		d.BirthDate = date(content)
	case 0x5F11:
		d.BirthPlace = text
	case 0x5F12:
		d.Telephone = text
	case 0x5F19:
		d.Authority = text
	case 0x5F26:
		d.IssueDate = date(content)
	}
}

// text separates with blanks what the chip separates with fillers.
func text(b []byte) string {
	s := strings.ToValidUTF8(string(b[:min(len(b), maxText)]), "?")
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '<' || r <= ' ' || r == 0x7f }), " ")
}

// date reads eight digits, or the four bytes of their decimal packing.
func date(b []byte) string {
	if len(b) == 4 {
		return fmt.Sprintf("%x", b)
	}
	return text(b)
}

// PublicKey returns the chip's own key in data group 15; nil without one.
func (c *Chip) PublicKey() (crypto.PublicKey, error) {
	data, ok := c.Groups[15]
	if !ok {
		return nil, nil
	}
	r := ber.New(data)
	info := r.Read(0x6F).Content
	if err := r.Err(); err != nil {
		return nil, group(15, err)
	}
	return pki.ParsePublicKey(info)
}

const oidActive = "2.23.136.1.1.5"

// activeHash returns the digest that data group 14 announces for answers to
// challenges, 0 when it does not.
func (c *Chip) activeHash() crypto.Hash {
	r := ber.New(c.Groups[14])
	for infos := r.In(0x6E).In(ber.Set); infos.More(); {
		info := infos.In(ber.Sequence)
		if info.OID() != oidActive {
			continue
		}
		info.Integer() // version
		return pki.PlainHash(info.OID())
	}
	return 0
}
