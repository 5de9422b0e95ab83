package edocument

import "github.com/idem-id/idem/internal/tech"

func (t *Technology) runMobile(tech.Evidence) (*judgement, error) {
	return nil, ErrUnknown.At("files")
}
