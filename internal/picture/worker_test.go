package picture_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/picture"
)

// patient are limits for a busy machine: a worker that is built to find races
// takes its time.
func patient() picture.Limits {
	l := picture.DefaultLimits()
	l.Time = time.Minute
	return l
}

func TestHEICInWorker(t *testing.T) {
	d := picture.NewDecoder(patient(), selfWorker(t))
	for _, name := range []string{"test8.heic", "gray.heic"} {
		p, s, err := d.Intake(context.Background(), heicSample(t, name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		back := mustDecode(t, s.Data)
		if p.Format != picture.HEIC || s.Format != picture.JPEG || back.Width != p.Width || back.Height != p.Height {
			t.Errorf("%s: %s %d x %d stored as %s %d x %d", name, p.Format, p.Width, p.Height, s.Format, back.Width, back.Height)
		}
	}
}

func TestDamagedHEIC(t *testing.T) {
	d := picture.NewDecoder(patient(), selfWorker(t))
	data := bytes.Clone(heicSample(t, "test8.heic"))
	for i := len(data) / 4; i < len(data); i += 3 {
		data[i] ^= 0x5a
	}
	if _, err := d.Decode(context.Background(), data[:len(data)/2]); !errors.Is(err, picture.ErrUndecodable) {
		t.Errorf("err = %v", err)
	}
}

func TestHEICLimitBeforeWorker(t *testing.T) {
	l := picture.DefaultLimits()
	l.Pixels = 1000
	d := picture.NewDecoder(l, &picture.Worker{Path: "/nonexistent"})
	if _, err := d.Decode(context.Background(), heicSample(t, "test8.heic")); !errors.Is(err, picture.ErrTooLarge) {
		t.Errorf("err = %v", err)
	}
}

func TestWorkerMissing(t *testing.T) {
	d := picture.NewDecoder(picture.DefaultLimits(), &picture.Worker{Path: filepath.Join(t.TempDir(), "none")})
	_, err := d.Decode(context.Background(), heicSample(t, "test8.heic"))
	if idem.KindOf(err) != idem.Unavailable {
		t.Errorf("err = %v", err)
	}
}

func script(t *testing.T, body string) *picture.Worker {
	t.Helper()
	path := filepath.Join(t.TempDir(), "worker.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return &picture.Worker{Path: path}
}

func TestWorkerThatHangsIsKilled(t *testing.T) {
	l := picture.DefaultLimits()
	l.Time = 300 * time.Millisecond
	_, err := picture.NewDecoder(l, script(t, "exec sleep 60")).Decode(context.Background(), heicSample(t, "test8.heic"))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err = %v", err)
	}
}

func TestWorkerThatLies(t *testing.T) {
	for name, body := range map[string]string{"floods": "exec cat /dev/zero", "says nothing": "true", "breaks": "exit 3", "garbage": "printf 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'"} {
		_, err := picture.NewDecoder(patient(), script(t, body)).Decode(context.Background(), heicSample(t, "test8.heic"))
		if idem.KindOf(err) != idem.Unprocessable && idem.KindOf(err) != idem.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}
