package gallery_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/gallerytest"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
)

// eachBackend runs a benchmark on a fresh database of every engine.
func eachBackend(b *testing.B, f func(b *testing.B, s store.Store)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			database := filepath.Join(b.TempDir(), "idem.db")
			if engine == "postgres" {
				database = storetest.PostgresURL(b)
			}
			s, err := openDatabase(b.Context(), database, time.Now)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = s.Close() })
			f(b, s)
		})
	}
}

// entries makes n entries of different faces.
func entries(n int) []gallery.Entry {
	faces := gallerytest.NewFaces(99)
	out := make([]gallery.Entry, n)
	for i := range out {
		out[i] = photoOf(uuid.NewString(), gallerytest.Template(faces.Face()))
		out[i].Key = idem.DataKeyID(uuid.NewString())
	}
	return out
}

// BenchmarkEnrol measures whole enrolments: reserve, search, decide, with
// templates made before. Every one of them is durable as far as the database
// keeps its promise.
func BenchmarkEnrol(b *testing.B) {
	eachBackend(b, func(b *testing.B, s store.Store) {
		for _, clients := range []int{1, 8, 32} {
			b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
				id := storetest.NewOrganisation(b, s)
				c := newClient(s, sharedSealer{}, id, gallery.Options{})
				list := entries(b.N)
				b.ResetTimer()
				c.enrolAll(b, list, clients)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "enrolments/s")
			})
		}
	})
}

func (c *client) enrolAll(b *testing.B, list []gallery.Entry, clients int) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(list)); i = next.Add(1) - 1 {
				if result, _, err := c.enrol(b.Context(), list[i], alive); result != accepted || err != nil {
					b.Errorf("enrolment %d: %s, %v", i, result, err)
				}
			}
		})
	}
	wg.Wait()
}

var benchEntries = flag.Int("entries", 100_000, "entries of the gallery whose start is measured")

// BenchmarkCatchUp measures the start of a process whose log has many active
// entries: from the log alone, and from a snapshot.
func BenchmarkCatchUp(b *testing.B) {
	const block = 1000
	eachBackend(b, func(b *testing.B, s store.Store) {
		id := storetest.NewOrganisation(b, s)
		c := newClient(s, sharedSealer{}, id, gallery.Options{})
		for range *benchEntries / block {
			list := entries(block)
			err := s.Update(b.Context(), id, func(tx store.Tx) error {
				_, err := c.g.Add(b.Context(), tx, list)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		b.Run("log", func(b *testing.B) { start(b, s, id, gallery.Options{}) })
		saved := gallery.Options{Snapshots: &gallery.Snapshots{Folder: b.TempDir(), Keys: newMemKeys()}}
		c = newClient(s, sharedSealer{}, id, saved)
		if err := c.g.CatchUp(b.Context()); err != nil {
			b.Fatal(err)
		}
		c.g.SaveSnapshots(b.Context(), true)
		b.Run("snapshot", func(b *testing.B) { start(b, s, id, saved) })
	})
}

// start measures starts that must know every entry.
func start(b *testing.B, s store.Store, id idem.OrgID, o gallery.Options) {
	for b.Loop() {
		c := newClient(s, sharedSealer{}, id, o)
		if err := c.g.CatchUp(b.Context()); err != nil {
			b.Fatal(err)
		}
		if n := c.g.Stats(); n.Logs[0].Entries != *benchEntries || o.Snapshots != nil && n.Snapshots.Loaded != 1 {
			b.Fatalf("%+v", n)
		}
	}
	b.ReportMetric(float64(*benchEntries)*float64(b.N)/b.Elapsed().Seconds(), "templates/s")
}
