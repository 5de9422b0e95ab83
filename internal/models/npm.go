package models

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/idem-id/idem"
)

// Npm is what npm's configuration says about reaching a registry. Credentials
// are not read: the packages are public.
type Npm struct {
	Registry   string
	Scoped     map[string]string // registries of their own, by "@scope"
	Proxy      string
	HTTPSProxy string
	NoProxy    string
	CAFile     string
}

// NpmConfig asks npm for its configuration. Without npm it reads the
// environment and the user's .npmrc; a default registry is npm's to know, so
// without one it answers MODELS_REGISTRY_UNKNOWN (Precondition).
func NpmConfig(ctx context.Context, getenv func(string) string) (Npm, error) {
	keys := []string{"registry", "proxy", "https-proxy", "noproxy", "cafile"}
	for _, p := range Manifest() {
		if scope, _, ok := strings.Cut(p.Name, "/"); ok {
			keys = append(keys, scope+":registry")
		}
	}
	var values map[string]string
	if path, err := exec.LookPath("npm"); err == nil {
		out, err := exec.CommandContext(ctx, path, append([]string{"config", "get"}, keys...)...).Output()
		if err != nil {
			return Npm{}, fmt.Errorf("ask npm for its configuration: %w", err)
		}
		values = settings(out)
	} else {
		values = settings(userConfig(getenv))
		fromEnvironment(values, keys, getenv)
	}
	n := npmFrom(values)
	if n.Registry == "" {
		return Npm{}, idem.Errorf(idem.Precondition, "MODELS_REGISTRY_UNKNOWN", "npm is not installed and no .npmrc names a registry; give its address with --registry")
	}
	return n, nil
}

func userConfig(getenv func(string) string) []byte {
	path := getenv("NPM_CONFIG_USERCONFIG")
	if path == "" {
		path = filepath.Join(getenv("HOME"), ".npmrc")
	}
	data, _ := os.ReadFile(path) // no file is an empty configuration
	return data
}

func fromEnvironment(values map[string]string, keys []string, getenv func(string) string) {
	for _, key := range keys {
		name := "npm_config_" + strings.ReplaceAll(key, "-", "_")
		for _, n := range []string{name, strings.ToUpper(name)} {
			if v := getenv(n); v != "" {
				values[key] = v
			}
		}
	}
}

// settings reads key=value lines; npm prints "null" and "undefined" for what
// is not set.
func settings(text []byte) map[string]string {
	values := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), "=")
		value = strings.Trim(strings.TrimSpace(value), `"`)
		if ok && value != "null" && value != "undefined" {
			values[strings.TrimSpace(key)] = value
		}
	}
	return values
}

func npmFrom(values map[string]string) Npm {
	n := Npm{Registry: values["registry"], Proxy: values["proxy"], HTTPSProxy: values["https-proxy"], NoProxy: values["noproxy"], CAFile: values["cafile"], Scoped: map[string]string{}}
	for key, v := range values {
		if scope, ok := strings.CutSuffix(key, ":registry"); ok && v != "" {
			n.Scoped[scope] = v
		}
	}
	return n
}

// tarball returns the address of a package in the registry's fixed layout.
func (n Npm) tarball(p Package) string {
	registry, base := n.Registry, p.Name
	if scope, rest, ok := strings.Cut(p.Name, "/"); ok {
		base = rest
		if r := n.Scoped[scope]; r != "" {
			registry = r
		}
	}
	return strings.TrimSuffix(registry, "/") + "/" + p.Name + "/-/" + base + "-" + p.Version + ".tgz"
}

// client returns an HTTP client that goes the way npm would go. npm's own
// proxy settings win over HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
func (n Npm) client() (*http.Client, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = 60 * time.Second
	if n.Proxy != "" || n.HTTPSProxy != "" {
		t.Proxy = n.proxyFor
	}
	if n.CAFile != "" {
		pem, err := os.ReadFile(n.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read npm's cafile: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		pool.AppendCertsFromPEM(pem)
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: t}, nil
}

func (n Npm) proxyFor(r *http.Request) (*url.URL, error) {
	host := r.URL.Hostname()
	for part := range strings.SplitSeq(n.NoProxy, ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), ".")
		if part != "" && (host == part || strings.HasSuffix(host, "."+part)) {
			return nil, nil
		}
	}
	address := n.Proxy
	if r.URL.Scheme == "https" && n.HTTPSProxy != "" {
		address = n.HTTPSProxy
	}
	if address == "" {
		return http.ProxyFromEnvironment(r)
	}
	return url.Parse(address)
}
