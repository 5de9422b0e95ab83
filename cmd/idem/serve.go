package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/check"
	"github.com/idem-id/idem/internal/httpapi"
	"github.com/idem-id/idem/internal/httpapi/persons"
	"github.com/idem-id/idem/internal/metrics"
	"github.com/idem-id/idem/internal/store/sqlite"
	"github.com/idem-id/idem/match"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "serve", Short: "Run the server", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		c, err := loadConfig(cmd)
		if err != nil {
			return err
		}
		return serve(cmd.Context(), c, func(*app) (func(), error) { return func() {}, nil })
	}}
	addServeFlags(cmd.Flags())
	return cmd
}

// serve runs the server until ctx ends. prepare runs before it listens, what
// it returns when it does.
func serve(ctx context.Context, c config, prepare func(*app) (func(), error)) error {
	if err := makeFolders(c); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	if c.Database == "" {
		release, err := sqlite.Lock(databaseFile(c))
		if err != nil {
			return err
		}
		defer func() { _ = release() }()
	}
	releaseSnapshots := lockSnapshots(&c)
	defer releaseSnapshots()
	a, err := openApp(ctx, c)
	if err != nil {
		return err
	}
	defer a.close()
	welcome, err := prepare(a)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	a.log.Info("listening", "address", listener.Addr().String(), "public_url", c.address(), "version", version())
	if c.Specimens {
		a.log.Warn("documents of the fictional state of Utopia pass: anybody can make them; never set --specimens where results count")
	}
	welcome()
	return a.run(ctx, listener)
}

// run answers requests and keeps house until ctx ends.
func (a *app) run(ctx context.Context, listener net.Listener) error {
	handler := a.handler()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return httpapi.Serve(ctx, listener, handler, httpapi.TLSFiles{Cert: a.config.TLSCert, Key: a.config.TLSKey})
	})
	group.Go(func() error { return a.keepHouse(ctx) })
	group.Go(func() error { return a.keepSnapshots(ctx) })
	group.Go(func() error { return a.jobs.Run(ctx) })
	err := group.Wait()
	final, cancel := context.WithTimeout(context.Background(), saveAtStop)
	defer cancel()
	a.gallery.SaveSnapshots(final, true)
	return err
}

func (a *app) handler() http.Handler {
	m := metrics.New(version(), a.readings()...)
	checks := a.checks(m)
	a.addFlows(checks, m)
	return httpapi.New(httpapi.Deps{Access: a.access, Registry: a.registry, Checks: checks, Flows: a.flows, Webhooks: a.webhooks, Store: a.store,
		IDs: idem.UUIDv7{}, Metrics: m, Parts: a.parts(), Dialects: a.dialects(checks), Log: a.log, Version: version()})
}

func (a *app) dialects(checks *check.Checks) []httpapi.Dialect {
	deps := a.personsDeps(checks)
	refuse := persons.Refuse(deps)
	return []httpapi.Dialect{a.flowsDialect(refuse), a.capturePages(refuse), {
		Refuse: refuse,
		Routes: func(mux *http.ServeMux, authenticate httpapi.Authenticate) {
			deps.Authenticate = persons.Authenticate(authenticate)
			persons.Routes(mux, deps)
		},
	}}
}

// parts are what readiness stands on.
func (a *app) parts() []httpapi.Part {
	return []httpapi.Part{
		{Name: "database", Check: a.store.Ping},
		{Name: "face_engine", Check: func(context.Context) error { return a.engine.Ready() }, Optional: !slices.Contains(a.config.Require, needFaces)},
		{Name: "document_engine", Check: func(context.Context) error { return a.text.Ready() }, Optional: !slices.Contains(a.config.Require, needDocuments)},
		{Name: "gallery", Check: a.gallery.Ready},
		{Name: "disk", Check: a.diskReady},
	}
}

// minSpace is below what the server calls itself not ready, in bytes.
const minSpace = 64 << 20

func (a *app) diskReady(context.Context) error {
	var s unix.Statfs_t
	if err := unix.Statfs(a.config.Data, &s); err != nil {
		return idem.ErrStorageFull.Because(err)
	}
	if s.Bavail*uint64(s.Bsize) < minSpace {
		return idem.ErrStorageFull
	}
	return nil
}

// The rhythm of housekeeping: catching up retries quickly until the galleries
// are complete.
const (
	sweepEvery  = 5 * time.Second
	expireEvery = 10 * time.Minute
	keepAnswers = 24 * time.Hour
	keepJobs    = 30 * 24 * time.Hour
)

