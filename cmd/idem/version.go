package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is the released version, or the commit that was built.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) > 12 {
			return s.Value[:12]
		}
	}
	return info.Main.Version
}

func versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print version and platform", Args: cobra.NoArgs, Run: func(cmd *cobra.Command, _ []string) {
		fmt.Fprintf(cmd.OutOrStdout(), "idem %s %s/%s %s\n", version(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	}}
}
