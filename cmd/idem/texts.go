package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/idem-id/idem/internal/capture"
	"github.com/spf13/cobra"
)

func textsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "texts", Short: "Look at the languages of the hosted page; further ones are files DATA/texts/LOCALE.json"}
	cmd.AddCommand(
		addJSON(&cobra.Command{Use: "list", Short: "Show the languages, and which texts are English in them", Args: cobra.NoArgs, RunE: listTexts}),
		&cobra.Command{Use: "show LOCALE", Short: "Print the texts of a language as a file to be translated", Args: cobra.ExactArgs(1), RunE: showTexts})
	return cmd
}

// loadTexts reads the languages of the binary and of the data folder.
func (c *config) loadTexts() (*capture.Catalogue, error) {
	return capture.LoadTexts(filepath.Join(c.Data, "texts"))
}

// texts are the languages of the page. One that is not complete is no fault.
func (d *data) texts() (*capture.Catalogue, error) {
	all, err := d.config.loadTexts()
	if err != nil {
		return nil, err
	}
	for _, locale := range all.Locales() {
		if missing := all.Missing(locale); len(missing) > 0 {
			d.log.Warn("some texts of a language are English: idem texts list", "locale", locale, "missing", len(missing))
		}
	}
	return all, nil
}

// listedLanguage is what scripts read.
type listedLanguage struct {
	Locale  string   `json:"locale"`
	Name    string   `json:"name"`
	Missing []string `json:"missing"`
}

func withTexts(cmd *cobra.Command, f func(*capture.Catalogue) error) error {
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	all, err := c.loadTexts()
	if err != nil {
		return err
	}
	return f(all)
}

func listTexts(cmd *cobra.Command, _ []string) error {
	return withTexts(cmd, func(all *capture.Catalogue) error {
		list := []listedLanguage{}
		for _, l := range all.Locales() {
			list = append(list, listedLanguage{l, all.Texts(l)["name"], append([]string{}, all.Missing(l)...)})
		}
		if wantsJSON(cmd) {
			return printJSON(cmd.OutOrStdout(), list)
		}
		for _, l := range list {
			fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n", l.Locale, l.Name)
			for _, key := range l.Missing {
				fmt.Fprintf(cmd.OutOrStdout(), "  missing: %s\n", key)
			}
		}
		return nil
	})
}

func showTexts(cmd *cobra.Command, args []string) error {
	return withTexts(cmd, func(all *capture.Catalogue) error {
		texts := all.Texts(args[0])
		if texts == nil {
			return fmt.Errorf("there is no language %s: idem texts list", args[0])
		}
		out := json.NewEncoder(cmd.OutOrStdout())
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		return out.Encode(texts)
	})
}
