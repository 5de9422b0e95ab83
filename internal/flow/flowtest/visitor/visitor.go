package visitor

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/idem-id/idem/client"
	"github.com/idem-id/idem/internal/demo"
	"github.com/idem-id/idem/internal/mrz"
	"github.com/idem-id/idem/internal/specimen"
	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
)

// Visitor is a person with all that a flow of ED or DR, liveness of one moment
// and F2F asks for.
type Visitor struct {
	Number string            // of the passport
	Chip   map[string][]byte // its files, by their names
	Page   []byte            // a photograph of its data page, JPEG; nil when the passport has a chip
	Frame  []byte            // what the camera sees, JPEG
}

// New makes the n-th visitor, 0..99,999,999: one number always gives the same
// names and numbers, each of them another passport. The frame is a second
// capture of the portrait.
func New(issuer *edoctest.Issuer, portrait demo.Portrait, n int) (Visitor, error) {
	who := specimen.NewPerson(rand.New(rand.NewPCG(uint64(n), 7)))
	who.Number = fmt.Sprintf("N%08d", n)
	zone, err := who.Zone(mrz.TD3)
	if err != nil {
		return Visitor{}, fmt.Errorf("write passport %s: %w", who.Number, err)
	}
	frame, err := demo.Recapture(portrait.Image, 2)
	return Visitor{Number: who.Number, Chip: issuer.Chip(edoctest.Groups(zone, portrait.JPEG)), Frame: frame}, err
}

// Photographed makes the n-th visitor with a passport that is photographed,
// flat and in good light.
func Photographed(fonts *specimen.Fonts, portrait demo.Portrait, n int) (Visitor, error) {
	page, err := specimen.Take(fonts, specimen.Order{Kind: specimen.TD3, Level: "L0", Seed: 7, Index: n, Portrait: portrait.Image})
	if err != nil {
		return Visitor{}, fmt.Errorf("photograph passport %d: %w", n, err)
	}
	frame, err := demo.Recapture(portrait.Image, 2)
	return Visitor{Number: page.Person.Number, Page: page.JPEG, Frame: frame}, err
}

// Walk goes on with a session, from its start or from wherever it stands, until
// it ends or something is refused. A step that does not pass is no error: the
// state tells.
func (v Visitor) Walk(ctx context.Context, s *client.SessionClient) (client.SessionState, error) {
	state, err := s.State(ctx)
	if err == nil && state.Status == client.SessionNew {
		state, err = s.Start(ctx)
	}
	for err == nil && state.Current != nil {
		step := *state.Current
		if state, err = s.Submit(ctx, step, v.evidence(state.Steps[step].Code)); err == nil && !state.Outcome.Passed {
			return state, nil
		}
	}
	return state, err
}

func (v Visitor) evidence(code string) client.Evidence {
	switch code {
	case client.ElectronicDocument:
		return client.Evidence{Files: v.Chip}
	case client.DocumentRecognition:
		return client.Evidence{Pages: [][]byte{v.Page}}
	case client.Face2Face:
		return client.Evidence{}
	}
	return client.Evidence{Frames: []client.Frame{{Image: v.Frame}}}
}
