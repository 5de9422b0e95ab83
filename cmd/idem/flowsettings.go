package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/flow"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// addFlowFlags gives a command the settings of flows. What is not given keeps
// its value, or its default in a new flow.
func addFlowFlags(cmd *cobra.Command) *cobra.Command {
	f, d := cmd.Flags(), idem.DefaultPersonConfig()
	f.Duration("session-time", idem.DefaultSessionTime, "from opening a session to its expiry, 1m..24h")
	f.Int("attempts", idem.DefaultAttempts, "of each step, 1..10")
	f.StringSlice("frame-ancestor", nil, "origin that may show the pages of its sessions in a frame, such as https://shop.example; may be repeated")
	f.Bool("persons", true, "make or update persons of its sessions")
	f.Bool("force-verification", false, "new persons are verified, whatever the faces said")
	f.Bool("skip-known", false, "copy earlier documents of known persons")
	f.StringSlice("skip-technologies", []string{"ED"}, "whose results are copied: ED, DR")
	f.Duration("skip-max-age", 0, "how old copied results may be, in whole hours; 0 for any age")
	f.Bool("person-photo", false, "compare faces with the photos of known persons")
	f.String("custom-alias-key", d.CustomAliasKey, "member of the metadata that becomes a CUSTOM alias")
	f.StringSlice("lookup-keys", d.LookupKeys, "members of the metadata that may name a known person")
	f.String("failed-f2f", string(d.FailedMatch), "what is collected when the faces differ: EXCLUDE_LIVE, COLLECT_ALL, SKIP_SESSION")
	f.String("conflict", string(d.Conflict), "who is taken when several persons answer to the aliases: REVIEW, STRONG_FIRST")
	f.String("deleted-match", string(d.Deleted), "when only a deleted person answers to the aliases: IGNORE, RESTORE")
	f.Bool("photo-alone", d.CollectWithoutAlias, "make a person of a photo without any alias")
	return cmd
}

// configChange changes the settings whose flags are given.
func configChange(f *pflag.FlagSet) func(*idem.PersonConfig) {
	return func(c *idem.PersonConfig) {
		set(f, "persons", f.GetBool, &c.Collect)
		set(f, "force-verification", f.GetBool, &c.ForceVerification)
		set(f, "skip-known", f.GetBool, &c.SkipKnown)
		set(f, "person-photo", f.GetBool, &c.PersonPhoto)
		set(f, "photo-alone", f.GetBool, &c.CollectWithoutAlias)
		set(f, "skip-max-age", f.GetDuration, &c.SkipMaxAge)
		set(f, "custom-alias-key", f.GetString, &c.CustomAliasKey)
		set(f, "lookup-keys", f.GetStringSlice, &c.LookupKeys)
		if codes := given(f, "skip-technologies", f.GetStringSlice); codes != nil {
			c.SkipTechnologies = techCodes(*codes)
		}
		set(f, "failed-f2f", f.GetString, (*string)(&c.FailedMatch))
		set(f, "conflict", f.GetString, (*string)(&c.Conflict))
		set(f, "deleted-match", f.GetString, (*string)(&c.Deleted))
	}
}

// set assigns the value of a flag that is given.
func set[T any](f *pflag.FlagSet, name string, value func(string) (T, error), to *T) {
	if v := given(f, name, value); v != nil {
		*to = *v
	}
}

// given is the value of a flag that is given, else nil.
func given[T any](f *pflag.FlagSet, name string, value func(string) (T, error)) *T {
	v, err := value(name)
	if err != nil || !f.Changed(name) {
		return nil
	}
	return &v
}

func techCodes(texts []string) []idem.TechCode {
	out := make([]idem.TechCode, len(texts))
	for i, text := range texts {
		out[i] = idem.TechCode(strings.ToUpper(text))
	}
	return out
}

// withFlow runs f with the flow of that name or id.
func withFlow(cmd *cobra.Command, text string, f func(*flow.Flows, idem.Principal, idem.Flow) error) error {
	return withFlows(cmd, func(_ *data, all *flow.Flows, p idem.Principal) error {
		found, err := findFlow(cmd, all, p, text)
		if err != nil {
			return err
		}
		return f(all, p, found)
	})
}

func showFlow(cmd *cobra.Command, args []string) error {
	return withFlow(cmd, args[0], func(all *flow.Flows, p idem.Principal, found idem.Flow) error {
		key, err := all.Key(cmd.Context(), p, found.ID)
		if err != nil {
			return err
		}
		printFlow(cmd, found, key)
		return nil
	})
}

func changeFlow(cmd *cobra.Command, args []string) error {
	f := cmd.Flags()
	c := flow.Change{Name: given(f, "name", f.GetString), Config: configChange(f), SessionTime: given(f, "session-time", f.GetDuration),
		Attempts: given(f, "attempts", f.GetInt), FrameAncestors: given(f, "frame-ancestor", f.GetStringSlice)}
	return withFlow(cmd, args[0], func(all *flow.Flows, p idem.Principal, found idem.Flow) error {
		changed, err := all.Configure(cmd.Context(), p, found.ID, c)
		if err != nil {
			return err
		}
		key, err := all.Key(cmd.Context(), p, found.ID)
		if err != nil {
			return err
		}
		printFlow(cmd, changed, key)
		return nil
	})
}

func rotateFlow(cmd *cobra.Command, args []string) error {
	return withFlow(cmd, args[0], func(all *flow.Flows, p idem.Principal, found idem.Flow) error {
		key, err := all.RotateKey(cmd.Context(), p, found.ID)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "key  %s\n", key)
		return err
	})
}

// printFlow shows a flow with all settings, under the names of their flags.
func printFlow(cmd *cobra.Command, f idem.Flow, key string) {
	c := f.Config
	age := "any"
	if c.SkipMaxAge > 0 {
		age = c.SkipMaxAge.String()
	}
	table(cmd.OutOrStdout(),
		[]any{"name", f.Name}, []any{"id", f.ID}, []any{"key", key}, []any{"technologies", joined(f.Technologies)},
		[]any{"created", f.CreatedAt.Format(time.RFC3339)},
		[]any{"session-time", f.SessionTime}, []any{"attempts", f.Attempts}, []any{"frame-ancestor", or(strings.Join(f.FrameAncestors, ","), "none besides the server's own")},
		[]any{"persons", c.Collect}, []any{"force-verification", c.ForceVerification}, []any{"skip-known", c.SkipKnown},
		[]any{"skip-technologies", joined(c.SkipTechnologies)}, []any{"skip-max-age", age}, []any{"person-photo", c.PersonPhoto},
		[]any{"custom-alias-key", c.CustomAliasKey}, []any{"lookup-keys", strings.Join(c.LookupKeys, ",")}, []any{"failed-f2f", c.FailedMatch},
		[]any{"conflict", c.Conflict}, []any{"deleted-match", c.Deleted}, []any{"photo-alone", c.CollectWithoutAlias})
}

func joined(codes []idem.TechCode) string {
	texts := make([]string, len(codes))
	for i, c := range codes {
		texts[i] = string(c)
	}
	return strings.Join(texts, ",")
}
