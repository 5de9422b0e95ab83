package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/idem-id/idem/internal/models"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// config is everything that can be set, by flag (--master-key) or by
// environment (IDEM_MASTER_KEY); a flag wins.
type config struct {
	Data      string // folder of everything that Idem keeps
	Listen    string // host:port
	Database  string // empty: SQLite inside Data; else a postgres:// URL
	Keys      string // empty: SQLite inside Data/keys; else a postgres:// URL or a file
	MasterKey string // file of the master key; empty: Data/keys/master.key
	Models    string // folder of the model files; empty: models.Dir
	PublicURL string // what people outside call this server; empty: where it listens
	TLSCert   string
	TLSKey    string
	Workers   int // face engine workers
	LogJSON   bool

	WebhookAllow []string // hosts and networks that webhooks may reach besides public ones
	Providers    string   // file that configures the providers of electronic documents
	NeedChip     bool     // electronic documents must prove their chip
	Require      []string // engines without which the server is not ready
	Specimens    bool     // documents of Utopia are recognised as if its state existed

	TrustedProxies []string // addresses and networks whose X-Forwarded-For is believed
	SessionLimits  string   // how often clients of sessions may come, see flows.ParseRates

	snapshots string // folder; empty for all but the server that holds its lock
}

func addFlags(f *pflag.FlagSet) {
	f.String("data", "data", "folder of everything that Idem keeps")
	f.String("database", "", "PostgreSQL URL; without it SQLite inside the data folder")
	f.String("keys", "", "key store: a file or a PostgreSQL URL; without it inside the data folder")
	f.String("master-key", "", "file of the master key (or its value in IDEM_MASTER_KEY_VALUE)")
	f.String("models", "", "folder of the model files; without it idem/models in the user's cache folder")
	f.Int("workers", runtime.NumCPU(), "face engine workers, 1..64")
	f.Bool("log-json", false, "write the log as JSON lines")
}

func addServeFlags(f *pflag.FlagSet) {
	f.String("listen", "127.0.0.1:8080", "address to listen on")
	f.String("public-url", "", "address that people outside use")
	f.String("tls-cert", "", "certificate file; with --tls-key the server speaks HTTPS")
	f.String("tls-key", "", "key file of the certificate")
	f.String("webhook-allow", "", "hosts and networks that webhooks may reach though they are not public, separated by commas")
	f.String("trusted-proxies", "", "addresses and networks of proxies whose X-Forwarded-For is believed, separated by commas")
	f.String("session-limits", "", "how often clients of sessions may come, such as guidance=4/8,reads=5/20,submissions=1/5,address=100/300,opening=20/100: in a second and at once")
	f.String("edocument-providers", "", "JSON file that names the providers of electronic documents")
	f.String("require", needFaces, "engines without which the server is not ready, separated by commas: faces, documents")
	f.Bool("edocument-require-chip", false, "electronic documents must prove that their chip is the original")
	f.Bool("specimens", false, "recognise documents of the fictional state of Utopia (UTO), which anybody can make: for trials only")
}

// loadConfig reads environment and flags. Unset places inside the data folder
// are filled in.
func loadConfig(cmd *cobra.Command) (config, error) {
	k := koanf.New(".")
	environment := env.Provider(".", env.Opt{Prefix: "IDEM_", TransformFunc: func(key, value string) (string, any) {
		return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(key, "IDEM_")), "_", "-"), value
	}})
	if err := k.Load(environment, nil); err != nil {
		return config{}, fmt.Errorf("read environment: %w", err)
	}
	if err := k.Load(posflag.Provider(cmd.Flags(), ".", k), nil); err != nil {
		return config{}, fmt.Errorf("read flags: %w", err)
	}
	c := config{
		Data: k.String("data"), Listen: k.String("listen"), Database: k.String("database"), Keys: k.String("keys"),
		MasterKey: k.String("master-key"), Models: k.String("models"), PublicURL: k.String("public-url"),
		TLSCert: k.String("tls-cert"), TLSKey: k.String("tls-key"), Workers: k.Int("workers"), LogJSON: k.Bool("log-json"),
		WebhookAllow: list(k.String("webhook-allow")), TrustedProxies: list(k.String("trusted-proxies")), SessionLimits: k.String("session-limits"),
		Providers: k.String("edocument-providers"), NeedChip: k.Bool("edocument-require-chip"), Require: list(k.String("require")),
		Specimens: k.Bool("specimens"),
	}
	if err := c.fill(); err != nil {
		return config{}, err
	}
	return c, c.validate()
}

// list splits at commas and spaces.
func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// The engines that an instance can be required to have.
const (
	needFaces     = "faces"
	needDocuments = "documents"
)

func (c *config) fill() (err error) {
	c.Keys = or(c.Keys, filepath.Join(c.Data, "keys", "keys.db"))
	c.MasterKey = or(c.MasterKey, filepath.Join(c.Data, "keys", "master.key"))
	if c.Models == "" {
		c.Models, err = models.Dir(os.Getenv)
	}
	return err
}

// address is what people call this server, as far as it knows.
func (c *config) address() string {
	scheme := "http://"
	if c.TLSCert != "" {
		scheme = "https://"
	}
	return or(c.PublicURL, scheme+or(c.Listen, "127.0.0.1:8080"))
}

func or(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// validate reports every fault at once.
func (c *config) validate() error {
	var faults []error
	if c.Workers < 1 || c.Workers > 64 {
		faults = append(faults, errors.New("--workers is 1..64"))
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		faults = append(faults, errors.New("--tls-cert and --tls-key go together"))
	}
	for _, r := range c.Require {
		if r != needFaces && r != needDocuments {
			faults = append(faults, fmt.Errorf("--require knows faces and documents, not %q", r))
		}
	}
	if c.Database != "" && !isPostgres(c.Database) {
		faults = append(faults, errors.New("--database is a postgres:// URL"))
	}
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" && c.PublicURL != "" {
		faults = append(faults, errors.New("--public-url is a whole URL"))
	}
	if _, err := c.limiter(); err != nil {
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

func isPostgres(text string) bool {
	return strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
}

// masterKeyValue is the master key given in the environment, base64.
func masterKeyValue() string { return os.Getenv("IDEM_MASTER_KEY_VALUE") }
