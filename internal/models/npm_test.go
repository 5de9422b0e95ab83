package models

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/idem-id/idem"
)

func TestSettingsOfNpm(t *testing.T) {
	n := npmFrom(settings([]byte("registry=https://registry.example/npm/\nproxy=null\nhttps-proxy=http://proxy.example:8080\nnoproxy=.local,other.example\ncafile=/ca.pem\n@scope:registry=https://scoped.example\n@x:registry=undefined\n")))
	if n.Registry != "https://registry.example/npm/" || n.Proxy != "" || n.HTTPSProxy != "http://proxy.example:8080" || n.CAFile != "/ca.pem" || len(n.Scoped) != 1 {
		t.Errorf("%+v", n)
	}
	for _, c := range []struct{ name, want string }{
		{"plain", "https://registry.example/npm/plain/-/plain-1.0.0.tgz"},
		{"@scope/a", "https://scoped.example/@scope/a/-/a-1.0.0.tgz"},
		{"@x/a", "https://registry.example/npm/@x/a/-/a-1.0.0.tgz"},
	} {
		if got := n.tarball(Package{Name: c.name, Version: "1.0.0"}); got != c.want {
			t.Errorf("%s at %s, want %s", c.name, got, c.want)
		}
	}
}

func TestProxyOfNpm(t *testing.T) {
	n := Npm{HTTPSProxy: "http://proxy.example:8080", NoProxy: ".local, other.example"}
	for address, want := range map[string]string{"https://a.example/": "http://proxy.example:8080", "https://a.local/": "", "https://other.example/": ""} {
		req, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := n.proxyFor(req)
		if err != nil || got == nil && want != "" || got != nil && got.String() != want {
			t.Errorf("%s goes through %v, want %q", address, got, want)
		}
	}
}

func TestConfigWithoutNpm(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	home := t.TempDir()
	env := map[string]string{"HOME": home}
	get := func(k string) string { return env[k] }
	if _, err := NpmConfig(context.Background(), get); idem.CodeOf(err) != "MODELS_REGISTRY_UNKNOWN" {
		t.Errorf("without anything: %v", err)
	}
	writeFile(t, filepath.Join(home, ".npmrc"), []byte("registry = https://file.example/\n"))
	if n, err := NpmConfig(context.Background(), get); err != nil || n.Registry != "https://file.example/" {
		t.Errorf(".npmrc: %+v, %v", n, err)
	}
	env["npm_config_registry"] = "https://env.example/"
	if n, err := NpmConfig(context.Background(), get); err != nil || n.Registry != "https://env.example/" {
		t.Errorf("environment: %+v, %v", n, err)
	}
}
