package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/blob"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/flow/report"
	"github.com/idem-id/idem/internal/httpapi"
	"github.com/idem-id/idem/internal/httpapi/flows"
	"github.com/idem-id/idem/internal/httpapi/peer"
	"github.com/idem-id/idem/internal/httpapi/persons"
	"github.com/idem-id/idem/internal/metrics"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/webhook"
	"github.com/spf13/cobra"
)

// addFlows makes the use case over technologies that run within the bounds of
// the checks, and lets the runner collect sessions.
func (a *app) addFlows(checks *check.Checks, m *metrics.Metrics) {
	a.limiter, _ = a.config.limiter() // validated with the settings
	m.Add(limitReadings(a.limiter)...)
	deps := a.flowDeps()
	deps.Technologies, deps.Runner = checks.Technologies, checks.Runner
	a.flows = flow.New(deps)
	a.jobs.Add(a.flows.Worker(), a.flows.Eraser())
}

// flowDeps is what flows work with but for technologies, also where an operator
// decides by command: webhooks are told of it.
func (a *app) flowDeps() flow.Deps {
	return flow.Deps{Store: a.jobs.Watch(a.store), Registry: a.registry, Vault: a.vault, Blobs: blob.NewSealed(a.blobs, a.vault), Pictures: a.pictures,
		Keys: a.access, IDs: idem.UUIDv7{}, Locales: a.texts.Locales(), Emit: a.emit, Log: a.log, Account: account()}
}

// emit tells the webhooks of a flow.
func (a *app) emit(ctx context.Context, tx store.Tx, e flow.Event) error {
	success, data := report.Told(e.Name, e.Session, e.Step, e.Collection)
	return a.webhooks.Emit(ctx, tx, webhook.Event{Session: *e.Session, Name: e.Name, Success: success, Data: data})
}

// limiter bounds the clients of sessions as the settings say.
func (c *config) limiter() (*flows.Limiter, error) {
	rates, err := flows.ParseRates(c.SessionLimits)
	if err != nil {
		return nil, fmt.Errorf("--session-limits: %w", err)
	}
	proxies, err := peer.Parse(c.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("--trusted-proxies: %w", err)
	}
	return flows.NewLimiter(rates, proxies, time.Now), nil
}

// limitReadings tells what the limits refused.
func limitReadings(l *flows.Limiter) (out []metrics.Reading) {
	for name := range l.Refused() {
		out = append(out, metrics.Reading{Name: "session_requests_refused_total", Help: "requests of clients of sessions that came too often, by limit",
			Kind: metrics.Counter, Labels: map[string]string{"limit": string(name)}, Value: func() float64 { return float64(l.Refused()[name]) }})
	}
	return out
}

func (a *app) flowsDialect(refuse func(http.ResponseWriter, *http.Request, error)) httpapi.Dialect {
	deps := flows.Deps{Flows: a.flows, Pictures: a.pictures, Refuse: refuse, Limiter: a.limiter}
	return httpapi.Dialect{
		Refuse: refuse,
		Routes: func(mux *http.ServeMux, authenticate httpapi.Authenticate) {
			deps.Authenticate = flows.Authenticate(authenticate)
			flows.Routes(mux, deps)
		},
	}
}

func (a *app) personsDeps(checks *check.Checks) persons.Deps {
	return persons.Deps{Registry: a.registry, Checks: checks, Store: a.store, IDs: idem.UUIDv7{}, Log: a.log}
}

func flowCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "flow", Short: "Define flows, see their keys and say where their events go"}
	create := addFlowFlags(addJSON(&cobra.Command{Use: "create NAME TECHNOLOGY...", Short: "Make a flow of technologies in their order and print its key",
		Long: createFlowLong, Example: "  idem flow create onboarding LDHP DR F2F\n  idem flow create returning ED LDS F2F --skip-known --person-photo",
		Args: cobra.MinimumNArgs(2), RunE: createFlow}))
	create.Flags().Bool("no-persons", false, "as --persons=false")
	change := addFlowFlags(&cobra.Command{Use: "change NAME|ID", Short: "Change the settings that are given, for sessions opened from then on", Args: cobra.ExactArgs(1), RunE: changeFlow})
	change.Flags().String("name", "", "another name")
	demo := &cobra.Command{Use: "demo NAME|ID", Short: "Open a demonstration, which spends nothing", Args: cobra.ExactArgs(1), RunE: demoFlow}
	demo.Flags().String("listen", "", "address that the server listens on")
	demo.Flags().String("public-url", "", "address that people outside use")
	cmd.AddCommand(addOrg(create),
		addOrg(addJSON(&cobra.Command{Use: "list", Short: "List the flows with their keys", Args: cobra.NoArgs, RunE: listFlows})),
		addOrg(&cobra.Command{Use: "show NAME|ID", Short: "Show a flow with its key and all settings", Args: cobra.ExactArgs(1), RunE: showFlow}),
		addOrg(change),
		addOrg(&cobra.Command{Use: "rotate NAME|ID", Short: "Draw a new key; the old one opens and reads nothing any more", Args: cobra.ExactArgs(1), RunE: rotateFlow}),
		addOrg(&cobra.Command{Use: "delete NAME|ID", Short: "Delete a flow; its results stay readable", Args: cobra.ExactArgs(1), RunE: deleteFlow}),
		addOrg(demo), webhookCommand())
	return cmd
}

