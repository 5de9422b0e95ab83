package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/store"
)

const (
	createFlowText = `Technologies run in the given order and never change; a flow needs a subscription of each. Sessions are opened with the
flow's key by the Flow session API under /api/v1/flows/session/.`
	changeFlowText = `What is left out stays as it is. Sessions that are open keep what they began with.`
	rotateFlowText = `The old key opens and reads no session any more. Sessions that are open go on. It also needs the
permission sessions.open, which the key gives.`
	demoFlowText = `A demonstration spends no unit, makes no person and tells no webhook. It is marked in the session's state.`
	resolveText  = `attach gives the session to the named person, create makes a new one, discard collects nothing. Aliases that other persons own
stay where they are.`
)

func flowExample() object {
	return object{"name": "Onboarding", "technologies": []string{"LDHP", "DR", "F2F"}, "person_config": object{"collection_enabled": true}}
}

// Flow is an ordered list of technologies that persons go through.
type Flow struct {
	ID             string       `json:"id" format:"uuid"`
	Name           string       `json:"name"`
	Technologies   []string     `json:"technologies" nullable:"false" doc:"In the order in which they run."`
	Config         PersonConfig `json:"person_config"`
	SessionSeconds int          `json:"session_seconds" doc:"From opening a session to its expiry."`
	Attempts       int          `json:"attempts" doc:"Of each step."`
	FrameAncestors []string     `json:"frame_ancestors" nullable:"false" doc:"The origins that may show the pages of its sessions in a frame."`
	CreatedAt      time.Time    `json:"created_at"`
	DeletedAt      *time.Time   `json:"deleted_at" doc:"null while sessions can be opened."`
	Key            *string      `json:"key" doc:"It opens sessions; null without the permission flows.manage."`
}

// PersonConfig is what a flow has to do with persons.
type PersonConfig struct {
	Collect             bool     `json:"collection_enabled" doc:"Make or update a person of what each session proved."`
	ForceVerification   bool     `json:"force_verification" doc:"New persons are verified, whatever the faces said."`
	SkipKnown           bool     `json:"skip_known" doc:"Copy earlier results of the person whom the metadata names."`
	SkipTechnologies    []string `json:"skip_technologies" nullable:"false" doc:"Whose results may be copied: ED, DR."`
	SkipMaxAgeHours     int      `json:"skip_max_age_hours" doc:"How old they may be; 0 for any age."`
	PersonPhoto         bool     `json:"use_for_face2face" doc:"Compare the face with the best photo of the known person."`
	CustomAliasKey      string   `json:"custom_alias_key" doc:"The member of the metadata that becomes a CUSTOM alias."`
	LookupKeys          []string `json:"lookup_keys" nullable:"false" doc:"The members that may name a known person."`
	FailedMatch         string   `json:"failed_f2f_policy" enum:"EXCLUDE_LIVE,COLLECT_ALL,SKIP_SESSION" doc:"What is collected when the faces differ."`
	Conflict            string   `json:"conflict_policy" enum:"REVIEW,STRONG_FIRST" doc:"Who is taken when several persons answer to the aliases."`
	CollectWithoutAlias bool     `json:"collect_without_alias" doc:"Make a person of a photo alone, each time a new one."`
	Deleted             string   `json:"deleted_match_policy" enum:"IGNORE,RESTORE" doc:"What happens when only a deleted person answers to the aliases: a new one is made, or it comes back."`
}

func personConfigOf(c idem.PersonConfig) PersonConfig {
	return PersonConfig{c.Collect, c.ForceVerification, c.SkipKnown, codesOf(c.SkipTechnologies), int(c.SkipMaxAge / time.Hour), c.PersonPhoto,
		c.CustomAliasKey, append([]string{}, c.LookupKeys...), string(c.FailedMatch), string(c.Conflict), c.CollectWithoutAlias, string(c.Deleted)}
}

func codesOf(list []idem.TechCode) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = string(c)
	}
	return out
}

func techCodes(list []string) []idem.TechCode {
	out := make([]idem.TechCode, len(list))
	for i, c := range list {
		out[i] = idem.TechCode(c)
	}
	return out
}

