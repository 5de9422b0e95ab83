package main

import (
	"fmt"
	"strings"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/spf13/cobra"
)

func orgCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "org", Short: "Create and list organisations, and keep their keys"}
	create := addJSON(&cobra.Command{Use: "create NAME", Short: "Make an organisation and print its keys", Args: cobra.ExactArgs(1), RunE: createOrg})
	create.Flags().String("email", "", "e-mail address of the first operator; without it one is made up from the name")
	create.Flags().String("country", "", "ISO 3166 code that decides how personal numbers are checked, such as KZ")
	create.Flags().String("face-uniqueness", string(idem.UniquenessFlag), "what a known face leads to: off, flag or reject")
	cmd.AddCommand(create, addJSON(&cobra.Command{Use: "list", Short: "List the organisations", Args: cobra.NoArgs, RunE: listOrgs}), orgKeyCommand())
	return cmd
}

// createdOrg is what scripts read.
type createdOrg struct {
	OrgID     string          `json:"org_id"`
	Name      string          `json:"name"`
	APIKey    string          `json:"api_key"`
	Bearer    string          `json:"bearer"`
	SecretKey string          `json:"secret_key"`
	Operator  createdOperator `json:"operator"`
}

type createdOperator struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

func createOrg(cmd *cobra.Command, args []string) error {
	settings := idem.DefaultSettings()
	settings.Country, _ = cmd.Flags().GetString("country")
	uniqueness, _ := cmd.Flags().GetString("face-uniqueness")
	settings.FaceUniqueness = idem.FaceUniqueness(uniqueness)
	email, _ := cmd.Flags().GetString("email")
	return withData(cmd, func(d *data) error {
		created, err := d.access.Create(cmd.Context(), access.NewOrganisation{
			Name: args[0], OperatorEmail: or(email, inventEmail(args[0])), Settings: settings})
		if err != nil {
			return err
		}
		return printOrg(cmd, describeOrg(args[0], created))
	})
}

func describeOrg(name string, c access.Created) createdOrg {
	return createdOrg{string(c.OrgID), name, c.APIKey, c.Bearer, c.SecretKey, createdOperator{c.Operator.Email, c.Operator.Password}}
}

// inventEmail makes an address in a domain that can never exist (RFC 2606).
func inventEmail(name string) string {
	local := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	return "admin@" + or(strings.Trim(local, "-"), "organisation") + ".invalid"
}

func printOrg(cmd *cobra.Command, o createdOrg) error {
	if wantsJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), o)
	}
	table(cmd.OutOrStdout(),
		[]any{"organisation", o.Name, o.OrgID},
		[]any{"Persons API key", o.APIKey, "can be shown again"},
		[]any{"secret key", o.SecretKey, "for /v1; shown only now"},
		[]any{"bearer token", o.Bearer, "for the record APIs; shown only now"},
		[]any{"operator", o.Operator.Email, "password " + o.Operator.Password})
	return nil
}

func listOrgs(cmd *cobra.Command, _ []string) error {
	return withData(cmd, func(d *data) error {
		all, err := d.store.System().ListOrganisations(cmd.Context())
		if err != nil {
			return err
		}
		if wantsJSON(cmd) {
			return printJSON(cmd.OutOrStdout(), orgLines(all))
		}
		for _, o := range all {
			fmt.Fprintln(cmd.OutOrStdout(), o.ID, o.CreatedAt.Format("2006-01-02"), o.Name)
		}
		return nil
	})
}

type orgLine struct {
	OrgID string `json:"org_id"`
	Name  string `json:"name"`
}

func orgLines(all []idem.Organisation) []orgLine {
	lines := make([]orgLine, 0, len(all))
	for _, o := range all {
		lines = append(lines, orgLine{string(o.ID), o.Name})
	}
	return lines
}

// withData runs an administration command on the opened data folder.
func withData(cmd *cobra.Command, f func(*data) error) error {
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	d, err := openData(cmd.Context(), c)
	if err != nil {
		return err
	}
	defer d.close()
	return f(d)
}

// withApp runs a command that works with faces.
func withApp(cmd *cobra.Command, f func(*app) error) error {
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	a, err := openApp(cmd.Context(), c)
	if err != nil {
		return err
	}
	defer a.close()
	return f(a)
}

// addOrg gives a command the flag that names the organisation.
func addOrg(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().String("organisation", "", "id or name; not needed while there is only one")
	return cmd
}

func (d *data) orgOf(cmd *cobra.Command) (idem.Organisation, error) {
	text, _ := cmd.Flags().GetString("organisation")
	return d.findOrg(cmd.Context(), text)
}
