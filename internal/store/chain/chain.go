package chain

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"

	"github.com/idem-id/idem"
)

// Action returns the hash of one audit entry of an organisation. It covers
// every field but Hash itself, At in microseconds. The error is that of
// Details.
func Action(org idem.OrgID, a idem.Action) ([32]byte, error) {
	details, err := Details(a.Details)
	if err != nil {
		return [32]byte{}, err
	}
	e := begin("idem action 1", a.PrevHash)
	e.texts(string(org))
	e.number(a.Seq)
	e.texts(string(a.Person), string(a.Type))
	e.texts(string(a.Actor.Source), string(a.Actor.Credential), string(a.Actor.Operator), string(a.Actor.Session))
	e.number(a.At.UnixMicro())
	e.field(details)
	return e.sum(), nil
}

// Instance returns the hash of one entry of the instance's audit. It covers
// every field but Hash itself, At in microseconds. The error is that of
// Details.
func Instance(a idem.InstanceAction) ([32]byte, error) {
	details, err := Details(a.Details)
	if err != nil {
		return [32]byte{}, err
	}
	e := begin("idem instance action 1", a.PrevHash)
	e.number(a.Seq)
	e.texts(string(a.Org), string(a.Type))
	e.texts(string(a.Actor.Source), string(a.Actor.Credential), string(a.Actor.Operator), string(a.Actor.Session), a.Account)
	e.number(a.At.UnixMicro())
	e.field(details)
	return e.sum(), nil
}

// Row returns the hash of one row of the gallery log of an organisation and
// template model. It covers every field but Hash itself, At in microseconds.
func Row(org idem.OrgID, model string, r idem.LogRow) [32]byte {
	e := begin("idem gallery row 1", r.PrevHash)
	e.texts(string(org), model)
	e.number(int64(r.Seq))
	e.texts(string(r.Op))
	e.number(int64(r.Ref))
	e.texts(string(r.Set), r.Subject, r.Sample)
	e.field(r.Digest[:])
	e.number(r.At.UnixMicro())
	return e.sum()
}

// Details returns the canonical JSON of an action's details: members sorted,
// no spaces, numbers as they were written. Encoding what was decoded with
// ParseDetails gives the same bytes. Values that JSON cannot hold are an error.
func Details(details map[string]any) ([]byte, error) {
	if len(details) == 0 {
		return []byte("{}"), nil
	}
	first, err := json.Marshal(details)
	if err != nil {
		return nil, fmt.Errorf("encode details: %w", err)
	}
	decoded, err := ParseDetails(first)
	if err != nil {
		return nil, err
	}
	return json.Marshal(decoded)
}

// ParseDetails reverses Details. Numbers come back as json.Number, which keeps
// their text; empty details come back as nil.
func ParseDetails(text []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var details map[string]any
	if err := decoder.Decode(&details); err != nil {
		return nil, fmt.Errorf("decode details: %w", err)
	}
	if len(details) == 0 {
		return nil, nil
	}
	return details, nil
}

type encoder struct{ hash hash.Hash }

func begin(label string, prev [32]byte) encoder {
	e := encoder{sha256.New()}
	e.texts(label)
	e.field(prev[:])
	return e
}

func (e encoder) field(b []byte) {
	e.number(int64(len(b)))
	e.hash.Write(b)
}

func (e encoder) texts(texts ...string) {
	for _, t := range texts {
		e.field([]byte(t))
	}
}

func (e encoder) number(n int64) {
	e.hash.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

func (e encoder) sum() (out [32]byte) {
	e.hash.Sum(out[:0])
	return out
}
