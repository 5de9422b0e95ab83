package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/idem-id/idem/internal/store/sqlite"
	"github.com/idem-id/idem/internal/store/storetest"
)

func BenchmarkAddAlias16(b *testing.B) {
	storetest.BenchmarkAddAlias(b, open(b, filepath.Join(b.TempDir(), "idem.db"), sqlite.Options{}), 16)
}

func BenchmarkAddAlias1(b *testing.B) {
	storetest.BenchmarkAddAlias(b, open(b, filepath.Join(b.TempDir(), "idem.db"), sqlite.Options{}), 1)
}

func BenchmarkReadPerson(b *testing.B) {
	storetest.BenchmarkReadPerson(b, open(b, filepath.Join(b.TempDir(), "idem.db"), sqlite.Options{}))
}
