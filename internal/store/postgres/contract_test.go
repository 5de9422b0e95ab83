package postgres_test

import (
	"testing"

	"github.com/idem-id/idem/internal/store/storetest"
)

func TestContract(t *testing.T) { storetest.Run(t, storetest.Postgres) }
