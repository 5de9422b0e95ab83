package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/store/sqlite"
)

const (
	saveEvery  = time.Minute
	saveAtStop = time.Minute // at most
)

// lockSnapshots lets this process use the snapshots of its data folder, unless
// another server of the same folder does. Commands beside a server never do.
func lockSnapshots(c *config) (release func()) {
	folder := filepath.Join(c.Data, "snapshots")
	unlock, err := sqlite.Lock(folder)
	if err != nil {
		newLog(*c).Warn("this server starts without snapshots", "reason", err)
		return func() {}
	}
	c.snapshots = folder
	return func() { _ = unlock() }
}

// snapshots are nil where there are to be none.
func (d *data) snapshots() *gallery.Snapshots {
	if d.config.snapshots == "" {
		return nil
	}
	return &gallery.Snapshots{Folder: d.config.snapshots, Keys: d.vault, Log: d.log}
}

// keepSnapshots saves what is due until ctx ends.
func (a *app) keepSnapshots(ctx context.Context) error {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			a.gallery.SaveSnapshots(ctx, false)
		}
	}
}
