package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
)

// Alias is one identifier of a person.
type Alias struct {
	ID        string    `json:"id" format:"uuid"`
	Type      string    `json:"type" enum:"SYSTEM_ID,PHONE,PERSONAL_NUMBER,DOCUMENT_NUMBER,CUSTOM"`
	Value     string    `json:"value" doc:"As it was given."`
	Source    string    `json:"source" enum:"API,CABINET,FLOW"`
	CreatedAt time.Time `json:"created_at"`
}

func aliasOf(a idem.Alias) Alias {
	return Alias{ID: string(a.ID), Type: string(a.Type), Value: a.Value, Source: string(a.Source), CreatedAt: a.CreatedAt}
}

func aliasesOf(list []idem.Alias) []Alias {
	out := make([]Alias, len(list))
	for i, a := range list {
		out[i] = aliasOf(a)
	}
	return out
}

type aliasBody struct {
	Type  string `json:"type" doc:"PHONE, PERSONAL_NUMBER, DOCUMENT_NUMBER or CUSTOM; any letter case."`
	Value string `json:"value" maxLength:"255" doc:"It is unique among the organisation's live persons, after normalisation."`
}

func (b aliasBody) input() (registry.AliasInput, error) {
	t, err := idem.ParseAliasType(b.Type)
	return registry.AliasInput{Type: t, Value: b.Value}, err
}

func aliasInputs(list []aliasBody) ([]registry.AliasInput, error) {
	out := make([]registry.AliasInput, len(list))
	for i, b := range list {
		in, err := b.input()
		if err != nil {
			return nil, idem.ErrAliasType.At(fmt.Sprintf("aliases[%d].type", i))
		}
		out[i] = in
	}
	return out, nil
}

type aliasListOut struct {
	Body struct {
		Data []Alias `json:"data" nullable:"false"`
	} `nameHint:"AliasList"`
}

func (s *server) listAliases(ctx context.Context, p idem.Principal, in *PersonPath) (*aliasListOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	view, err := s.registry.Get(ctx, p, id)
	out := &aliasListOut{}
	out.Body.Data = aliasesOf(view.Aliases)
	return out, err
}

type addAliasIn struct {
	PersonPath
	Body aliasBody
}

func (in *addAliasIn) content(context.Context) (any, error) { return in.Body, nil }

func (s *server) addAlias(ctx context.Context, p idem.Principal, in *addAliasIn, c claim[Alias]) (answer[Alias], error) {
	id, err := in.id()
	if err != nil {
		return answer[Alias]{}, err
	}
	alias, err := in.Body.input()
	if err != nil {
		return answer[Alias]{}, idem.ErrAliasType.At("type")
	}
	added, fresh, err := s.registry.AddAlias(ctx, p, id, alias, func(ctx context.Context, tx store.Tx, done registry.AliasAdded) error {
		return c.remember(ctx, tx, addedAlias(done.Alias, done.New))
	})
	return addedAlias(added, fresh), err
}

// addedAlias answers 200 when the person had the alias already.
func addedAlias(a idem.Alias, fresh bool) answer[Alias] {
	if fresh {
		return answer[Alias]{http.StatusCreated, aliasOf(a)}
	}
	return answer[Alias]{http.StatusOK, aliasOf(a)}
}

type AliasPath struct {
	PersonPath
	AliasID string `path:"alias_id" doc:"The alias."`
}

func (p AliasPath) ids() (idem.PersonID, idem.AliasID, error) {
	person, err := p.id()
	if err != nil {
		return "", "", err
	}
	alias, ok := idem.ParseID(p.AliasID)
	if !ok {
		return "", "", idem.ErrAliasNotFound
	}
	return person, idem.AliasID(alias), nil
}

type valueBody struct {
	Value string `json:"value" maxLength:"255"`
}

type changeAliasIn struct {
	AliasPath
	Body valueBody
}

type aliasOut struct{ Body Alias }

func (s *server) changeAlias(ctx context.Context, p idem.Principal, in *changeAliasIn) (*aliasOut, error) {
	person, alias, err := in.ids()
	if err != nil {
		return nil, err
	}
	a, err := s.registry.UpdateAlias(ctx, p, person, alias, in.Body.Value)
	return &aliasOut{aliasOf(a)}, err
}

func (s *server) removeAlias(ctx context.Context, p idem.Principal, in *AliasPath) (*none, error) {
	person, alias, err := in.ids()
	if err != nil {
		return nil, err
	}
	return &none{}, s.registry.RemoveAlias(ctx, p, person, alias)
}

type searchBody struct {
	Aliases []searchAlias `json:"aliases" minItems:"1" maxItems:"100" nullable:"false"`
}

type searchAlias struct {
	Type  string `json:"type,omitempty" doc:"Any type of alias, SYSTEM_ID included; without one the value is looked for under all types."`
	Value string `json:"value" maxLength:"255"`
}

// Search is the answer to a search by aliases.
type Search struct {
	PersonIDs []string `json:"person_ids" nullable:"false" doc:"The live persons that own any of the aliases, each once, in the order of the aliases."`
	Match     string   `json:"match" enum:"none,one,many"`
}

type searchIn struct{ Body searchBody }

type searchOut struct{ Body Search }

func (s *server) searchPersons(ctx context.Context, p idem.Principal, in *searchIn) (*searchOut, error) {
	inputs := make([]registry.AliasInput, len(in.Body.Aliases))
	for i, a := range in.Body.Aliases {
		if inputs[i].Value = a.Value; a.Type == "" {
			continue
		}
		t, err := idem.ParseAliasType(a.Type)
		if err != nil {
			return nil, idem.ErrAliasType.At(fmt.Sprintf("aliases[%d].type", i))
		}
		inputs[i].Type = t
	}
	found, err := s.registry.Search(ctx, p, inputs)
	if err != nil {
		return nil, err
	}
	return &searchOut{searchResult(found)}, nil
}

func searchResult(found []idem.PersonID) Search {
	out := Search{PersonIDs: make([]string, len(found)), Match: "many"}
	for i, id := range found {
		out.PersonIDs[i] = string(id)
	}
	switch len(found) {
	case 0:
		out.Match = "none"
	case 1:
		out.Match = "one"
	}
	return out
}
