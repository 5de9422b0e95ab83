package pki

import (
	"bytes"
	"strings"

	"github.com/idem-id/idem/internal/tech/edocument/ber"
)

// Name is a distinguished name.
type Name struct {
	raw          []byte
	Country      string // two or three letters, upper case; empty when absent
	Organisation string
	Common       string
}

// readName reads a Name. Of an attribute given twice the last one counts.
func readName(r *ber.Reader) Name {
	e := r.Read(ber.Sequence)
	n := Name{raw: e.Raw}
	in := r.Inside(e)
	for in.More() {
		for set := in.In(ber.Set); set.More(); {
			pair := set.In(ber.Sequence)
			n.set(pair.OID(), printable(pair.Any().Content))
		}
	}
	return n
}

func (n *Name) set(id, value string) {
	switch id {
	case "2.5.4.3":
		n.Common = value
	case "2.5.4.6":
		n.Country = strings.ToUpper(strings.TrimSpace(value))
	case "2.5.4.10":
		n.Organisation = value
	}
}

// maxAttribute bounds what of an attribute is shown, in bytes.
const maxAttribute = 200

// printable makes any string type fit for a log or an answer.
func printable(b []byte) string {
	text := strings.ToValidUTF8(string(b[:min(len(b), maxAttribute)]), "?")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}

// Equal compares names: as encoded, else country, organisation and common name
// without regard to case and string type.
func (n Name) Equal(other Name) bool {
	if bytes.Equal(n.raw, other.raw) {
		return true
	}
	return n.Common != "" && strings.EqualFold(n.Common, other.Common) &&
		n.Country == other.Country && strings.EqualFold(n.Organisation, other.Organisation)
}

// String shows the name as "C=UT, O=..., CN=...".
func (n Name) String() string {
	var parts []string
	for _, p := range [][2]string{{"C", n.Country}, {"O", n.Organisation}, {"CN", n.Common}} {
		if p[1] != "" {
			parts = append(parts, p[0]+"="+p[1])
		}
	}
	return strings.Join(parts, ", ")
}

// Encodes reports whether the name is the one of these bytes, or one that
// Equal holds for.
func (n Name) Encodes(der []byte) bool {
	r := ber.New(der)
	other := readName(r)
	return r.Err() == nil && n.Equal(other)
}
