package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/access"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/ram"
	"github.com/idem-id/idem/internal/models"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/postgres"
	"github.com/idem-id/idem/internal/store/sqlite"
	"github.com/idem-id/idem/internal/vault"
	"github.com/idem-id/idem/match"

	_ "github.com/jackc/pgx/v5/stdlib" // creates the throw-away database
)

// lab is a gallery over a real store and vault, without networks.
type lab struct {
	store   store.Store
	vault   *vault.Vault
	gallery *gallery.Gallery
	access  *access.Access
	org     idem.OrgID
	secret  string
	model   gallery.Model
}

// newLab opens a fresh data folder as the server does; with a database URL the
// rows go there.
func newLab(ctx context.Context, data, database string) (*lab, error) {
	if err := os.MkdirAll(filepath.Join(data, "keys"), 0o700); err != nil {
		return nil, err
	}
	master, _, err := vault.LoadMaster(vault.Source{Path: filepath.Join(data, "keys", "master.key"), Generate: true, DataDir: data})
	if err != nil {
		return nil, err
	}
	l := &lab{}
	if l.vault, err = vault.Open(ctx, vault.Options{URL: filepath.Join(data, "keys", "keys.db"), Master: master}); err != nil {
		return nil, err
	}
	if database == "" {
		l.store, err = sqlite.Open(ctx, filepath.Join(data, "idem.db"), l.vault, sqlite.Options{})
	} else {
		l.store, err = postgres.Open(ctx, database, l.vault, postgres.Options{})
	}
	if err != nil {
		return nil, err
	}
	m := models.Default().Model()
	l.model = gallery.Model{ID: m.Name(), Short: m.Short, Dim: m.Dim}
	l.gallery = gallery.New(l.store, l.vault, ram.New(l.model), l.model, gallery.Options{KeyOf: vault.KeyOf})
	l.access = access.New(access.Deps{Store: l.store, Blinder: l.vault, Keys: l.vault, IDs: idem.UUIDv7{}})
	made, err := l.access.Create(ctx, access.NewOrganisation{Name: "Bench", OperatorEmail: "bench@bench.invalid"})
	l.org, l.secret = made.OrgID, made.SecretKey
	return l, err
}

func (l *lab) close() {
	_ = l.store.Close()
	_ = l.vault.Close()
}

// stranger is an entry of a person with a random template.
func (l *lab) stranger(ctx context.Context, r *rand.Rand) (gallery.Entry, error) {
	v := make([]float32, l.model.Dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	template, err := match.Quantise(l.model.Short, v)
	if err != nil {
		return gallery.Entry{}, err
	}
	key, err := l.vault.NewKey(ctx, l.org)
	ids := idem.UUIDv7{}
	return gallery.Entry{Set: idem.SetPhoto, Subject: ids.New(), Sample: ids.New(), Key: key, Template: template}, err
}

func (l *lab) strangers(ctx context.Context, r *rand.Rand, n int) ([]gallery.Entry, error) {
	entries := make([]gallery.Entry, n)
	for i := range entries {
		var err error
		if entries[i], err = l.stranger(ctx, r); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// enrol runs the protocol for one stranger.
func (l *lab) enrol(ctx context.Context, r *rand.Rand) error {
	entry, err := l.stranger(ctx, r)
	if err != nil {
		return err
	}
	reserved, err := l.gallery.Reserve(ctx, l.org, []gallery.Entry{entry}, nil)
	if err != nil {
		return err
	}
	if _, err := reserved[0].Search(ctx, gallery.Rule{Sets: []idem.Set{idem.SetPhoto}, Floor: 0.42}); err != nil {
		return err
	}
	return l.store.Update(ctx, l.org, func(tx store.Tx) error { return reserved[0].Activate(ctx, tx) })
}

// enrolmentRates measures durable enrolments a second with precomputed
// templates on both databases.
func enrolmentRates(ctx context.Context, b *bench) ([]row, error) {
	var rows []row
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		for _, n := range []int{1, 8, 32} {
			rate, err := b.enrolmentRate(ctx, engine, n)
			if err != nil {
				return rows, fmt.Errorf("%s: %w", engine, err)
			}
			rows = append(rows, row{fmt.Sprintf("enrolments through the protocol, %s, %d clients", engine, n), rate, ""})
		}
	}
	return rows, nil
}

func (b *bench) enrolmentRate(ctx context.Context, engine string, n int) (string, error) {
	database := ""
	if engine == "PostgreSQL" {
		var err error
		if database, err = freshPostgres(ctx); err != nil {
			return "", err
		}
	}
	l, err := newLab(ctx, filepath.Join(b.work, fmt.Sprintf("enrol-%s-%d", engine, n)), database)
	if err != nil {
		return "", err
	}
	defer l.close()
	return best(func() load {
		return drive(n, round, func(i int64) error {
			return l.enrol(ctx, rand.New(rand.NewPCG(uint64(i), uint64(time.Now().UnixNano()))))
		})
	}).String(), nil
}

// freshPostgres makes a database on the server that the environment names.
func freshPostgres(ctx context.Context) (string, error) {
	address := os.Getenv("IDEM_TEST_POSTGRES")
	if address == "" {
		return "", fmt.Errorf("run make bench, or set IDEM_TEST_POSTGRES")
	}
	db, err := sql.Open("pgx", address)
	if err != nil {
		return "", err
	}
	defer db.Close()
	name := fmt.Sprintf("bench_%d", time.Now().UnixNano())
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// The gallery of the start-up figure.
const (
	references = 100_000
	blockSize  = 1000
)

// startUp fills a gallery and measures a server from its start to readiness.
func startUp(ctx context.Context, b *bench) ([]row, error) {
	data := filepath.Join(b.work, "start")
	l, err := newLab(ctx, data, "")
	if err != nil {
		return nil, err
	}
	began := time.Now()
	err = l.fill(ctx)
	filled := time.Since(began)
	secret := l.secret
	l.close()
	if err != nil {
		return nil, err
	}
	var times []time.Duration
	for range rounds {
		s, err := b.serve(ctx, data, secret)
		if err != nil {
			return nil, err
		}
		times = append(times, s.ready)
		s.stop()
	}
	return []row{
		{fmt.Sprintf("bulk reserve of %d templates, SQLite, blocks of %d", references, blockSize), fmt.Sprintf("%.0f/s", references/filled.Seconds()), ""},
		{fmt.Sprintf("start to readiness with %d templates, SQLite", references), median(times).Round(time.Millisecond).String(), ""},
	}, nil
}

func (l *lab) fill(ctx context.Context) error {
	r := rand.New(rand.NewPCG(1, 2))
	for range references / blockSize {
		entries, err := l.strangers(ctx, r, blockSize)
		if err != nil {
			return err
		}
		err = l.store.Update(ctx, l.org, func(tx store.Tx) error {
			_, err := l.gallery.Add(ctx, tx, entries)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
