package flows_test

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/idem-id/idem"
)

// TestBodiesNobodyWaitsForAreNotRead announces bodies and sends nothing.
func TestBodiesNobodyWaitsForAreNotRead(t *testing.T) {
	each(t, func(s *server) {
		path, _ := s.begin(s.Flow(nil, idem.TechLivenessShort, idem.TechDocumentRecognition))
		for at, want := range map[string]int{
			"/api/v1/flows/session/" + idem.UUIDv7{}.New() + "/steps/0/": 404,
			"/api/v1/flows/session/nothing/steps/0/guidance/":            404,
			path + "/steps/1/":          409,
			path + "/steps/1/guidance/": 409,
		} {
			in, out := io.Pipe()
			begun := time.Now()
			code, _ := s.call("POST", at, "multipart/form-data; boundary=x", in)
			if code != want || time.Since(begun) > 5*time.Second {
				s.Errorf("%s answers %d after %v", at, code, time.Since(begun))
			}
			s.Must(out.Close())
		}
	})
}

// TestOneStepIsAnsweredOnce submits good evidence many times at once: one
// counts, the rest is told so, one unit is spent.
func TestOneStepIsAnsweredOnce(t *testing.T) {
	each(t, func(s *server) {
		s.Limit(idem.TechLivenessShort, 5)
		path, id := s.begin(s.Flow(nil, idem.TechLivenessShort, idem.TechDocumentRecognition))
		s.Events.Take()
		var mu sync.Mutex
		codes := map[int]int{}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				code, _ := s.form(path+"/steps/0/", [2]string{"image", face()})
				mu.Lock()
				defer mu.Unlock()
				codes[code]++
			})
		}
		group.Wait()
		if codes[200] != 1 || codes[409] != 7 || s.Left(idem.TechLivenessShort) != 4 {
			s.Errorf("answers %v, %d units left", codes, s.Left(idem.TechLivenessShort))
		}
		if told := s.Events.Take(); fmt.Sprint(told) != "[technology.start LDS ACTIVE technology.end LDS PASSED]" {
			s.Errorf("told %v", told)
		}
		now, err := s.Flows.State(context.Background(), idem.SessionID(id))
		if s.Must(err); now.Current() != 1 {
			s.Errorf("the session is at %d", now.Current())
		}
	})
}
