package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/idem-id/idem"
	"github.com/spf13/cobra"
)

func subscriptionCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "subscription", Short: "See and limit what an organisation may use"}
	cmd.AddCommand(
		addJSON(addOrg(&cobra.Command{Use: "list", Short: "List the subscriptions", Args: cobra.NoArgs, RunE: listSubscriptions})),
		addOrg(&cobra.Command{Use: "limit TECHNOLOGY N|unlimited", Short: "Grant N transactions of a technology instead of what is there: PERSONS, LDHP, LDD, LDS, LDP, DR, ED, F2F",
			Args: cobra.ExactArgs(2), RunE: limitSubscription}))
	return cmd
}

// subscriptionLine is what scripts read; left is -1 without a limit.
type subscriptionLine struct {
	Technology  string    `json:"technology"`
	Status      string    `json:"status"`
	Left        int64     `json:"left"`
	PurchasedAt time.Time `json:"purchased_at"`
}

func listSubscriptions(cmd *cobra.Command, _ []string) error {
	return withData(cmd, func(d *data) error {
		org, err := d.orgOf(cmd)
		if err != nil {
			return err
		}
		list, err := d.access.SubscriptionsOf(cmd.Context(), org.ID)
		if err != nil {
			return err
		}
		lines, rows := []subscriptionLine{}, [][]any{{"TECHNOLOGY", "STATUS", "LEFT", "PURCHASED"}}
		for _, s := range list {
			lines = append(lines, subscriptionLine{string(s.Technology), string(s.Status), s.Left, s.PurchasedAt})
			rows = append(rows, []any{s.Technology, s.Status, amount(s.Left), s.PurchasedAt.Format("2006-01-02")})
		}
		if wantsJSON(cmd) {
			return printJSON(cmd.OutOrStdout(), lines)
		}
		table(cmd.OutOrStdout(), rows...)
		return nil
	})
}

func amount(n int64) string {
	if n == idem.Unlimited {
		return "unlimited"
	}
	return strconv.FormatInt(n, 10)
}

func limitSubscription(cmd *cobra.Command, args []string) error {
	tech, err := idem.ParseTechCode(args[0])
	if err != nil {
		return err
	}
	total := idem.Unlimited
	if args[1] != "unlimited" {
		if total, err = strconv.ParseInt(args[1], 10, 64); err != nil || total < 0 {
			return fmt.Errorf("%q is no number of transactions", args[1])
		}
	}
	return withData(cmd, func(d *data) error {
		org, err := d.orgOf(cmd)
		if err != nil {
			return err
		}
		return d.access.Limit(cmd.Context(), org.ID, tech, total)
	})
}
