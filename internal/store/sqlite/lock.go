package sqlite

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/idem-id/idem"
)

// ErrLocked: another server has the database.
var ErrLocked = idem.Errorf(idem.Conflict, "DATABASE_LOCKED", "another server has this database open")

// Lock keeps a second server away from a database file. It returns ErrLocked
// when there is one already. release gives the lock back; the end of the
// process does so, too. Commands beside the server do not need it.
func Lock(path string) (release func() error, err error) {
	return lockFile(path + ".lock")
}

func lockFile(path string) (func() error, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", translate(err))
	}
	held, err := tryLock(f)
	if err == nil && held {
		return f.Close, nil
	}
	f.Close() // nothing was written
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return nil, ErrLocked
}

// waitLock is lockFile that waits for the holder.
func waitLock(ctx context.Context, path string) (func() error, error) {
	for {
		release, err := lockFile(path)
		if err == nil || idem.CodeOf(err) != ErrLocked.Code {
			return release, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
