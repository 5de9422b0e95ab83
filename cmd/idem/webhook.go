package main

import (
	"fmt"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/webhook"
	"github.com/spf13/cobra"
)

func webhookCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "webhook", Short: "Say where the events of a flow go, and see what became of them"}
	cmd.PersistentFlags().String("webhook-allow", "", "hosts and networks that may be named though they are not public, as for the server")
	add := addJSON(webhookAction("add FLOW URL", "Add a webhook, five at most, and print its secret", 2, addWebhook))
	add.Flags().Bool("person-events", false, "also tell of persons that sessions make or change, and of conflicts")
	cmd.AddCommand(add,
		addJSON(webhookAction("list FLOW", "List the webhooks of a flow", 1, listWebhooks)),
		webhookAction("enable FLOW WEBHOOK", "Deliver again from now on", 2, enableWebhook(true)),
		webhookAction("disable FLOW WEBHOOK", "Deliver nothing; what happens meanwhile is not sent later", 2, enableWebhook(false)),
		webhookAction("persons FLOW WEBHOOK on|off", "Tell, or do not, what becomes of the persons of sessions", 3, tellOfPersons),
		webhookAction("rotate FLOW WEBHOOK", "Draw a new secret and print it", 2, rotateWebhook),
		webhookAction("remove FLOW WEBHOOK", "Remove a webhook; what waits for it is not sent", 2, removeWebhook),
		webhookAction("test FLOW WEBHOOK", "Send a test event at once", 2, testWebhook),
		addJSON(webhookAction("deliveries FLOW WEBHOOK", "List the newest 100 attempts to deliver", 2, listDeliveries)),
		webhookAction("replay FLOW WEBHOOK EVENT", "Send an event once more; a running server does", 3, replayEvent))
	return cmd
}

// hooks is what a command about the webhooks of a flow works with.
type hooks struct {
	*webhook.Webhooks
	cmd  *cobra.Command
	me   idem.Principal
	flow idem.FlowID
	args []string // behind the flow
}

// at is the webhook that the command names, one of the flow's.
func (h hooks) at() (idem.WebhookID, error) {
	id, ok := idem.ParseID(h.args[0])
	if !ok {
		return "", idem.ErrWebhookNotFound
	}
	return idem.WebhookID(id), h.Belongs(h.cmd.Context(), h.me, h.flow, idem.WebhookID(id))
}

func webhookAction(use, short string, args int, run func(hooks) error) *cobra.Command {
	return addOrg(&cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(args), RunE: func(cmd *cobra.Command, args []string) error {
		return withFlows(cmd, func(d *data, all *flow.Flows, p idem.Principal) error {
			f, err := findFlow(cmd, all, p, args[0])
			if err != nil {
				return err
			}
			guard, err := webhook.NewGuard(d.config.WebhookAllow, nil)
			if err != nil {
				return fmt.Errorf("--webhook-allow: %w", err)
			}
			w := webhook.New(webhook.Deps{Store: d.store, Guard: guard, IDs: idem.UUIDv7{}, Account: account()})
			return run(hooks{w, cmd, p, f.ID, args[1:]})
		})
	}})
}

// webhookLine is what scripts read. The secret is there when it was drawn.
type webhookLine struct {
	ID      string `json:"id"`
	URL     string `json:"url"`
	Enabled bool   `json:"enabled"`
	Reason  string `json:"disabled_reason"`
	Persons bool   `json:"person_events"`
	Secret  string `json:"secret,omitempty"`
}

func lineOf(w idem.Webhook) webhookLine {
	return webhookLine{string(w.ID), w.URL, w.Enabled, w.Reason, w.PersonEvents, w.Secret}
}

func addWebhook(h hooks) error {
	persons, err := h.cmd.Flags().GetBool("person-events")
	if err != nil {
		return err
	}
	made, err := h.Create(h.cmd.Context(), h.me, h.flow, webhook.NewWebhook{URL: h.args[0], PersonEvents: persons})
	if err != nil {
		return err
	}
	if wantsJSON(h.cmd) {
		return printJSON(h.cmd.OutOrStdout(), lineOf(made))
	}
	_, err = fmt.Fprintf(h.cmd.OutOrStdout(), "webhook %s\nsecret  %s\n", made.ID, made.Secret)
	return err
}

