package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/demo"
	"github.com/idem-id/idem/internal/models"
	"github.com/idem-id/idem/internal/registry"
	"github.com/spf13/cobra"
)

func demoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Make a demo organisation with sample people, then run the server",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			only, _ := cmd.Flags().GetBool("no-serve")
			if only {
				return withApp(cmd, func(a *app) error {
					welcome, err := a.prepareDemo(cmd)
					if err == nil {
						welcome()
						fmt.Fprintf(cmd.OutOrStdout(), "Nothing listens yet: %s serve --data %s --listen %s\n", os.Args[0], a.config.Data, or(a.config.Listen, "127.0.0.1:8080"))
					}
					return err
				})
			}
			return serve(cmd.Context(), c, func(a *app) (func(), error) { return a.prepareDemo(cmd) })
		},
	}
	addServeFlags(cmd.Flags())
	cmd.Flags().Bool("no-serve", false, "only prepare the organisation")
	return cmd
}

const demoName = "Demo"

// prepareDemo makes the demo organisation once; its keys stay in a file that
// only the owner can read, because a demo is shown more than once.
func (a *app) prepareDemo(cmd *cobra.Command) (welcome func(), err error) {
	file := filepath.Join(a.config.Data, "demo.json")
	org, err := readDemo(file)
	if os.IsNotExist(err) {
		org, err = a.makeDemo(cmd, file)
	}
	if err != nil {
		return nil, fmt.Errorf("prepare the demo: %w", err)
	}
	return func() { printWelcome(cmd, a.config, org, file) }, nil
}

func readDemo(file string) (org createdOrg, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return org, err
	}
	return org, json.Unmarshal(text, &org)
}

func (a *app) makeDemo(cmd *cobra.Command, file string) (createdOrg, error) {
	created, err := a.access.Create(cmd.Context(), access.NewOrganisation{Name: demoName, OperatorEmail: inventEmail(demoName)})
	if err != nil {
		return createdOrg{}, err
	}
	org := describeOrg(demoName, created)
	text, err := json.MarshalIndent(org, "", "  ")
	if err != nil {
		return createdOrg{}, err
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return createdOrg{}, err
	}
	return org, a.enrolSamples(cmd, created.OrgID)
}

// enrolSamples creates the people of the sample pictures and leaves a second
// capture of each in the data folder, to try identification with.
func (a *app) enrolSamples(cmd *cobra.Command, org idem.OrgID) error {
	if err := a.engine.Ready(); err != nil {
		fmt.Fprintln(cmd.OutOrStdout(), "no sample people: the face engine is not ready (idem models pull)")
		return nil
	}
	people, err := demo.Portraits(cmd.Context(), a.engine, models.Files(a.config.Models, models.Sample))
	if err != nil {
		return err
	}
	folder := filepath.Join(a.config.Data, "demo")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	bar := newProgress(int64(len(people)), "sample people")
	defer bar.finish()
	for i, p := range people {
		bar.step()
		if err := a.enrolSample(cmd, org, folder, i+1, p); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) enrolSample(cmd *cobra.Command, org idem.OrgID, folder string, n int, p demo.Portrait) error {
	again, err := demo.Recapture(p.Image, uint64(n))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("person-%02d.jpg", n)), again, 0o600); err != nil {
		return err
	}
	_, _, err = a.registry.Create(cmd.Context(), admin(org), registry.NewPerson{
		Photo:   &registry.Upload{Image: p.JPEG, Type: idem.PhotoOther},
		Aliases: []registry.AliasInput{{Type: idem.AliasCustom, Value: fmt.Sprintf("demo-%02d", n)}}})
	return err
}

func printWelcome(cmd *cobra.Command, c config, org createdOrg, file string) {
	fmt.Fprintf(cmd.OutOrStdout(), `
Idem is at %s

  API reference    %s/docs
  organisation     %s (%s)
  secret key       %s
  Persons API key  %s
  operator         %s  password %s

These are also in %s. Try:

  curl -s %s/v1/persons -H 'Authorization: Bearer %s'
  curl -s %s/v1/identify -H 'Authorization: Bearer %s' -F image=@%s
  %s flow create onboarding LDS DR F2F --data %s && %s flow demo onboarding --data %s --public-url %s

`, c.address(), c.address(), org.Name, org.OrgID, org.SecretKey, org.APIKey, org.Operator.Email, org.Operator.Password, file,
		c.address(), org.SecretKey, c.address(), org.SecretKey, filepath.Join(c.Data, "demo", "person-01.jpg"), os.Args[0], c.Data, os.Args[0], c.Data, c.address())
}
