package capture

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed dist
var distFiles embed.FS

// assets are the bundled files. All but the widget, whose address is part of
// the interface, are named by their content and kept by browsers for ever.
type assets struct {
	byName        map[string][]byte
	script, style string // addresses
}

func loadAssets() assets {
	a := assets{byName: map[string][]byte{}}
	a.script = a.add("capture.js")
	a.style = a.add("capture.css")
	a.byName[widgetFile] = read(widgetFile)
	return a
}

const widgetFile = "flow-widget.umd.js"

func read(file string) []byte {
	data, err := distFiles.ReadFile("dist/" + file)
	if err != nil {
		panic(fmt.Sprintf("read the bundle: %v", err))
	}
	return data
}

// add names a file by its content and returns its address.
func (a *assets) add(file string) string {
	data := read(file)
	digest := sha256.Sum256(data)
	ext := path.Ext(file)
	name := strings.TrimSuffix(file, ext) + "-" + hex.EncodeToString(digest[:8]) + ext
	a.byName[name] = data
	return "/capture/" + name
}

func (a *assets) serve(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("asset")
	if _, ok := a.byName[name]; !ok || name == widgetFile {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	a.send(w, r, name)
}

// widget is loaded by the pages of others.
func (a *assets) widget(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	a.send(w, r, widgetFile)
}

func (a *assets) send(w http.ResponseWriter, r *http.Request, name string) {
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(a.byName[name]))
}
