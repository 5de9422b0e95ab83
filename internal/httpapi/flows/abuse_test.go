package flows_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/httpapi/flows"
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

// TestStalledBodiesAreFew has one session keep bodies open that do not come: one
// too many is refused, another session's are not, and the places come back.
func TestStalledBodiesAreFew(t *testing.T) {
	each(t, func(s *server) {
		s = limited(s, &stopped{}, flows.DefaultRates())
		flow := s.Flow(nil, idem.TechLivenessShort)
		path, _ := s.begin(flow)
		other, _ := s.begin(flow)
		answers := make(chan int, 4)
		var bodies []*io.PipeWriter
		for range cap(answers) {
			in, out := io.Pipe()
			bodies = append(bodies, out)
			go func() {
				code, _ := s.call("POST", path+"/steps/0/", "multipart/form-data; boundary=x", in)
				answers <- code
			}()
			go io.WriteString(out, "--x\r\nContent-Disposition: form-data; name=image\r\n\r\n"+strings.Repeat("x", 1<<16))
		}
		if code := <-answers; code != 429 {
			s.Errorf("the first answer is %d", code)
		}
		if code, _ := s.form(other+"/steps/0/", [2]string{"image", face()}); code != 200 {
			s.Errorf("another session's submission: %d", code)
		}
		for _, out := range bodies {
			s.Must(out.Close())
		}
		for range cap(answers) - 1 {
			if code := <-answers; code != 400 {
				s.Errorf("half a form: %d", code)
			}
		}
		if code, _ := s.form(path+"/steps/0/", [2]string{"image", face()}); code != 200 {
			s.Errorf("the submission behind them: %d", code)
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
