package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/idem-id/idem/internal/audit"
	"github.com/idem-id/idem/internal/models"
	"github.com/idem-id/idem/match"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// finding is one line of the doctor: what was looked at, how it is, and what to
// do about it.
type finding struct {
	What   string `json:"what"`
	State  string `json:"state"` // ok, warning, failed
	Detail string `json:"detail"`
	Advice string `json:"advice,omitempty"`
}

func doctorCommand() *cobra.Command {
	return addJSON(&cobra.Command{Use: "doctor", Short: "Check configuration, database, keys, models, matcher, pictures and chains", Args: cobra.NoArgs, RunE: runDoctor})
}

func runDoctor(cmd *cobra.Command, _ []string) error {
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	list := []finding{checkKeyPlace(c), checkModels(cmd.Context(), c), checkMatcher(match.Levels(), os.Getenv(match.LevelVariable)), checkSpace(c), checkTrust(c), checkPortraits(), checkCyrillic(cmd.Context())}
	list = append(list, checkData(cmd.Context(), c)...)
	failed := 0
	for _, f := range list {
		if f.State == "failed" {
			failed++
		}
	}
	if wantsJSON(cmd) {
		err = printJSON(cmd.OutOrStdout(), list)
	} else {
		printFindings(cmd, list)
	}
	if failed > 0 {
		return errors.Join(err, fmt.Errorf("%d of %d checks failed", failed, len(list)))
	}
	return err
}

func printFindings(cmd *cobra.Command, list []finding) {
	for _, f := range list {
		fmt.Fprintf(cmd.OutOrStdout(), "%-8s %-12s %s\n", f.State, f.What, f.Detail)
		if f.Advice != "" && f.State != "ok" {
			fmt.Fprintf(cmd.OutOrStdout(), "%22s%s\n", "", f.Advice)
		}
	}
}

func ok(what, format string, args ...any) finding {
	return finding{What: what, State: "ok", Detail: fmt.Sprintf(format, args...)}
}

func failed(what string, err error, advice string) finding {
	return finding{What: what, State: "failed", Detail: err.Error(), Advice: advice}
}

func checkKeyPlace(c config) finding {
	if masterKeyValue() != "" {
		return ok("master key", "from the environment")
	}
	inside, err := filepath.Rel(c.Data, c.MasterKey)
	if err == nil && filepath.IsLocal(inside) {
		return finding{"master key", "warning", c.MasterKey + " lies inside the data folder",
			"move it elsewhere and set --master-key: whoever takes the folder can read everything"}
	}
	return ok("master key", "%s", c.MasterKey)
}

func checkModels(ctx context.Context, c config) finding {
	const what, advice = "models", "idem models pull, or idem models import FILE.tgz without a network"
	err := models.Verify(ctx, c.Models)
	if err == nil {
		return ok(what, "complete and verified in %s", c.Models)
	}
	if slices.Contains(c.Require, needDocuments) || models.VerifyFaces(ctx, c.Models) != nil {
		return failed(what, err, advice)
	}
	return finding{what, "warning", "faces work, other files are not complete: " + err.Error(), advice}
}

// lowSpace is when a warning is due, in bytes.
const lowSpace = 1 << 30

func checkSpace(c config) finding {
	var s unix.Statfs_t
	if err := unix.Statfs(c.Data, &s); err != nil {
		return failed("disk", err, "the data folder must exist and be readable: start idem serve once")
	}
	free := s.Bavail * uint64(s.Bsize)
	if free < lowSpace {
		return finding{"disk", "warning", fmt.Sprintf("%d MiB left for %s", free>>20, c.Data), "make room: writes are refused when it is full"}
	}
	return ok("disk", "%d GiB left for %s", free>>30, c.Data)
}

// checkData opens the data as a server would, only if there are any.
func checkData(ctx context.Context, c config) []finding {
	if _, err := os.Stat(c.Data); err != nil {
		return nil
	}
	a, err := openApp(ctx, c)
	if err != nil {
		return []finding{failed("database", err, "check --database, --keys and --master-key")}
	}
	defer a.close()
	list := []finding{a.checkSchema(ctx), a.checkVault(ctx), a.checkEngine()}
	return append(list, a.checkOrganisations(ctx)...)
}

func (a *app) checkSchema(ctx context.Context) finding {
	version, err := a.store.System().SchemaVersion(ctx)
	if err != nil {
		return failed("database", err, "is the database running?")
	}
	return ok("database", "answers, schema version %d", version)
}

func (a *app) checkVault(ctx context.Context) finding {
	report, err := a.vault.Audit(ctx)
	if err != nil {
		return failed("keys", err, "restore the newest key backup")
	}
	return ok("keys", "%d data keys, %d destroyed, %d in reserve", report.Keys, report.Destroyed, report.Unassigned)
}

func (a *app) checkEngine() finding {
	if err := a.engine.Ready(); err != nil {
		return failed("face engine", err, "idem models pull")
	}
	return ok("face engine", "model %s", a.engine.Model().ID)
}

func (a *app) checkOrganisations(ctx context.Context) []finding {
	orgs, err := a.store.System().ListOrganisations(ctx)
	if err != nil {
		return []finding{failed("organisations", err, "")}
	}
	list := []finding{ok("organisations", "%d", len(orgs))}
	if _, err := audit.VerifyInstance(ctx, a.store); err != nil {
		list = append(list, failed("audit", fmt.Errorf("instance: %w", err), "someone changed the instance's audit outside Idem, or the disk did: compare with a backup"))
	}
	for _, o := range orgs {
		if _, err := audit.Verify(ctx, a.store, o.ID); err != nil {
			list = append(list, failed("audit", fmt.Errorf("%s: %w", o.Name, err), "someone changed the actions outside Idem, or the disk did: compare with a backup"))
		}
		if _, err := a.gallery.Verify(ctx, o.ID); err != nil {
			list = append(list, failed("gallery", fmt.Errorf("%s: %w", o.Name, err), "compare with a backup before enrolling on"))
		}
	}
	if err := a.gallery.CatchUp(ctx); err != nil {
		return append(list, failed("gallery", err, "restore the newest key backup, or compare with a data backup"))
	}
	return append(list, ok("gallery", "every index is complete"))
}
