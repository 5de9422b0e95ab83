package flows_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/idem-id/idem"
	"github.com/idem-id/idem/internal/httpapi/flows"
	"github.com/idem-id/idem/internal/httpapi/peer"
	"github.com/idem-id/idem/internal/httpapi/throttle"
)

func TestGuidance(t *testing.T) {
	each(t, func(s *server) {
		f := s.Flow(nil, idem.TechLivenessShort, idem.TechEDocument)
		path, id := s.begin(f)
		s.Events.Take()
		units := s.Left(idem.TechLivenessShort)
		for _, slash := range []string{"", "/"} {
			got := s.ok(s.form(path+"/steps/0/guidance"+slash, [2]string{"image", face()}))
			place, _ := got["face"].(object)
			if got["good"] != true || len(got["hints"].([]any)) != 0 || got["document"] != nil || place["width"].(float64) <= 0 || place["yaw"] != 0.0 {
				s.Errorf("guidance is %v", got)
			}
		}
		if g := must(s.session(id).Guide(s.Context(), 0, []byte(face())))(s); !g.Good || g.Face == nil || g.Face.Width <= 0 || g.Document != nil {
			s.Errorf("the client's guidance is %+v", g)
		}
		got := s.ok(s.form(path+"/steps/0/guidance/", [2]string{"image", nobody(s)}))
		if got["good"] != false || fmt.Sprint(got["hints"]) != "[face_not_found image_dark]" || got["face"] != nil {
			s.Errorf("guidance without a face is %v", got)
		}
		now, err := s.Flows.Session(s.Context(), s.Admin, idem.SessionID(id))
		s.Must(err)
		if now.Steps[0].State != idem.StepPending || now.AttemptsLeft(0) != 3 || s.Left(idem.TechLivenessShort) != units || len(s.Events.Take()) != 0 {
			s.Errorf("guidance left something behind: %+v", now.Steps[0])
		}
	})
}

// nobody is a picture without a face.
func nobody(s *server) string {
	var b bytes.Buffer
	s.Must(jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 200, 200)), nil))
	return b.String()
}

// huge is a small file of a large picture.
func huge(s *server) string {
	var b bytes.Buffer
	s.Must(png.Encode(&b, image.NewPaletted(image.Rect(0, 0, 4000, 3000), color.Palette{color.Black})))
	return b.String()
}

func TestGuidanceRefuses(t *testing.T) {
	each(t, func(s *server) {
		f := s.Flow(nil, idem.TechLivenessShort, idem.TechEDocument)
		waiting := s.Open(f, "")
		code, answer := s.form("/api/v1/flows/session/"+string(waiting.ID)+"/steps/0/guidance/", [2]string{"image", face()})
		s.refused(code, answer, 409, "SESSION_STATE")
		path, _ := s.begin(f)
		for _, c := range []struct {
			path   string
			parts  [][2]string
			status int
			code   string
		}{
			{"/steps/1/guidance/", [][2]string{{"image", face()}}, 409, "SESSION_STATE"},
			{"/steps/7/guidance/", [][2]string{{"image", face()}}, 404, "STEP_NOT_FOUND"},
			{"/steps/0/guidance/", nil, 422, "EVIDENCE_MISSING"},
			{"/steps/0/guidance/", [][2]string{{"image", face()}, {"image", face()}}, 400, "INVALID_MULTIPART"},
			{"/steps/0/guidance/", [][2]string{{"frames", face()}}, 422, "VALIDATION_FAILED"},
			{"/steps/0/guidance/", [][2]string{{"image", "no picture"}}, 415, "IMAGE_TYPE_UNSUPPORTED"},
			{"/steps/0/guidance/", [][2]string{{"image", strings.Repeat("x", 515<<10)}}, 413, "IMAGE_TOO_LARGE"},
			{"/steps/0/guidance/", [][2]string{{"image", strings.Repeat("x", 600<<10)}}, 413, "BODY_TOO_LARGE"},
			{"/steps/0/guidance/", [][2]string{{"image", huge(s)}}, 413, "IMAGE_TOO_LARGE"},
		} {
			code, answer := s.form(path+c.path, c.parts...)
			s.refused(code, answer, c.status, c.code)
		}
		code, answer = s.call("POST", path+"/steps/0/guidance/", "image/jpeg", strings.NewReader(face()))
		s.refused(code, answer, 415, "CONTENT_TYPE_UNSUPPORTED")
		s.ok(s.form(path+"/steps/0/", [2]string{"image", face()}))
		code, answer = s.form(path+"/steps/0/guidance/", [2]string{"image", face()})
		s.refused(code, answer, 409, "RESULT_EXISTS")
		code, answer = s.form(path+"/steps/1/guidance/", [2]string{"image", face()})
		s.refused(code, answer, 422, "GUIDANCE_NOT_OFFERED")
		s.ok(s.post(path+"/abort/", ""))
		code, answer = s.form(path+"/steps/1/guidance/", [2]string{"image", face()})
		s.refused(code, answer, 409, "SESSION_STATE")
	})
}