func flowOf(f idem.Flow) Flow {
	return Flow{ID: string(f.ID), Name: f.Name, Technologies: codesOf(f.Technologies), Config: personConfigOf(f.Config),
		SessionSeconds: int(f.SessionTime / time.Second), Attempts: f.Attempts, FrameAncestors: append([]string{}, f.FrameAncestors...),
		CreatedAt: f.CreatedAt, DeletedAt: instant(f.DeletedAt)}
}

// configChange changes what is given and leaves the rest.
type configChange struct {
	Collect             *bool     `json:"collection_enabled,omitempty"`
	ForceVerification   *bool     `json:"force_verification,omitempty"`
	SkipKnown           *bool     `json:"skip_known,omitempty"`
	SkipTechnologies    *[]string `json:"skip_technologies,omitempty" maxItems:"10"`
	SkipMaxAgeHours     *int      `json:"skip_max_age_hours,omitempty" minimum:"0" maximum:"876000"`
	PersonPhoto         *bool     `json:"use_for_face2face,omitempty"`
	CustomAliasKey      *string   `json:"custom_alias_key,omitempty" maxLength:"64"`
	LookupKeys          *[]string `json:"lookup_keys,omitempty" maxItems:"10"`
	FailedMatch         *string   `json:"failed_f2f_policy,omitempty" enum:"EXCLUDE_LIVE,COLLECT_ALL,SKIP_SESSION"`
	Conflict            *string   `json:"conflict_policy,omitempty" enum:"REVIEW,STRONG_FIRST"`
	CollectWithoutAlias *bool     `json:"collect_without_alias,omitempty"`
	Deleted             *string   `json:"deleted_match_policy,omitempty" enum:"IGNORE,RESTORE"`
}

// apply changes a config; nil changes nothing.
func (c *configChange) apply(to *idem.PersonConfig) {
	if c == nil {
		return
	}
	assign(&to.Collect, c.Collect)
	assign(&to.ForceVerification, c.ForceVerification)
	assign(&to.SkipKnown, c.SkipKnown)
	assign(&to.PersonPhoto, c.PersonPhoto)
	assign(&to.CustomAliasKey, c.CustomAliasKey)
	assign(&to.LookupKeys, c.LookupKeys)
	assign(&to.CollectWithoutAlias, c.CollectWithoutAlias)
	if c.SkipTechnologies != nil {
		to.SkipTechnologies = techCodes(*c.SkipTechnologies)
	}
	if c.SkipMaxAgeHours != nil {
		to.SkipMaxAge = time.Duration(*c.SkipMaxAgeHours) * time.Hour
	}
	if c.FailedMatch != nil {
		to.FailedMatch = idem.FailedMatchPolicy(*c.FailedMatch)
	}
	if c.Conflict != nil {
		to.Conflict = idem.ConflictPolicy(*c.Conflict)
	}
	if c.Deleted != nil {
		to.Deleted = idem.DeletedMatchPolicy(*c.Deleted)
	}
}

type flowListOut struct {
	Body struct {
		Data []Flow `json:"data" nullable:"false"`
	} `nameHint:"FlowList"`
}

func (s *server) listFlows(ctx context.Context, p idem.Principal, _ *struct{}) (*flowListOut, error) {
	list, err := s.flows.List(ctx, p)
	out := &flowListOut{}
	out.Body.Data = make([]Flow, len(list))
	for i, f := range list {
		if out.Body.Data[i], err = s.withKey(ctx, p, f); err != nil {
			return nil, err
		}
	}
	return out, err
}

// withKey adds the key for those who may see it.
func (s *server) withKey(ctx context.Context, p idem.Principal, f idem.Flow) (Flow, error) {
	out := flowOf(f)
	key, err := s.flows.Key(ctx, p, f.ID)
	switch {
	case errors.Is(err, idem.ErrRoleForbidden):
		return out, nil
	case err == nil:
		out.Key = &key
	}
	return out, err
}

type technologiesOut struct {
	Body struct {
		Data []string `json:"data" nullable:"false"`
	} `nameHint:"TechnologyList"`
}

func (s *server) listTechnologies(ctx context.Context, p idem.Principal, _ *struct{}) (*technologiesOut, error) {
	list, err := s.flows.Offered(ctx, p)
	out := &technologiesOut{}
	out.Body.Data = codesOf(list)
	return out, err
}

