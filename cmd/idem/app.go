package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/blob"
	"github.com/idem-id/idem/internal/blob/dir"
	"github.com/idem-id/idem/internal/capture"
	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/internal/face/ort"
	"github.com/idem-id/idem/internal/face/recent"
	"github.com/idem-id/idem/internal/flow"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/ram"
	"github.com/idem-id/idem/internal/httpapi/flows"
	"github.com/idem-id/idem/internal/job"
	"github.com/idem-id/idem/internal/models"
	"github.com/idem-id/idem/internal/picture"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/postgres"
	"github.com/idem-id/idem/internal/store/sqlite"
	"github.com/idem-id/idem/internal/tech/document/ocr"
	"github.com/idem-id/idem/internal/tech/edocument"
	"github.com/idem-id/idem/internal/vault"
	"github.com/idem-id/idem/internal/webhook"
)

// data is the opened system of record with its keys: all that administration
// needs.
type data struct {
	config config
	log    *slog.Logger
	vault  *vault.Vault
	store  store.Store
	sqlite *sqlite.Store // nil on PostgreSQL
	blobs  *dir.Dir
	access *access.Access
}

// openData opens or makes the data folder.
func openData(ctx context.Context, c config) (_ *data, err error) {
	d := &data{config: c, log: newLog(c)}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if err := makeFolders(c); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	if d.vault, err = openVault(ctx, c, d.log); err != nil {
		return nil, err
	}
	if err := d.openStore(ctx); err != nil {
		return nil, err
	}
	if d.blobs, err = dir.Open(filepath.Join(c.Data, "blobs")); err != nil {
		return nil, err
	}
	d.access = access.New(access.Deps{Store: d.store, Blinder: d.vault, Keys: d.vault, IDs: idem.UUIDv7{}, Account: account()})
	return d, nil
}

// makeFolders makes the data folder and the one for keys inside it. Folders
// elsewhere are the administrator's to make.
func makeFolders(c config) error { return os.MkdirAll(filepath.Join(c.Data, "keys"), 0o700) }

func openVault(ctx context.Context, c config, log *slog.Logger) (*vault.Vault, error) {
	master, info, err := vault.LoadMaster(vault.Source{Env: masterKeyValue(), Path: c.MasterKey, Generate: true, DataDir: c.Data})
	if err != nil {
		return nil, fmt.Errorf("load the master key: %w", err)
	}
	if info.InsideData && (info.Generated || c.Listen != "") {
		log.Warn("the master key lies INSIDE the data folder: whoever takes the folder can read everything; move it and set --master-key", "file", info.Path)
	}
	v, err := vault.Open(ctx, vault.Options{URL: c.Keys, Master: master})
	if err != nil {
		return nil, fmt.Errorf("open the key store: %w", err)
	}
	return v, nil
}

func (d *data) openStore(ctx context.Context) (err error) {
	if d.config.Database != "" {
		d.store, err = openPostgres(ctx, d.config.Database, d.vault)
		return err
	}
	if d.sqlite, err = sqlite.Open(ctx, databaseFile(d.config), d.vault, sqlite.Options{}); err != nil {
		return err
	}
	d.store = d.sqlite
	return nil
}

