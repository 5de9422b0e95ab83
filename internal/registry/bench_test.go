package registry_test

import (
	"sync/atomic"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/registry"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
	"github.com/idem-id/idem/internal/vault/vaulttest"
)

// clients is how many requests the benchmarks keep under way.
const clients = 16

func benchmark(b *testing.B, prepare func(*world), f func(*world) error) {
	for name, open := range map[string]func(testing.TB) storetest.Database{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			v := vaulttest.New(b)
			w := newWorld(b, open(b)(b, storetest.Config{Sealer: v}), v, gallery.Options{})
			w.update(func(tx store.Tx) error {
				subs, err := tx.Subscriptions().ListForUpdate(b.Context(), idem.TechPersons)
				w.must(err)
				subs[0].Left = idem.Unlimited
				return tx.Subscriptions().Save(b.Context(), subs[0])
			})
			prepare(w)
			b.SetParallelism(clients)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := f(w); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
		})
	}
}

// BenchmarkCreate creates persons with one photo and one alias, each of a new
// face: decoding, a fake engine, the uniqueness protocol and durable commits.
func BenchmarkCreate(b *testing.B) {
	benchmark(b, func(*world) {}, func(w *world) error {
		n := portrait(newID(), 0)
		n.Aliases = []registry.AliasInput{{Type: idem.AliasCustom, Value: newID()}}
		_, _, err := w.Create(b.Context(), w.me, n)
		return err
	})
}

// BenchmarkAddAlias adds aliases to 64 persons, durably.
func BenchmarkAddAlias(b *testing.B) {
	var persons []idem.PersonID
	var next atomic.Int64
	prepare := func(w *world) {
		persons = nil
		for range 64 {
			persons = append(persons, w.create(newID(), 0).Person.ID)
		}
	}
	benchmark(b, prepare, func(w *world) error {
		person := persons[next.Add(1)%64]
		_, _, err := w.AddAlias(b.Context(), w.me, person, registry.AliasInput{Type: idem.AliasCustom, Value: newID()})
		return err
	})
}
