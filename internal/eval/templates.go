package eval

import (
	"context"
	"path"

	"github.com/idem-id/idem/internal/face"
	"github.com/idem-id/idem/match"
)

// Labelled is the template of one picture.
type Labelled struct {
	Identity string // the folder that the picture lies in
	Template match.Template
}

// Templates returns the templates of all pictures below dir that have a usable
// face, in the order of their names.
func Templates(ctx context.Context, e face.Engine, dir string, o Options) ([]Labelled, error) {
	files, err := pictures(dir)
	if err != nil {
		return nil, err
	}
	samples, err := o.enrol(ctx, e, dir, files, face.WantTemplate)
	if err != nil {
		return nil, err
	}
	var all []Labelled
	for i, s := range samples {
		if s.enrolled() {
			all = append(all, Labelled{Identity: path.Dir(files[i]), Template: *s.template})
		}
	}
	return all, nil
}
