package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/store"
	"golang.org/x/sys/unix"
)

// largeGallery measures identification by a server whose gallery is large
// beside one whose gallery holds a single person.
func largeGallery(ctx context.Context, b *bench) ([]row, error) {
	if err := b.needSpace(); err != nil {
		return nil, err
	}
	photo, err := b.probe(ctx)
	if err != nil {
		return nil, err
	}
	empty, err := b.identification(ctx, "empty", "", 0, photo)
	if err != nil {
		return nil, err
	}
	secret, rows, err := b.fillLarge(ctx)
	if err != nil {
		return nil, err
	}
	fromLog, err := b.identification(ctx, "large", secret, b.templates, photo)
	if err != nil {
		return rows, err
	}
	fromSnapshot, err := b.identification(ctx, "large", secret, b.templates, photo)
	if err == nil && fromSnapshot.snapshots == 0 {
		err = errors.New("the server did not start from its snapshot")
	}
	if err != nil {
		return rows, err
	}
	each := func(m identifying) string {
		return fmt.Sprintf("%d bytes (%d MB resident, %d MB with one)", (m.memory-empty.memory)/int64(b.templates), m.memory>>20, empty.memory>>20)
	}
	rows = append(rows,
		row{"start to readiness from the log", rounded(fromLog.ready), ""},
		row{"start to readiness from a snapshot", rounded(fromSnapshot.ready), ""},
		row{"memory per template, started from the log", each(fromLog), ""},
		row{"memory per template, started from a snapshot", each(fromSnapshot), ""})
	return slices.Concat(rows, empty.rows(), fromSnapshot.rows()), nil
}

func rounded(d time.Duration) string { return d.Round(time.Millisecond).String() }

// bytesEach is more than a template takes on disk, with its keys and log rows.
const bytesEach = 4 << 10

func (b *bench) needSpace() error {
	var s unix.Statfs_t
	if err := unix.Statfs(b.work, &s); err != nil {
		return fmt.Errorf("free space: %w", err)
	}
	if free, need := s.Bavail*uint64(s.Bsize), uint64(b.templates)*bytesEach; free < need {
		return fmt.Errorf("%d MB are free below %s and %d MB needed: set TMPDIR", free>>20, b.work, need>>20)
	}
	return nil
}