// newFlowBody is what a flow is made from.
type newFlowBody struct {
	Name           string        `json:"name" maxLength:"100"`
	Technologies   []string      `json:"technologies" maxItems:"10" nullable:"false" doc:"In the order in which they run: LDHP, LDD, LDS, LDP, DR, ED, F2F."`
	Config         *configChange `json:"person_config,omitempty"`
	SessionSeconds int           `json:"session_seconds,omitempty" minimum:"60" maximum:"86400"`
	Attempts       int           `json:"attempts,omitempty" minimum:"1" maximum:"10"`
	FrameAncestors []string      `json:"frame_ancestors,omitempty" maxItems:"10" doc:"Origins such as https://shop.example; plain HTTP for localhost alone."`
}

type createFlowIn struct{ Body newFlowBody }

func (in *createFlowIn) content(context.Context) (any, error) { return in.Body, nil }

func (s *server) createFlow(ctx context.Context, p idem.Principal, in *createFlowIn, c claim[Flow]) (answer[Flow], error) {
	n := flow.NewFlow{Name: in.Body.Name, Technologies: techCodes(in.Body.Technologies), Config: in.Body.Config.apply,
		SessionTime: time.Duration(in.Body.SessionSeconds) * time.Second, Attempts: in.Body.Attempts,
		FrameAncestors: in.Body.FrameAncestors}
	var out answer[Flow]
	_, err := s.flows.Define(ctx, p, n, func(ctx context.Context, tx store.Tx, done flow.Defined) error {
		body := flowOf(done.Flow)
		body.Key = &done.Secret
		out = answer[Flow]{http.StatusCreated, body}
		return c.remember(ctx, tx, out)
	})
	return out, err
}

// FlowPath is the input of routes of one flow.
type FlowPath struct {
	FlowID string `path:"flow_id" doc:"The flow."`
}

func (p FlowPath) id() (idem.FlowID, error) {
	id, ok := idem.ParseID(p.FlowID)
	if !ok {
		return "", idem.ErrFlowNotFound
	}
	return idem.FlowID(id), nil
}

type flowOut struct{ Body Flow }

func (s *server) getFlow(ctx context.Context, p idem.Principal, in *FlowPath) (*flowOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	f, err := s.flows.Get(ctx, p, id)
	if err != nil {
		return nil, err
	}
	out, err := s.withKey(ctx, p, f)
	return &flowOut{out}, err
}

type changeFlowIn struct {
	FlowPath
	Body struct {
		Name           *string       `json:"name,omitempty" maxLength:"100"`
		Config         *configChange `json:"person_config,omitempty"`
		SessionSeconds *int          `json:"session_seconds,omitempty" minimum:"60" maximum:"86400"`
		Attempts       *int          `json:"attempts,omitempty" minimum:"1" maximum:"10"`
		FrameAncestors *[]string     `json:"frame_ancestors,omitempty" maxItems:"10" doc:"Replaces all of them."`
	} `nameHint:"FlowChange"`
}

func (s *server) changeFlow(ctx context.Context, p idem.Principal, in *changeFlowIn) (*flowOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c := flow.Change{Name: in.Body.Name, Config: in.Body.Config.apply, Attempts: in.Body.Attempts, FrameAncestors: in.Body.FrameAncestors}
	if in.Body.SessionSeconds != nil {
		d := time.Duration(*in.Body.SessionSeconds) * time.Second
		c.SessionTime = &d
	}
	f, err := s.flows.Configure(ctx, p, id, c)
	if err != nil {
		return nil, err
	}
	out, err := s.withKey(ctx, p, f)
	return &flowOut{out}, err
}

func (s *server) deleteFlow(ctx context.Context, p idem.Principal, in *FlowPath) (*none, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return &none{}, s.flows.Delete(ctx, p, id)
}

func (s *server) rotateFlowKey(ctx context.Context, p idem.Principal, in *FlowPath) (*secretOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	secret, err := s.flows.RotateKey(ctx, p, id)
	return &secretOut{Secret{secret}}, err
}

func (s *server) demoFlow(ctx context.Context, p idem.Principal, in *FlowPath) (*sessionOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	made, err := s.flows.Demo(ctx, p, id)
	return &sessionOut{sessionOf(made)}, err
}