// keepHouse fills the indexes, withdraws abandoned entries and forgets old
// answers. A failure is logged and tried again: the server stays up and its
// readiness tells.
func (a *app) keepHouse(ctx context.Context) error {
	sweep, expire := time.NewTicker(sweepEvery), time.NewTicker(expireEvery)
	defer sweep.Stop()
	defer expire.Stop()
	trusted := a.watchTrust()
	a.note(ctx, "compare the trust stores", trusted.compare(ctx))
	a.note(ctx, "fill the galleries", a.gallery.CatchUp(ctx))
	a.note(ctx, "finish erasures", a.finishErasures(ctx))
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-sweep.C:
			a.sweep(ctx)
			_, err := a.flows.Expire(ctx, time.Now())
			a.note(ctx, "expire sessions", err)
		case <-expire.C:
			_, err := a.store.System().ExpireIdempotency(ctx, time.Now().Add(-keepAnswers))
			a.note(ctx, "forget old answers", err)
			_, err = a.store.System().ExpireChecks(ctx, time.Now())
			a.note(ctx, "forget old checks", err)
			_, err = a.store.System().ExpireCodes(ctx, time.Now().Add(-idem.CodesKept))
			a.note(ctx, "forget old codes", err)
			_, err = a.store.System().ExpireJobs(ctx, time.Now().Add(-keepJobs))
			a.note(ctx, "forget old jobs", err)
			a.note(ctx, "forget old deliveries", a.store.System().ExpireDeliveries(ctx, time.Now().Add(-keepJobs)))
			a.note(ctx, "compare the trust stores", trusted.compare(ctx))
		}
	}
}

// finishErasures goes on with what a stop interrupted.
func (a *app) finishErasures(ctx context.Context) error {
	orgs, err := a.store.System().ListOrganisations(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, o := range orgs {
		if _, err := a.registry.ResumeErasures(ctx, o.ID); err != nil {
			failed = errors.Join(failed, fmt.Errorf("organisation %s: %w", o.ID, err))
		}
	}
	return failed
}

func (a *app) sweep(ctx context.Context) {
	a.note(ctx, "follow the galleries", a.gallery.CatchUp(ctx))
	withdrawn, err := a.gallery.Sweep(ctx)
	a.note(ctx, "withdraw abandoned entries", err)
	if withdrawn > 0 {
		a.log.Info("withdrew abandoned entries", "entries", withdrawn)
	}
}

func (a *app) note(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled) {
		a.log.Error("housekeeping failed", "what", what, "error", err)
	}
}

// readings are the numbers of this node that metrics ask for.
func (a *app) readings() []metrics.Reading {
	return slices.Concat(kernelReadings(match.Levels()), searchReadings(a.gallery.Stats, a.index.Stats), jobReadings(a.jobs), []metrics.Reading{
		{Name: "gallery_references", Help: "references in memory, pending ones included", Value: func() float64 { return float64(a.entries()) }},
		{Name: "gallery_pending", Help: "entries that are reserved and not yet decided", Value: func() float64 { return float64(a.pending()) }},
		{Name: "gallery_behind", Help: "log positions that the indexes have still to apply", Value: func() float64 { return float64(a.behind()) }},
		{Name: "gallery_waits_total", Help: "waits for an earlier pending entry", Kind: metrics.Counter, Value: func() float64 { return float64(a.gallery.Stats().Waits) }},
		{Name: "gallery_rebuilds_total", Help: "indexes built again because a log did not chain", Kind: metrics.Counter, Value: func() float64 { return float64(a.gallery.Stats().Rebuilds) }},
		{Name: "gallery_snapshots_saved_total", Help: "snapshots of galleries written", Kind: metrics.Counter, Value: func() float64 { return float64(a.gallery.Stats().Snapshots.Saved) }},
		{Name: "gallery_snapshots_loaded_total", Help: "galleries that started from a snapshot", Kind: metrics.Counter, Value: func() float64 { return float64(a.gallery.Stats().Snapshots.Loaded) }},
		{Name: "gallery_snapshots_failed_total", Help: "snapshots that could not be written, read or erased from", Kind: metrics.Counter, Value: func() float64 { return float64(a.gallery.Stats().Snapshots.Failed) }},
	})
}

func (a *app) entries() (n int) {
	for _, l := range a.gallery.Stats().Logs {
		n += l.Entries
	}
	return n
}

func (a *app) pending() (n int) {
	for _, l := range a.gallery.Stats().Logs {
		n += l.Pending
	}
	return n
}

func (a *app) behind() (n int64) {
	for _, l := range a.gallery.Stats().Logs {
		n += int64(l.Head - l.Applied)
	}
	return n
}
