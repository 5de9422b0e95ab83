package main

import (
	"fmt"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/spf13/cobra"
)

func orgKeyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "See, make and revoke the keys of an organisation's API clients"}
	create := &cobra.Command{Use: "create KIND NAME", Short: "Make a key and print it: secret for /v1, persons for the Persons API, bearer for the record APIs",
		Args: cobra.ExactArgs(2), RunE: createOrgKey}
	create.Flags().StringSlice("permission", nil, "what it may do, such as persons.read; may be repeated; without it all that its kind needs")
	create.Flags().Duration("expires-in", 0, "from now to its end; 0 for never")
	cmd.AddCommand(
		addJSON(addOrg(&cobra.Command{Use: "list", Short: "List the keys, without their secrets; those of flows as well", Args: cobra.NoArgs, RunE: listOrgKeys})),
		addJSON(addOrg(create)),
		addOrg(&cobra.Command{Use: "show ID", Short: "Show a key of the kind persons or flow again; others are kept as hashes", Args: cobra.ExactArgs(1), RunE: showOrgKey}),
		addOrg(&cobra.Command{Use: "revoke ID", Short: "Revoke a key for good", Args: cobra.ExactArgs(1), RunE: revokeOrgKey}))
	return cmd
}

// keyLine is what scripts read. The secret is there when it was drawn.
type keyLine struct {
	ID          string     `json:"id"`
	Kind        string     `json:"kind"`
	Name        string     `json:"name"`
	Hint        string     `json:"hint"` // how the secret ends
	Permissions []string   `json:"permissions"`
	CreatedAt   time.Time  `json:"created_at"`
	ExpiresAt   *time.Time `json:"expires_at"`
	RevokedAt   *time.Time `json:"revoked_at"`
	Secret      string     `json:"secret,omitempty"`
}

func keyLineOf(c idem.Credential) keyLine {
	out := keyLine{ID: string(c.ID), Kind: string(c.Kind), Name: c.Name, Hint: c.Hint, CreatedAt: c.CreatedAt}
	for _, p := range c.Permissions {
		out.Permissions = append(out.Permissions, string(p))
	}
	if !c.ExpiresAt.IsZero() {
		out.ExpiresAt = &c.ExpiresAt
	}
	if !c.RevokedAt.IsZero() {
		out.RevokedAt = &c.RevokedAt
	}
	return out
}

// withAccess runs f with the credentials of an organisation.
func withAccess(cmd *cobra.Command, f func(*access.Access, idem.Principal) error) error {
	return withData(cmd, func(d *data) error {
		org, err := d.orgOf(cmd)
		if err != nil {
			return err
		}
		return f(d.access, admin(org.ID))
	})
}

func listOrgKeys(cmd *cobra.Command, _ []string) error {
	return withAccess(cmd, func(a *access.Access, p idem.Principal) error {
		list, err := a.Credentials(cmd.Context(), p)
		if err != nil {
			return err
		}
		lines, rows := []keyLine{}, [][]any{{"ID", "KIND", "NAME", "ENDS IN", "STATE"}}
		for _, c := range list {
			lines = append(lines, keyLineOf(c))
			rows = append(rows, []any{c.ID, c.Kind, c.Name, c.Hint, stateOfKey(c)})
		}
		if wantsJSON(cmd) {
			return printJSON(cmd.OutOrStdout(), lines)
		}
		table(cmd.OutOrStdout(), rows...)
		return nil
	})
}

func stateOfKey(c idem.Credential) string {
	switch {
	case !c.RevokedAt.IsZero():
		return "revoked " + at(c.RevokedAt)
	case !c.Usable(time.Now()):
		return "expired " + at(c.ExpiresAt)
	case !c.ExpiresAt.IsZero():
		return "until " + at(c.ExpiresAt)
	}
	return "valid"
}

func createOrgKey(cmd *cobra.Command, args []string) error {
	n := access.NewCredential{Kind: idem.CredentialKind(args[0]), Name: args[1]}
	permissions, _ := cmd.Flags().GetStringSlice("permission")
	for _, p := range permissions {
		n.Permissions = append(n.Permissions, idem.Permission(p))
	}
	if in, _ := cmd.Flags().GetDuration("expires-in"); in != 0 {
		n.ExpiresAt = time.Now().Add(in)
	}
	return withAccess(cmd, func(a *access.Access, p idem.Principal) error {
		made, secret, err := a.CreateCredential(cmd.Context(), p, n)
		if err != nil {
			return err
		}
		if wantsJSON(cmd) {
			line := keyLineOf(made)
			line.Secret = secret
			return printJSON(cmd.OutOrStdout(), line)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "id   %s\nkey  %s\n", made.ID, secret)
		return err
	})
}

// keyAt is the key that the command names.
func keyAt(text string) (idem.CredentialID, error) {
	id, ok := idem.ParseID(text)
	if !ok {
		return "", access.ErrCredentialNotFound
	}
	return idem.CredentialID(id), nil
}

func showOrgKey(cmd *cobra.Command, args []string) error {
	id, err := keyAt(args[0])
	if err != nil {
		return err
	}
	return withAccess(cmd, func(a *access.Access, p idem.Principal) error {
		secret, err := a.Reveal(cmd.Context(), p, id)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), secret)
		return err
	})
}

func revokeOrgKey(cmd *cobra.Command, args []string) error {
	id, err := keyAt(args[0])
	if err != nil {
		return err
	}
	return withAccess(cmd, func(a *access.Access, p idem.Principal) error { return a.Revoke(cmd.Context(), p, id) })
}