func listWebhooks(h hooks) error {
	list, err := h.List(h.cmd.Context(), h.me, h.flow)
	if err != nil {
		return err
	}
	lines, rows := []webhookLine{}, [][]any{{"ID", "URL", "ENABLED", "REASON", "PERSONS"}}
	for _, w := range list {
		lines = append(lines, lineOf(w))
		rows = append(rows, []any{w.ID, w.URL, w.Enabled, w.Reason, w.PersonEvents})
	}
	if wantsJSON(h.cmd) {
		return printJSON(h.cmd.OutOrStdout(), lines)
	}
	table(h.cmd.OutOrStdout(), rows...)
	return nil
}

// change saves a change of the webhook that the command names.
func (h hooks) change(c webhook.Change) (idem.Webhook, error) {
	id, err := h.at()
	if err != nil {
		return idem.Webhook{}, err
	}
	return h.Save(h.cmd.Context(), h.me, id, c)
}

func enableWebhook(on bool) func(hooks) error {
	return func(h hooks) error {
		_, err := h.change(webhook.Change{Enabled: &on})
		return err
	}
}

func tellOfPersons(h hooks) error {
	on := h.args[1] == "on"
	if !on && h.args[1] != "off" {
		return fmt.Errorf("%q is neither on nor off", h.args[1])
	}
	_, err := h.change(webhook.Change{PersonEvents: &on})
	return err
}

func rotateWebhook(h hooks) error {
	saved, err := h.change(webhook.Change{NewSecret: true})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(h.cmd.OutOrStdout(), "secret  %s\n", saved.Secret)
	return err
}

func removeWebhook(h hooks) error {
	id, err := h.at()
	if err != nil {
		return err
	}
	return h.Delete(h.cmd.Context(), h.me, id)
}

func testWebhook(h hooks) error {
	id, err := h.at()
	if err != nil {
		return err
	}
	d, err := h.Test(h.cmd.Context(), h.me, id)
	if err != nil {
		return err
	}
	if d.Fault != "" {
		return fmt.Errorf("the receiver did not take the event: %s, status %d", d.Fault, d.Status)
	}
	_, err = fmt.Fprintf(h.cmd.OutOrStdout(), "taken with status %d in %s\n", d.Status, d.Took.Round(time.Millisecond))
	return err
}

// deliveryLine is what scripts read.
type deliveryLine struct {
	Event   string    `json:"event_id"`
	Name    string    `json:"event"`
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at"`
	Status  int       `json:"status"`
	Fault   string    `json:"fault"`
}

func listDeliveries(h hooks) error {
	id, err := h.at()
	if err != nil {
		return err
	}
	list, _, err := h.Deliveries(h.cmd.Context(), h.me, id, store.Page{Limit: 100})
	if err != nil {
		return err
	}
	lines, rows := []deliveryLine{}, [][]any{{"AT", "EVENT", "NAME", "ATTEMPT", "STATUS", "FAULT"}}
	for _, d := range list {
		lines = append(lines, deliveryLine{string(d.Event), d.Name, d.Attempt, d.At, d.Status, d.Fault})
		rows = append(rows, []any{d.At.Format(time.RFC3339), d.Event, d.Name, d.Attempt, d.Status, d.Fault})
	}
	if wantsJSON(h.cmd) {
		return printJSON(h.cmd.OutOrStdout(), lines)
	}
	table(h.cmd.OutOrStdout(), rows...)
	return nil
}

func replayEvent(h hooks) error {
	id, err := h.at()
	if err != nil {
		return err
	}
	event, ok := idem.ParseID(h.args[1])
	if !ok {
		return idem.ErrEventNotFound
	}
	return h.Replay(h.cmd.Context(), h.me, id, idem.EventID(event))
}
