package ram_test

import (
	"testing"

	"github.com/idem-id/idem/internal/gallery"
	"github.com/idem-id/idem/internal/gallery/gallerytest"
	"github.com/idem-id/idem/internal/gallery/ram"
)

func TestContract(t *testing.T) {
	gallerytest.Run(t, func() gallery.Index { return ram.New(gallerytest.Model) })
}

func TestContractWithSharedPasses(t *testing.T) {
	gallerytest.Run(t, func() gallery.Index { return ram.New(gallerytest.Model).ShareFrom(0) })
}
