package main

import (
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/flow"
	"github.com/spf13/cobra"
)

func collectionCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "collection", Short: "See what became of ended sessions, and decide conflicts"}
	list := addJSON(addOrg(&cobra.Command{Use: "list", Short: "List collections, newest first", Args: cobra.NoArgs, RunE: listCollections}))
	list.Flags().String("state", "", "QUEUED, DONE, SKIPPED, CONFLICT, FAILED")
	cmd.AddCommand(addLimit(list, 50),
		addOrg(&cobra.Command{Use: "attach SESSION PERSON", Short: "Give a session in conflict to a person", Args: cobra.ExactArgs(2),
			RunE: decide(func(cmd *cobra.Command, f *flow.Flows, p idem.Principal, id idem.SessionID, args []string) (idem.Collection, error) {
				person, ok := idem.ParseID(args[1])
				if !ok {
					return idem.Collection{}, idem.ErrPersonNotFound
				}
				return f.Resolve(cmd.Context(), p, id, idem.PersonID(person))
			})}),
		addOrg(&cobra.Command{Use: "create SESSION", Short: "Make a new person of a session in conflict", Args: cobra.ExactArgs(1),
			RunE: decide(func(cmd *cobra.Command, f *flow.Flows, p idem.Principal, id idem.SessionID, _ []string) (idem.Collection, error) {
				return f.Resolve(cmd.Context(), p, id, "")
			})}),
		addOrg(&cobra.Command{Use: "discard SESSION", Short: "Collect nothing of a session in conflict", Args: cobra.ExactArgs(1),
			RunE: decide(func(cmd *cobra.Command, f *flow.Flows, p idem.Principal, id idem.SessionID, _ []string) (idem.Collection, error) {
				return f.Discard(cmd.Context(), p, id)
			})}))
	return cmd
}

// collectionLine is what scripts read.
type collectionLine struct {
	Session   string    `json:"session_id"`
	State     string    `json:"state"`
	Reason    string    `json:"reason"`
	Person    string    `json:"person_id,omitempty"`
	Hits      []hitLine `json:"hits"`
	CreatedAt time.Time `json:"created_at"`
}

type hitLine struct {
	Type   string `json:"type"`
	Person string `json:"person_id"`
}

func listCollections(cmd *cobra.Command, _ []string) error {
	state, _ := cmd.Flags().GetString("state")
	if state != "" {
		if err := oneOf("--state", state, "QUEUED", "DONE", "SKIPPED", "CONFLICT", "FAILED"); err != nil {
			return err
		}
	}
	return withFlows(cmd, func(_ *data, all *flow.Flows, p idem.Principal) error {
		list, _, err := all.Collections(cmd.Context(), p, idem.CollectionState(state), firstPage(cmd))
		if err != nil {
			return err
		}
		return printCollections(cmd, list...)
	})
}

// printCollections shows behind a conflict whom the aliases of the session
// belong to.
func printCollections(cmd *cobra.Command, list ...idem.Collection) error {
	lines, rows := []collectionLine{}, [][]any{{"SESSION", "STATE", "REASON", "PERSON", "ENDED"}}
	for _, c := range list {
		line := collectionLine{string(c.Session), string(c.State), string(c.Reason), string(c.Person), []hitLine{}, c.CreatedAt}
		var owners []string
		for _, h := range c.Hits {
			line.Hits = append(line.Hits, hitLine{string(h.Type), string(h.Person)})
			owners = append(owners, string(h.Type)+":"+string(h.Person))
		}
		lines = append(lines, line)
		rows = append(rows, []any{c.Session, c.State, or(line.Reason, "-"), or(or(line.Person, strings.Join(owners, " ")), "-"), at(c.EndedAt)})
	}
	if wantsJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), lines)
	}
	table(cmd.OutOrStdout(), rows...)
	return nil
}

// decision answers the conflict of a session.
type decision func(cmd *cobra.Command, f *flow.Flows, p idem.Principal, id idem.SessionID, args []string) (idem.Collection, error)

// decide runs a decision with everything that a person is made with.
func decide(d decision) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		id, ok := idem.ParseID(args[0])
		if !ok {
			return idem.ErrSessionNotFound
		}
		return withApp(cmd, func(a *app) error {
			org, err := a.orgOf(cmd)
			if err != nil {
				return err
			}
			c, err := d(cmd, flow.New(a.flowDeps()), admin(org.ID), idem.SessionID(id), args)
			if err != nil {
				return err
			}
			return printCollections(cmd, c)
		})
	}
}
