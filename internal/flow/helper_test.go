package flow_test

import (
	"github.com/idem-id/idem/internal/flow/flowtest"
	"github.com/idem-id/idem/internal/tech/edocument/provider"
)

func request() provider.Request {
	return provider.Request{PersonalNumber: flowtest.IIN, Phone: flowtest.Phone}
}
