package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/blob"
)

// The refusals.
var (
	// ErrDamaged: the file is no backup, is cut short or was altered.
	ErrDamaged = idem.Errorf(idem.Unprocessable, "BACKUP_DAMAGED", "the backup is damaged or no backup at all")
	// ErrNewer: a newer version of the program wrote the file.
	ErrNewer = idem.Errorf(idem.Unprocessable, "BACKUP_NEWER", "the backup was written by a newer version")
	// ErrNotEmpty: a restore never overwrites.
	ErrNotEmpty = idem.Errorf(idem.Conflict, "RESTORE_TARGET_NOT_EMPTY", "the folder to restore into is not empty")
	// ErrNoTool: pg_dump or pg_restore is not installed.
	ErrNoTool = idem.Errorf(idem.Unavailable, "POSTGRES_TOOLS_MISSING", "backing PostgreSQL up needs pg_dump and pg_restore in the path")
)

// Format is the number of the file format.
const Format = 1

// The names inside the file.
const (
	headName     = "idem-backup.json"
	manifestName = "manifest.json"
	blobDir      = BlobFolder + "/"

	// SQLiteFile and PostgresFile are where Restore puts the database, below
	// the target folder.
	SQLiteFile   = "idem.db"
	PostgresFile = "idem.dump"
	// BlobFolder is where Restore puts the objects, as the folder of a dir.Dir.
	BlobFolder = "blobs"
)

// DatabaseBackup writes a consistent copy of a database into a new file while
// the database is in use.
type DatabaseBackup interface {
	BackupTo(ctx context.Context, file string) error
}

// Objects are the stored objects under slash-separated paths. *dir.Dir is one.
type Objects interface {
	Walk(ctx context.Context, f func(path string) error) error
	// ReadObject returns blob.ErrNotFound for what was deleted meanwhile.
	ReadObject(ctx context.Context, path string) ([]byte, error)
}

// Sources says what goes into a backup.
type Sources struct {
	// SQLite or Postgres is the database; exactly one is set.
	SQLite   DatabaseBackup
	Postgres DatabaseBackup
	// Objects may be nil.
	Objects Objects
	// Program is the version of the program, Schema that of the tables.
	Program string
	Schema  int64
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Progress is called after each file with the sums so far; it may be nil.
	Progress func(Progress)
}

// Progress counts what was written or read so far.
type Progress struct {
	Files int
	Bytes int64 // before compression
}

// Head identifies a backup.
type Head struct {
	Format    int       `json:"format"`
	CreatedAt time.Time `json:"created_at"`
	Program   string    `json:"program"`
	Go        string    `json:"go"`
	Schema    int64     `json:"schema"`
	Database  string    `json:"database"` // "sqlite" or "postgres"
}

// File is one file of a backup.
type File struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // lower-case hexadecimal
}

// Manifest lists a backup's files, Head's own included, in their order.
type Manifest struct {
	Head
	Files []File `json:"files"`
}

// Create writes a backup to dest, readable by its owner alone. It replaces a
// file of that name when it is complete and durable; on failure nothing is
// left. Errors: idem.ErrStorageFull, ErrNoTool, and those of the sources.
func Create(ctx context.Context, dest string, s Sources) (Manifest, error) {
	if s.Now == nil {
		s.Now = time.Now
	}
	work, err := os.MkdirTemp(filepath.Dir(dest), ".idem-backup-*") // mode 0700
	if err != nil {
		return Manifest{}, translate(fmt.Errorf("create backup: %w", err))
	}
	m, err := s.create(ctx, work, dest)
	if err = errors.Join(err, os.RemoveAll(work)); err != nil {
		return Manifest{}, translate(fmt.Errorf("create backup: %w", err))
	}
	return m, nil
}

func (s Sources) create(ctx context.Context, work, dest string) (Manifest, error) {
	database, name, source := s.database()
	if source == nil {
		return Manifest{}, errors.New("no database to back up")
	}
	copied := filepath.Join(work, "database")
	if err := source.BackupTo(ctx, copied); err != nil {
		return Manifest{}, err
	}
	temp := filepath.Join(work, "backup")
	w, err := newWriter(temp, s.Progress)
	if err != nil {
		return Manifest{}, err
	}
	w.manifest.Head = Head{
		Format: Format, CreatedAt: s.Now().UTC().Truncate(time.Second), Program: s.Program, Go: runtime.Version(),
		Schema: s.Schema, Database: database,
	}
	err = w.fill(ctx, copied, name, s.Objects)
	if err = errors.Join(err, w.Close()); err != nil {
		return Manifest{}, err
	}
	if err := os.Rename(temp, dest); err != nil {
		return Manifest{}, err
	}
	return w.manifest, syncDir(filepath.Dir(dest))
}

func (s Sources) database() (kind, name string, source DatabaseBackup) {
	if s.Postgres != nil {
		return "postgres", PostgresFile, s.Postgres
	}
	return "sqlite", SQLiteFile, s.SQLite
}

func (w *writer) fill(ctx context.Context, database, name string, objects Objects) error {
	if err := w.addJSON(headName, w.manifest.Head); err != nil {
		return err
	}
	if err := w.addFile(ctx, name, database); err != nil {
		return err
	}
	if err := w.plain(); err != nil {
		return err
	}
	if objects != nil {
		if err := w.addObjects(ctx, objects); err != nil {
			return err
		}
	}
	if err := w.compressed(); err != nil {
		return err
	}
	return w.addManifest()
}

func (w *writer) addObjects(ctx context.Context, objects Objects) error {
	return objects.Walk(ctx, func(name string) error {
		data, err := objects.ReadObject(ctx, name)
		if errors.Is(err, blob.ErrNotFound) {
			return nil // deleted since it was listed
		}
		if err != nil {
			return err
		}
		return w.addBytes(blobDir+name, data)
	})
}

// allowed reports whether a backup may hold a file of this path: no way out of
// the target folder, no hidden file, nothing but database and objects.
func allowed(name string) bool {
	if name != path.Clean(name) || !fsValid(name) || len(name) > 500 {
		return false
	}
	return name == headName || name == SQLiteFile || name == PostgresFile || strings.HasPrefix(name, blobDir)
}

// fsValid refuses what any file system could read as something else.
func fsValid(name string) bool {
	if strings.ContainsAny(name, "\\:\x00") || strings.HasPrefix(name, "/") {
		return false
	}
	return !slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool {
		return part == "" || part[0] == '.' || len(part) > 200
	})
}

func syncDir(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func translate(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return idem.ErrStorageFull.Because(err)
	}
	return err
}

// contextReader ends a long copy when the context does.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
