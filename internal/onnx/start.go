//go:build cgo

package onnx

import (
	"fmt"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/models"
	rt "github.com/yalue/onnxruntime_go"
)

// starting guards the runtime, which exists once per process.
var starting sync.Mutex

// Start loads the ONNX Runtime library in dir after checking what it is. A
// second start, even of another file, checks the file and keeps the runtime
// that runs. It answers MODELS_INCOMPLETE (Unavailable) when the file is
// missing, altered or not known for this processor.
func Start(dir string, lib models.Net) error {
	starting.Lock()
	defer starting.Unlock()
	if lib.File == "" {
		return idem.Errorf(idem.Unavailable, "MODELS_INCOMPLETE", "no ONNX Runtime library is pinned for %s/%s; name one in models.json", runtime.GOOS, runtime.GOARCH)
	}
	if _, err := models.Read(dir, lib.File, lib.SHA256); err != nil {
		return err
	}
	if rt.IsInitialized() {
		return nil
	}
	path := lib.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, filepath.FromSlash(lib.File))
	}
	rt.SetSharedLibraryPath(path)
	if err := rt.InitializeEnvironment(rt.WithLogLevelError()); err != nil {
		return fmt.Errorf("start ONNX Runtime: %w", err)
	}
	return nil
}
