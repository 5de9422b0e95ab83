package storetest

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/store"
)

// BenchmarkAddAlias measures durable updates that add one alias each, from as
// many goroutines as given. It reports aliases per second.
func BenchmarkAddAlias(b *testing.B, s store.Store, goroutines int) {
	org := NewOrganisation(b, s)
	people := make([]idem.Person, goroutines)
	for i := range people {
		people[i] = NewPerson(b, s, org)
	}
	var next atomic.Int64
	var workers sync.WaitGroup
	b.ResetTimer()
	for _, p := range people {
		workers.Go(func() {
			for next.Add(1) <= int64(b.N) {
				a := custom(p, newID())
				if err := s.Update(b.Context(), org, func(tx store.Tx) error {
					return tx.Aliases().Insert(b.Context(), p.DataKey, a)
				}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	workers.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "aliases/s")
}

// BenchmarkReadPerson measures views that read a person with its three
// aliases, one after the other.
func BenchmarkReadPerson(b *testing.B, s store.Store) {
	org := NewOrganisation(b, s)
	p := NewPerson(b, s, org)
	update(b, s, org, func(tx store.Tx) error {
		if err := tx.Aliases().Insert(b.Context(), p.DataKey, custom(p, "one")); err != nil {
			return err
		}
		return tx.Aliases().Insert(b.Context(), p.DataKey, custom(p, "two"))
	})
	for b.Loop() {
		view(b, s, org, func(tx store.Tx) error {
			if _, err := tx.Persons().Get(b.Context(), p.ID); err != nil {
				return err
			}
			_, err := tx.Aliases().List(b.Context(), p.ID)
			return err
		})
	}
}
