// Command capture bundles the scripts of the capture page: TypeScript below
// internal/capture/ui becomes internal/capture/dist, which is committed, so that
// building Idem needs no Node.
//
//	go run ./tools/capture          writes dist
//	go run ./tools/capture -check   fails when dist is not what the sources make
//	go run ./tools/capture -test    runs the tests of the scripts with node
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	check := flag.Bool("check", false, "only compare")
	test := flag.Bool("test", false, "run the tests of the scripts")
	flag.Parse()
	if err := run(*check, *test); err != nil {
		fmt.Fprintln(os.Stderr, "capture:", err)
		os.Exit(1)
	}
}

func run(check, test bool) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	folder := filepath.Join(root, "internal", "capture")
	switch {
	case test:
		return runTests(folder)
	case check:
		return compare(folder)
	}
	return write(folder)
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

// common is what all bundles share: the browsers of the last years (import
// maps, dialog, top-level await are not needed), readable licences, no maps.
func common(folder string) api.BuildOptions {
	return api.BuildOptions{AbsWorkingDir: folder, Bundle: true, Target: api.ES2020, Charset: api.CharsetUTF8, LegalComments: api.LegalCommentsNone,
		MinifyWhitespace: true, MinifySyntax: true, MinifyIdentifiers: true, Outdir: "dist", LogLevel: api.LogLevelWarning}
}

// loaded makes the global of the widget known to loaders of modules, too.
const loaded = `typeof module=="object"&&module.exports?module.exports=FlowWidget:typeof define=="function"&&define.amd&&define([],()=>FlowWidget);`

func bundles(folder string) []api.BuildOptions {
	page, style, widget := common(folder), common(folder), common(folder)
	page.EntryPoints, page.Format = []string{"ui/capture.ts"}, api.FormatESModule
	style.EntryPoints = []string{"ui/capture.css"}
	widget.EntryPointsAdvanced = []api.EntryPoint{{InputPath: "ui/widget.ts", OutputPath: "flow-widget.umd"}}
	widget.Format, widget.GlobalName, widget.Footer = api.FormatIIFE, "FlowWidget", map[string]string{"js": loaded}
	return []api.BuildOptions{page, style, widget}
}

func build(options api.BuildOptions) ([]api.OutputFile, error) {
	out := api.Build(options)
	if len(out.Errors) > 0 {
		return nil, fmt.Errorf("%d faults in the scripts", len(out.Errors))
	}
	return out.OutputFiles, nil
}

func write(folder string) error {
	for _, b := range bundles(folder) {
		files, err := build(b)
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := os.WriteFile(f.Path, f.Contents, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

func compare(folder string) error {
	for _, b := range bundles(folder) {
		files, err := build(b)
		if err != nil {
			return err
		}
		for _, f := range files {
			if have, err := os.ReadFile(f.Path); err != nil || !bytes.Equal(have, f.Contents) {
				return fmt.Errorf("%s is not what the sources make: go run ./tools/capture", filepath.Base(f.Path))
			}
		}
	}
	return nil
}

// runTests bundles the tests, because node does not read TypeScript everywhere.
func runTests(folder string) error {
	tests, err := filepath.Glob(filepath.Join(folder, "ui", "*.test.ts"))
	if err != nil || len(tests) == 0 {
		return fmt.Errorf("no tests: %v", err)
	}
	dir, err := os.MkdirTemp("", "idem-capture")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	options := common(folder)
	options.EntryPoints, options.Outdir, options.Platform, options.Format = tests, dir, api.PlatformNode, api.FormatESModule
	options.OutExtension = map[string]string{".js": ".mjs"}
	files, err := build(options)
	if err != nil {
		return err
	}
	arguments := []string{"--test"}
	for _, f := range files {
		if err := os.WriteFile(f.Path, f.Contents, 0o600); err != nil {
			return err
		}
		arguments = append(arguments, f.Path)
	}
	node := exec.Command("node", arguments...)
	node.Stdout, node.Stderr = os.Stdout, os.Stderr
	return node.Run()
}
