package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/tech/edocument/pki"
	"github.com/idem-id/idem/internal/tech/edocument/trust"
	"github.com/spf13/cobra"
)

func trustCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "trust", Short: "Say whose electronic documents are believed; running servers follow"}
	cmd.PersistentFlags().Bool("mobile", false, "roots of mobile documents (IACA) instead of travel documents (CSCA)")
	cmd.AddCommand(
		&cobra.Command{Use: "import FILE...", Short: "Take in root certificates, master lists (.ml) and revocation lists", Args: cobra.MinimumNArgs(1), RunE: importTrust},
		addJSON(&cobra.Command{Use: "list", Short: "Show what is trusted", Args: cobra.NoArgs, RunE: listTrust}),
		&cobra.Command{Use: "remove NAME...", Short: "Take files out, by the names that list shows", Args: cobra.MinimumNArgs(1), RunE: removeTrust})
	return cmd
}

// The trust stores of the instance.
func travelTrust(c config) *trust.Store { return trust.Open(filepath.Join(c.Data, "trust", "travel")) }

func mobileTrust(c config) *trust.Store { return trust.Open(filepath.Join(c.Data, "trust", "mobile")) }

func chosenTrust(cmd *cobra.Command) (*trust.Store, error) {
	c, err := loadConfig(cmd)
	if err != nil {
		return nil, err
	}
	if mobile, _ := cmd.Flags().GetBool("mobile"); mobile {
		return mobileTrust(c), nil
	}
	return travelTrust(c), nil
}

func importTrust(cmd *cobra.Command, files []string) error {
	return withTrust(cmd, func(t *trustChange) error {
		for _, file := range files {
			if err := t.importFile(cmd.Context(), cmd.OutOrStdout(), file); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
		return nil
	})
}

// trustChange changes a trust store and records it. The entry comes first: it
// may tell of a change that failed then, but no change is without one.
type trustChange struct {
	*data
	store *trust.Store
}

func withTrust(cmd *cobra.Command, f func(*trustChange) error) error {
	store, err := chosenTrust(cmd)
	if err != nil {
		return err
	}
	return withData(cmd, func(d *data) error { return f(&trustChange{d, store}) })
}

func (t *trustChange) importFile(ctx context.Context, w io.Writer, file string) error {
	content, err := readTrustFile(file)
	if err != nil {
		return err
	}
	item, err := trust.Recognise(content)
	if err != nil {
		return err
	}
	if err := t.record(ctx, idem.ActionTrustImported, item); err != nil {
		return err
	}
	if item, err = t.store.Import(content); err != nil {
		return err
	}
	return printTrust(w, describe(item))
}

func readTrustFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > trust.MaxFile {
		return nil, fmt.Errorf("%d bytes, %d are allowed", info.Size(), trust.MaxFile)
	}
	return os.ReadFile(file)
}

func (t *trustChange) remove(ctx context.Context, name string) error {
	item, err := t.store.Find(name)
	if err != nil {
		return err
	}
	if err := t.record(ctx, idem.ActionTrustRemoved, item); err != nil {
		return err
	}
	return t.store.Remove(name)
}

func (t *trustChange) record(ctx context.Context, what idem.InstanceActionType, i trust.Item) error {
	line := describe(i)
	details := map[string]any{"store": filepath.Base(t.store.Folder()), "name": i.Name, "kind": line.Kind, "sha256": hex.EncodeToString(i.Digest[:]),
		"certificates": fingerprints(i.Certificates)}
	for name, text := range map[string]string{"subject": line.Subject, "signer": line.Signer, "fingerprint": line.Fingerprint} {
		if text != "" {
			details[name] = text
		}
	}
	return t.data.store.System().Record(ctx, idem.InstanceAction{Type: what, Account: account(), Details: details})
}

func fingerprints(list []*pki.Certificate) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.Fingerprint()
	}
	return out
}

// trustLine is one file of a trust store for people and programs.
type trustLine struct {
	Name         string         `json:"name"`
	Kind         string         `json:"kind"`
	Subject      string         `json:"subject,omitempty"`
	Fingerprint  string         `json:"fingerprint,omitempty"`
	Until        *time.Time     `json:"valid_until,omitempty"`
	Signer       string         `json:"signer,omitempty"`
	SignedAt     *time.Time     `json:"signed_at,omitempty"`
	Anchored     *bool          `json:"signer_on_list,omitempty"`
	Certificates int            `json:"certificates"`
	Countries    map[string]int `json:"countries,omitempty"`
	Unreadable   []string       `json:"unreadable,omitempty"`
	Fault        string         `json:"fault,omitempty"`
}

var trustKinds = map[trust.Kind]string{trust.Certificate: "certificate", trust.Master: "master list", trust.Revocations: "revocation list"}

func describe(i trust.Item) trustLine {
	line := trustLine{Name: i.Name, Kind: trustKinds[i.Kind], Certificates: len(i.Certificates), Countries: trust.Countries(i.Certificates)}
	switch {
	case i.Fault != nil:
		line.Fault = i.Fault.Error()
	case i.List != nil:
		line.Signer, line.Fingerprint = i.List.Signer.Subject.String(), i.List.Signer.Fingerprint()
		line.SignedAt, line.Anchored, line.Unreadable = &i.List.SignedAt, &i.List.Anchored, i.List.Unreadable
	case i.Revocation != nil:
		line.Subject, line.SignedAt = i.Revocation.Issuer.String(), &i.Revocation.ThisUpdate
	case len(i.Certificates) == 1:
		c := i.Certificates[0]
		line.Subject, line.Fingerprint, line.Until = c.Subject.String(), c.Fingerprint(), &c.NotAfter
	}
	return line
}

func listTrust(cmd *cobra.Command, _ []string) error {
	store, err := chosenTrust(cmd)
	if err != nil {
		return err
	}
	items, err := store.List()
	if err != nil {
		return err
	}
	lines := make([]trustLine, 0, len(items))
	for _, i := range items {
		lines = append(lines, describe(i))
	}
	if wantsJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), lines)
	}
	return printTrust(cmd.OutOrStdout(), lines...)
}

// printTrust shows a file by a line, and a master list with all that whoever
// decides about it wants to know.
func printTrust(w io.Writer, lines ...trustLine) error {
	for _, l := range lines {
		fmt.Fprintf(w, "%s  %s  %s\n", l.Name, l.Kind, cmp.Or(l.Fault, l.Subject, l.Signer))
		if l.Fingerprint != "" {
			fmt.Fprintf(w, "  SHA-256 %s\n", l.Fingerprint)
		}
		if l.Anchored != nil {
			fmt.Fprintf(w, "  signed %s; signer issued by a root on the list: %t\n  %d certificates: %s\n", l.SignedAt.Format(time.DateOnly), *l.Anchored, l.Certificates, counts(l.Countries))
		}
		for _, u := range l.Unreadable {
			fmt.Fprintln(w, "  not usable:", u)
		}
	}
	return nil
}

func counts(countries map[string]int) string {
	var parts []string
	for _, c := range slices.Sorted(maps.Keys(countries)) {
		parts = append(parts, fmt.Sprintf("%s %d", cmp.Or(c, "--"), countries[c]))
	}
	return strings.Join(parts, ", ")
}

func removeTrust(cmd *cobra.Command, names []string) error {
	return withTrust(cmd, func(t *trustChange) error {
		for _, name := range names {
			if err := t.remove(cmd.Context(), name); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "removed", name)
		}
		return nil
	})
}