const createFlowLong = `Make a flow of technologies in their order and print its key.

  LDHP LDD LDS LDP  liveness: turns of the head, distance, one picture, turns and distance
  DR                document recognition
  ED                electronic document: its chip, or a provider
  F2F               the face of the camera against that of the document; behind both

The order never changes; settings do (idem flow change).`

// definedFlow is what scripts read.
type definedFlow struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Key          string   `json:"key"`
	Technologies []string `json:"technologies"`
}

// withFlows runs f with the definitions of an organisation's flows.
func withFlows(cmd *cobra.Command, f func(*data, *flow.Flows, idem.Principal) error) error {
	return withData(cmd, func(d *data) error {
		org, err := d.orgOf(cmd)
		if err != nil {
			return err
		}
		return f(d, flow.New(flow.Deps{Store: d.store, Vault: d.vault, Blobs: blob.NewSealed(d.blobs, d.vault), Keys: d.access, IDs: idem.UUIDv7{}, Log: d.log, Account: account()}), admin(org.ID))
	})
}

func createFlow(cmd *cobra.Command, args []string) error {
	f := cmd.Flags()
	n := flow.NewFlow{Name: args[0], Technologies: techCodes(args[1:])}
	n.SessionTime, _ = f.GetDuration("session-time")
	n.Attempts, _ = f.GetInt("attempts")
	n.FrameAncestors, _ = f.GetStringSlice("frame-ancestor")
	n.Config = func(c *idem.PersonConfig) {
		configChange(f)(c)
		if off, _ := f.GetBool("no-persons"); off {
			c.Collect = false
		}
	}
	return withFlows(cmd, func(_ *data, all *flow.Flows, p idem.Principal) error {
		made, err := all.Define(cmd.Context(), p, n)
		if err != nil {
			return err
		}
		return printFlows(cmd, all, p, []idem.Flow{made})
	})
}

func listFlows(cmd *cobra.Command, _ []string) error {
	return withFlows(cmd, func(_ *data, all *flow.Flows, p idem.Principal) error {
		list, err := all.List(cmd.Context(), p)
		if err != nil {
			return err
		}
		return printFlows(cmd, all, p, list)
	})
}

func printFlows(cmd *cobra.Command, all *flow.Flows, p idem.Principal, list []idem.Flow) error {
	out := []definedFlow{}
	rows := [][]any{{"NAME", "KEY", "TECHNOLOGIES", "ID"}}
	for _, f := range list {
		key, err := all.Key(cmd.Context(), p, f.ID)
		if err != nil {
			return err
		}
		line := definedFlow{ID: string(f.ID), Name: f.Name, Key: key}
		for _, c := range f.Technologies {
			line.Technologies = append(line.Technologies, string(c))
		}
		out = append(out, line)
		rows = append(rows, []any{f.Name, key, strings.Join(line.Technologies, ","), f.ID})
	}
	if wantsJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), out)
	}
	table(cmd.OutOrStdout(), rows...)
	return nil
}

// findFlow returns the flow of that name or id.
func findFlow(cmd *cobra.Command, all *flow.Flows, p idem.Principal, text string) (idem.Flow, error) {
	list, err := all.List(cmd.Context(), p)
	if err != nil {
		return idem.Flow{}, err
	}
	for _, f := range list {
		if f.Name == text || string(f.ID) == text {
			return f, nil
		}
	}
	return idem.Flow{}, idem.ErrFlowNotFound
}

func deleteFlow(cmd *cobra.Command, args []string) error {
	return withFlow(cmd, args[0], func(all *flow.Flows, p idem.Principal, found idem.Flow) error {
		return all.Delete(cmd.Context(), p, found.ID)
	})
}

func demoFlow(cmd *cobra.Command, args []string) error {
	return withFlows(cmd, func(d *data, all *flow.Flows, p idem.Principal) error {
		f, err := findFlow(cmd, all, p, args[0])
		if err != nil {
			return err
		}
		s, err := all.Demo(cmd.Context(), p, f.ID)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "session %s, until %s\n%s\n", s.ID, s.ExpiresAt.Format("15:04"), d.config.pageOf(s.ID))
		return err
	})
}