// openPostgres keeps a failed open from leaving a typed nil in the interface.
func openPostgres(ctx context.Context, url string, sealer store.Sealer) (store.Store, error) {
	s, err := postgres.Open(ctx, url, sealer, postgres.Options{})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func databaseFile(c config) string { return filepath.Join(c.Data, "idem.db") }

func (d *data) close() {
	if d.blobs != nil {
		_ = d.blobs.Close()
	}
	if d.store != nil {
		_ = d.store.Close()
	}
	if d.vault != nil {
		_ = d.vault.Close()
	}
}

// app is data plus the face engine and everything that works with faces.
type app struct {
	*data
	engine   face.Engine
	stop     func() error
	index    *ram.Index
	gallery  *gallery.Gallery
	pictures *picture.Decoder
	registry *registry.Registry
	jobs     *job.Runner
	flows    *flow.Flows
	limiter  *flows.Limiter
	webhooks *webhook.Webhooks
	chips    *edocument.Technology
	text     *ocr.Engine
	texts    *capture.Catalogue
}

// openApp opens everything. Missing models are no error: the engine then
// refuses, and readiness says why.
func openApp(ctx context.Context, c config) (*app, error) {
	d, err := openData(ctx, c)
	if err != nil {
		return nil, err
	}
	a := &app{data: d}
	if a.texts, err = d.texts(); err != nil {
		d.close()
		return nil, err
	}
	worker, err := picture.SelfWorker()
	if err != nil {
		d.close()
		return nil, err
	}
	engine := ort.Open(c.Models, ort.Options{Workers: c.Workers})
	if err := engine.Ready(); err != nil {
		d.log.Warn("biometric calls are refused until the models are there: idem models pull", "reason", err)
	}
	model := galleryModel(engine.Model())
	a.engine, a.stop = recent.New(engine), engine.Close
	a.text = ocr.Open(c.Models, ocr.Options{Workers: c.Workers})
	if err := a.text.Ready(); err != nil {
		d.log.Warn("documents are not read until the models are there: idem models pull", "reason", err)
	}
	a.pictures = picture.NewDecoder(picture.DefaultLimits(), worker)
	if a.chips, err = openEDocument(c, a.pictures); err != nil {
		a.close()
		return nil, err
	}
	a.index = ram.New(model)
	a.gallery = gallery.New(d.store, d.vault, a.index, model, gallery.Options{KeyOf: vault.KeyOf, Snapshots: d.snapshots()})
	a.jobs = job.New(job.Deps{Store: d.store, Log: d.log, Alone: c.Database == ""}) // serve locks a file's database
	if err := a.addWebhooks(c); err != nil {
		a.close()
		return nil, err
	}
	a.registry = registry.New(registry.Deps{
		Store: d.store, Vault: d.vault, Blobs: blob.NewSealed(d.blobs, d.vault), Gallery: a.gallery,
		Engine: a.engine, Pictures: a.pictures, IDs: idem.UUIDv7{}, Log: d.log,
	})
	return a, nil
}

// addWebhooks makes the use case and lets the runner deliver its events.
func (a *app) addWebhooks(c config) error {
	guard, err := webhook.NewGuard(c.WebhookAllow, nil)
	if err != nil {
		return fmt.Errorf("--webhook-allow: %w", err)
	}
	a.webhooks = webhook.New(webhook.Deps{Store: a.jobs.Watch(a.store), Guard: guard, IDs: idem.UUIDv7{}, Account: account()})
	a.jobs.Add(a.webhooks.Worker())
	return nil
}

// galleryModel names the log of the recogniser; without one it is that of the
// models to come.
func galleryModel(m face.Model) gallery.Model {
	if m.ID == "" {
		m = models.Default().Model()
	}
	return gallery.Model{ID: m.Name(), Short: m.Short, Dim: m.Dim}
}

func (a *app) close() {
	_, _ = a.stop(), a.text.Close()
	a.data.close()
}

// admin is who the command line acts as in an organisation.
func admin(org idem.OrgID) idem.Principal {
	return idem.Principal{Org: org, Actor: idem.Actor{Source: idem.SourceAPI}, Permissions: idem.AllPermissions()}
}

// findOrg returns the organisation of that id or name; without a text the only
// one there is.
func (d *data) findOrg(ctx context.Context, text string) (idem.Organisation, error) {
	all, err := d.store.System().ListOrganisations(ctx)
	if err != nil {
		return idem.Organisation{}, err
	}
	if text == "" && len(all) == 1 {
		return all[0], nil
	}
	for _, o := range all {
		if text == string(o.ID) || text == o.Name {
			return o, nil
		}
	}
	if len(all) == 0 {
		return idem.Organisation{}, errors.New("there is no organisation yet: idem org create NAME")
	}
	return idem.Organisation{}, fmt.Errorf("name one of the %d organisations with --organisation (idem org list)", len(all))
}

func newLog(c config) *slog.Logger {
	if c.LogJSON {
		return slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil))
}
