package store

import (
	"context"
	"time"

	"github.com/idem-id/idem"
)

// JobState is where a job stands.
type JobState string

// A queued job becomes running when it is claimed. A run ends it as done, sends
// it back as queued, or as dead when there is no more hope; a lease that ends
// makes it claimable again. A person queues a dead job again or discards it.
const (
	JobQueued    JobState = "queued"
	JobRunning   JobState = "running"
	JobDone      JobState = "done"
	JobDead      JobState = "dead"
	JobDiscarded JobState = "discarded"
)

// Job is work that a transaction leaves behind.
type Job struct {
	// Org, Kind and Key name a job: what is to be done, and about what.
	Org  idem.OrgID
	Kind string
	Key  string
	// Group holds the organisation's jobs that run one after the other; "" is
	// no group.
	Group string
	// Args is kept sealed under the organisation's key until the job has ended.
	Args  []byte
	State JobState
	// Attempts counts the runs, the present one included.
	Attempts int
	// Epoch is the number of the present claim; only its holder can end it.
	Epoch int64
	// DueAt is not before when a queued job runs, and until when a running one
	// is leased.
	DueAt     time.Time
	CreatedAt time.Time
	EndedAt   time.Time // zero unless done or discarded
	Fault     string    // code of the last failure
	// Broken tells why a claimed job's Args could not be opened.
	Broken error
}

// Jobs keeps what the organisation has still to do. Insert and Finish stand in
// the transaction of the business itself: no job is lost or made up, and what a
// job does can be made to happen once.
type Jobs interface {
	// Insert queues a job by its Kind, Key, Group, Args and DueAt (zero: at
	// once), and reports whether it is new. A job of the same kind and key,
	// whatever became of it, stays as it is. A group keeps the order of the
	// insertions when whoever fills it excludes others meanwhile.
	Insert(ctx context.Context, j Job) (bool, error)
	// Finish ends the run of a claimed job as done; ErrJobLost when its lease
	// went to somebody else.
	Finish(ctx context.Context, j Job) error
	// List returns jobs without their arguments, newest first. "" is any state
	// or kind.
	List(ctx context.Context, state JobState, kind string, page Page) ([]Job, string, error)
	// Rerun queues a dead or queued job for now, with all its attempts;
	// ErrJobNotFound when there is none.
	Rerun(ctx context.Context, kind, key string) error
	// Discard ends a dead or queued job without running it; ErrJobNotFound when
	// there is none.
	Discard(ctx context.Context, kind, key string) error
}

// Queue hands out the jobs of all organisations. Jobs that cannot be ended
// because the lease went to somebody else are ErrJobLost.
type Queue interface {
	// Claim leases up to limit due jobs of a kind, the longest due first, and
	// counts an attempt for each. It passes over jobs whose group has an
	// earlier one, or one that runs, and over those of the organisations given.
	Claim(ctx context.Context, kind string, limit int, lease time.Duration, except ...idem.OrgID) ([]Job, error)
	// Renew extends a lease from now on.
	Renew(ctx context.Context, j Job, lease time.Duration) error
	// Release gives a job back as if it had not been claimed.
	Release(ctx context.Context, j Job) error
	// ReleaseAll queues all jobs that run, whoever claimed them, and returns how
	// many. The attempts count. It is for a process that knows that no other one
	// runs jobs: whoever claimed them has died.
	ReleaseAll(ctx context.Context) (int64, error)
	// Retry queues the job again for a later time, and its group behind it.
	Retry(ctx context.Context, j Job, at time.Time, fault string) error
	// Bury ends the attempts at a job; a person decides what becomes of it.
	Bury(ctx context.Context, j Job, fault string) error
	// Count tells how many jobs there are, by kind and by state, of those that
	// have not ended.
	Count(ctx context.Context) ([]JobCount, error)
}

// JobCount is a line of Queue.Count.
type JobCount struct {
	Kind   string
	State  JobState // queued, running or dead
	Jobs   int64
	Oldest time.Time // earliest DueAt
}
