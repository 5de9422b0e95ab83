package job_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/idem-id/idem/internal/job"
	"github.com/idem-id/idem/internal/store"
	"github.com/idem-id/idem/internal/store/storetest"
)

// BenchmarkJobs measures jobs from their transaction to their end, queued four
// to a group and ten to a transaction.
func BenchmarkJobs(b *testing.B) {
	for name, database := range map[string]func(testing.TB) storetest.Database{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			benchmark(b, database(b)(b, storetest.Config{Sealer: storetest.Sealer(), Now: time.Now}))
		})
	}
}

func benchmark(b *testing.B, s store.Store) {
	org := storetest.NewOrganisation(b, s)
	var done atomic.Int64
	finished := make(chan struct{})
	eight := letters
	eight.Workers = 8
	r := job.New(job.Deps{Store: s, Log: slog.New(slog.DiscardHandler), Workers: []job.Worker{job.Work(eight, func(context.Context, job.Task, letter) error {
		if done.Add(1) == int64(b.N) {
			close(finished)
		}
		return nil
	})}})
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	b.ResetTimer()
	go func() { ended <- r.Run(ctx) }()
	for n := 0; n < b.N; n += 10 {
		err := r.Watch(s).Update(ctx, org, func(tx store.Tx) error {
			for i := n; i < min(n+10, b.N); i++ {
				if _, err := job.Enqueue(ctx, tx, letters, job.Order[letter]{Key: fmt.Sprint(i), Group: fmt.Sprint(i / 4)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	<-finished
	b.StopTimer()
	cancel()
	if err := <-ended; err != nil {
		b.Error(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
}