func (b *bench) folderSize(name string) (size int64) {
	_ = filepath.WalkDir(filepath.Join(b.work, name), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size
}

func (b *bench) probe(ctx context.Context) ([]byte, error) {
	portraits, err := b.portraits(ctx)
	if err != nil {
		return nil, err
	}
	return enlarged(portraits[0], sides[0])
}

// fillLarge makes a data folder with the templates as the server would.
func (b *bench) fillLarge(ctx context.Context) (secret string, rows []row, err error) {
	l, err := newLab(ctx, filepath.Join(b.work, "large"), "")
	if err != nil {
		return "", nil, err
	}
	defer l.close()
	r, began := rand.New(rand.NewPCG(1, 2)), time.Now()
	for done := 0; done < b.templates; done += blockSize {
		if err := l.enrolBlock(ctx, r, min(blockSize, b.templates-done)); err != nil {
			return "", nil, fmt.Errorf("after %d templates: %w", done, err)
		}
	}
	perSecond := float64(b.templates) / time.Since(began).Seconds()
	return l.secret, []row{
		{fmt.Sprintf("enrolment of %d templates, reserved and activated in blocks of %d, SQLite", b.templates, blockSize), fmt.Sprintf("%.0f/s", perSecond), ""},
		{"data folder per template", fmt.Sprintf("%d bytes", b.folderSize("large")/int64(b.templates)), ""},
	}, nil
}

// enrolBlock reserves entries of strangers and activates them, two transactions.
func (l *lab) enrolBlock(ctx context.Context, r *rand.Rand, n int) error {
	entries, err := l.strangers(ctx, r, n)
	if err != nil {
		return err
	}
	reserved, err := l.gallery.Reserve(ctx, l.org, entries, nil)
	if err != nil {
		return err
	}
	return l.store.Update(ctx, l.org, func(tx store.Tx) error { return gallery.ActivateAll(ctx, tx, reserved...) })
}

// identifying is what was measured of one server.
type identifying struct {
	references int
	ready      time.Duration
	memory     int64    // resident bytes
	loads      []load   // one for each number of callers
	searches   []string // the server's own account of them
	snapshots  float64  // that the server started from
}

// callers are the numbers of concurrent callers, and calling how long they call.
var callers = []int{1, 8}

const calling = 10 * time.Second

// identification starts a server on the folder, enrols the probe's person and
// lets callers identify it. An answer that did not compare all is an error.
func (b *bench) identification(ctx context.Context, folder, secret string, templates int, photo []byte) (identifying, error) {
	s, err := b.serve(ctx, filepath.Join(b.work, folder), secret)
	if err != nil {
		return identifying{}, err
	}
	defer s.stop()
	if _, err := s.createPerson(photo); err != nil {
		return identifying{}, err
	}
	m := identifying{references: templates, ready: s.ready}
	ask := s.identify(photo, templates)
	drive(2, time.Second, ask) // warm
	for _, n := range callers {
		before, err := s.searched()
		if err != nil {
			return m, err
		}
		l := drive(n, calling, ask)
		after, err := s.searched()
		if err := errors.Join(l.firstProblem, err); err != nil {
			return m, err
		}
		m.loads, m.searches = append(m.loads, l), append(m.searches, after.since(before))
	}
	if m.snapshots, err = s.counter("idem_gallery_snapshots_loaded_total"); err != nil {
		return m, err
	}
	m.memory, err = s.resident()
	return m, err
}

// identify is one request; it fails when fewer references were compared, or
// when the person was not found.
func (s *server) identify(photo []byte, least int) func(int64) error {
	body, err := json.Marshal(map[string]any{"image": base64.StdEncoding.EncodeToString(photo)})
	return func(int64) error {
		if err != nil {
			return err
		}
		text, err := s.call("POST", "/v1/identify", "application/json", bytes.NewReader(body))
		if err != nil {
			return err
		}
		var answer struct {
			Candidates []struct{ Score float64 }
			Compared   int
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			return err
		}
		if answer.Compared <= least || len(answer.Candidates) == 0 {
			return fmt.Errorf("%d candidates of %d references compared", len(answer.Candidates), answer.Compared)
		}
		return nil
	}
}

func (m identifying) rows() []row {
	var all []row
	for i, l := range m.loads {
		all = append(all,
			row{fmt.Sprintf("POST /v1/identify among %d, %d callers", m.references+1, callers[i]), l.String(), ""},
			row{"  the search in it, by the server's account", m.searches[i], ""})
	}
	return all
}

// resident returns the bytes of the server that are in memory.
func (s *server) resident() (int64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.cmd.Process.Pid), "status"))
	if err != nil {
		return 0, err
	}
	m := regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		return 0, errors.New("the system does not tell the resident memory")
	}
	kilobytes, err := strconv.ParseInt(string(m[1]), 10, 64)
	return kilobytes << 10, err
}

// account is what the server counts of its searches.
type account struct{ passSeconds, passes, queuedSeconds, probes float64 }

func (s *server) searched() (account, error) {
	text, err := s.call("GET", "/metrics", "", nil)
	return account{
		metric(text, "idem_gallery_pass_seconds_total"), metric(text, "idem_gallery_passes_total"),
		metric(text, "idem_gallery_queued_seconds_total"), metric(text, "idem_gallery_probes_total"),
	}, err
}

func (s *server) counter(name string) (float64, error) {
	text, err := s.call("GET", "/metrics", "", nil)
	return metric(text, name), err
}

// metric is 0 when there is none of the name.
func metric(text []byte, name string) float64 {
	m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindSubmatch(text)
	if m == nil {
		return 0
	}
	value, _ := strconv.ParseFloat(string(m[1]), 64)
	return value
}

// since tells of the mean pass between two accounts.
func (a account) since(b account) string {
	passes, probes := a.passes-b.passes, a.probes-b.probes
	if passes == 0 || probes == 0 {
		return "no pass"
	}
	return fmt.Sprintf("%.2f ms a pass, %.1f probes in it, each waited %.2f ms", 1e3*(a.passSeconds-b.passSeconds)/passes, probes/passes,
		1e3*(a.queuedSeconds-b.queuedSeconds)/probes)
}