// limited serves a world within rates at the clock's time.
func limited(s *server, c *stopped, rates flows.Rates, proxies ...string) *server {
	trusted, err := peer.Parse(proxies)
	s.Must(err)
	l := flows.NewLimiter(rates, trusted, c.now)
	h := httptest.NewServer(handler(s.World, s.hooks, l))
	s.TB.(*testing.T).Cleanup(h.Close)
	return &server{s.World, h.URL, s.hooks, l}
}

// stopped is a clock that tests move.
type stopped struct{ at time.Time }

func (c *stopped) now() time.Time { return c.at }

func TestClientsAreLimited(t *testing.T) {
	each(t, func(s *server) {
		c := &stopped{time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)}
		s = limited(s, c, flows.DefaultRates())
		f := s.Flow(nil, idem.TechLivenessShort)
		path, _ := s.begin(f)
		other, _ := s.begin(f)
		for name, ask := range map[flows.Limit]struct {
			burst int
			once  func(path string) (int, object)
			again time.Duration
		}{
			flows.LimitReads:    {20, func(path string) (int, object) { return s.call("GET", path+"/state/", "", nil) }, 200 * time.Millisecond},
			flows.LimitSubmit:   {5, func(path string) (int, object) { return s.post(path+"/steps/0/", "") }, time.Second},
			flows.LimitGuidance: {8, func(path string) (int, object) { return s.form(path + "/steps/0/guidance/") }, 250 * time.Millisecond},
		} {
			c.at = c.at.Add(time.Minute)
			for range ask.burst {
				if code, _ := ask.once(path); code == 429 {
					s.Fatalf("%s: the burst is refused", name)
				}
			}
			code, answer := ask.once(path)
			s.refused(code, answer, 429, "RATE_LIMITED")
			if code, _ := ask.once(other); code == 429 {
				s.Errorf("%s: another session is refused", name)
			}
			c.at = c.at.Add(ask.again)
			if code, _ := ask.once(path); code == 429 {
				s.Errorf("%s: refused after %v", name, ask.again)
			}
			if s.limiter.Refused()[name] != 1 {
				s.Errorf("counted %v", s.limiter.Refused())
			}
		}
	})
}

func TestGuessingIsSlow(t *testing.T) {
	each(t, func(s *server) {
		c := &stopped{time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)}
		rates := flows.DefaultRates()
		rates[flows.LimitAddress] = throttle.Rate{PerSecond: 10, Burst: 100}
		s = limited(s, c, rates, "127.0.0.1")
		path, _ := s.begin(s.Flow(nil, idem.TechLivenessShort))
		from := func(address, id string) int {
			code, _ := s.call("GET", "/api/v1/flows/session/"+id+"/state/", "", nil, "X-Forwarded-For", address)
			return code
		}
		guesses := 0
		for ; from("192.0.2.1", idem.UUIDv7{}.New()) == 404; guesses++ {
		}
		if guesses != 5 {
			s.Errorf("%d guesses before the first refusal, want 5: 21 of 100 tokens each", guesses)
		}
		id := strings.Split(path, "/")[5]
		if from("192.0.2.1", id) != 429 || from("192.0.2.2", id) != 200 {
			s.Error("the address is not what is limited")
		}
		if code := from("192.0.2.3", "nothing"); code != 404 {
			s.Errorf("no identifier answers %d", code)
		}
		answer := s.header("GET", "/api/v1/flows/session/"+id+"/state/", "X-Forwarded-For", "192.0.2.1")
		if answer.Get("Retry-After") != "1" {
			s.Errorf("Retry-After is %q", answer.Get("Retry-After"))
		}
	})
}

func TestOpeningIsLimitedByFlow(t *testing.T) {
	each(t, func(s *server) {
		c := &stopped{time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)}
		rates := flows.DefaultRates()
		rates[flows.LimitOpening] = throttle.Rate{PerSecond: 1, Burst: 2}
		s = limited(s, c, rates)
		one, two := s.key(s.Flow(nil, idem.TechLivenessShort)), s.key(s.Flow(nil, idem.TechLivenessShort))
		open := func(key string) (int, object) {
			return s.post("/api/v1/flows/session/create/", fmt.Sprintf(`{"api_key":%q}`, key))
		}
		s.ok(open(one))
		s.ok(open(one))
		code, answer := open(one)
		s.refused(code, answer, 429, "RATE_LIMITED")
		s.ok(open(two))
	})
}

func TestRatesAreParsed(t *testing.T) {
	got, err := flows.ParseRates("reads=0.5/7, address=1/2")
	if err != nil || got[flows.LimitReads] != (throttle.Rate{PerSecond: 0.5, Burst: 7}) || got[flows.LimitGuidance].Burst != 8 {
		t.Errorf("rates are %v, %v", got, err)
	}
	for _, text := range []string{"x=1/2", "reads", "reads=1", "reads=0/5", "reads=-1/5", "reads=1/0", "reads=NaN/5", "reads=Inf/5"} {
		if _, err := flows.ParseRates(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
