package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// The technologies of flows beside those of liveness.
const (
	DocumentRecognition = "DR"
	ElectronicDocument  = "ED"
	Face2Face           = "F2F"
)

// Flow is an ordered list of technologies that persons go through.
type Flow struct {
	ID             string       `json:"id"`
	Name           string       `json:"name"`
	Technologies   []string     `json:"technologies"` // in the order in which they run
	Config         PersonConfig `json:"person_config"`
	SessionSeconds int          `json:"session_seconds"` // from opening a session to its expiry
	Attempts       int          `json:"attempts"`        // of each step
	FrameAncestors []string     `json:"frame_ancestors"` // origins that may show its pages in a frame
	CreatedAt      time.Time    `json:"created_at"`
	DeletedAt      *time.Time   `json:"deleted_at"` // nil while sessions can be opened
	Key            *string      `json:"key"`        // for ForFlow; nil without the permission flows.manage
}

// PersonConfig is what a flow has to do with persons.
type PersonConfig struct {
	Collect             bool     `json:"collection_enabled"`
	ForceVerification   bool     `json:"force_verification"`
	SkipKnown           bool     `json:"skip_known"`
	SkipTechnologies    []string `json:"skip_technologies"`
	SkipMaxAgeHours     int      `json:"skip_max_age_hours"` // 0 for any age
	PersonPhoto         bool     `json:"use_for_face2face"`
	CustomAliasKey      string   `json:"custom_alias_key"`
	LookupKeys          []string `json:"lookup_keys"`
	FailedMatch         string   `json:"failed_f2f_policy"` // EXCLUDE_LIVE, COLLECT_ALL, SKIP_SESSION
	Conflict            string   `json:"conflict_policy"`   // REVIEW, STRONG_FIRST
	CollectWithoutAlias bool     `json:"collect_without_alias"`
	Deleted             string   `json:"deleted_match_policy"` // IGNORE, RESTORE
}

// PersonConfigChange changes what is not nil; in a new flow, the defaults.
type PersonConfigChange struct {
	Collect             *bool     `json:"collection_enabled,omitempty"`
	ForceVerification   *bool     `json:"force_verification,omitempty"`
	SkipKnown           *bool     `json:"skip_known,omitempty"`
	SkipTechnologies    *[]string `json:"skip_technologies,omitempty"`
	SkipMaxAgeHours     *int      `json:"skip_max_age_hours,omitempty"`
	PersonPhoto         *bool     `json:"use_for_face2face,omitempty"`
	CustomAliasKey      *string   `json:"custom_alias_key,omitempty"`
	LookupKeys          *[]string `json:"lookup_keys,omitempty"`
	FailedMatch         *string   `json:"failed_f2f_policy,omitempty"`
	Conflict            *string   `json:"conflict_policy,omitempty"`
	CollectWithoutAlias *bool     `json:"collect_without_alias,omitempty"`
	Deleted             *string   `json:"deleted_match_policy,omitempty"`
}

// NewFlow asks for a flow. Zero SessionSeconds (60..86400) and Attempts (1..10)
// are the server's defaults.
type NewFlow struct {
	Name           string              `json:"name"`
	Technologies   []string            `json:"technologies"`
	Config         *PersonConfigChange `json:"person_config,omitempty"`
	SessionSeconds int                 `json:"session_seconds,omitempty"`
	Attempts       int                 `json:"attempts,omitempty"`
	FrameAncestors []string            `json:"frame_ancestors,omitempty"` // origins such as https://shop.example, at most ten
}

// FlowChange changes what is not nil. Technologies never change.
type FlowChange struct {
	Name           *string             `json:"name,omitempty"`
	Config         *PersonConfigChange `json:"person_config,omitempty"`
	SessionSeconds *int                `json:"session_seconds,omitempty"`
	Attempts       *int                `json:"attempts,omitempty"`
	FrameAncestors *[]string           `json:"frame_ancestors,omitempty"`
}

func flowPath(id string, more ...string) string {
	path := "/v1/flows/" + url.PathEscape(id)
	for _, part := range more {
		path += "/" + url.PathEscape(part)
	}
	return path
}

// Technologies lists the codes that flows can be made of: those with a
// subscription.
func (c *Client) Technologies(ctx context.Context) ([]string, error) {
	return list[string](ctx, c, "/v1/technologies")
}

// Flows lists the flows that are not deleted, oldest first.
func (c *Client) Flows(ctx context.Context) ([]Flow, error) { return list[Flow](ctx, c, "/v1/flows") }

// Flow reads a flow, also a deleted one.
func (c *Client) Flow(ctx context.Context, id string) (Flow, error) {
	return answerOf[Flow](ctx, c, get(flowPath(id), nil), nil)
}

// CreateFlow makes a flow with its key.
func (c *Client) CreateFlow(ctx context.Context, n NewFlow) (Flow, error) {
	k, err := call{method: http.MethodPost, path: "/v1/flows", creates: true}.withJSON(n)
	return answerOf[Flow](ctx, c, k, err)
}

// ChangeFlow changes a flow for sessions that are opened from then on.
func (c *Client) ChangeFlow(ctx context.Context, id string, change FlowChange) (Flow, error) {
	k, err := call{method: http.MethodPatch, path: flowPath(id)}.withJSON(change)
	return answerOf[Flow](ctx, c, k, err)
}

// DeleteFlow ends the opening of sessions; results stay readable.
func (c *Client) DeleteFlow(ctx context.Context, id string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: flowPath(id)}, nil)
}

// RotateFlowKey draws a new key of a flow and returns it; the old one opens and
// reads no session any more.
func (c *Client) RotateFlowKey(ctx context.Context, id string) (key string, err error) {
	out, err := answerOf[struct {
		Secret string `json:"secret"`
	}](ctx, c, call{method: http.MethodPost, path: flowPath(id, "key")}, nil)
	return out.Secret, err
}

// DemoFlow opens a demonstration: it spends nothing, makes no person and tells
// no webhook.
func (c *Client) DemoFlow(ctx context.Context, id string) (Session, error) {
	return answerOf[Session](ctx, c, call{method: http.MethodPost, path: flowPath(id, "demo")}, nil)
}
