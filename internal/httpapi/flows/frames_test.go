package flows_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestFrameAncestorsOfAFlow(t *testing.T) {
	each(t, func(s *server) {
		auth := []string{"Authorization", "Bearer " + s.Secret}
		ask := func(method, path, body string) (int, object) {
			return s.call(method, "/v1/flows"+path, "application/json", strings.NewReader(body), auth...)
		}
		code, made := ask("POST", "", `{"name":"framed","technologies":["LDS"],"frame_ancestors":["https://Shop.example"]}`)
		if code != 201 || fmt.Sprint(made["frame_ancestors"]) != "[https://shop.example]" {
			s.Fatalf("created %d %v", code, made)
		}
		path := "/" + made["id"].(string)
		for _, bad := range []string{`["http://shop.example"]`, `["https://shop.example/"]`, `["*"]`, `["https://a.example; script-src *"]`} {
			if code, answer := ask("PATCH", path, `{"frame_ancestors":`+bad+`}`); code != 422 || answer["code"] != "VALIDATION_FAILED" {
				s.Errorf("%s answers %d %v", bad, code, answer)
			}
		}
		kept := s.ok(ask("PATCH", path, `{"name":"renamed"}`))
		changed := s.ok(ask("PATCH", path, `{"frame_ancestors":["http://localhost:3000","https://b.example"]}`))
		read := s.ok(s.call("GET", "/v1/flows"+path, "", nil, auth...))
		if fmt.Sprint(kept["frame_ancestors"]) != "[https://shop.example]" || fmt.Sprint(changed["frame_ancestors"]) != "[http://localhost:3000 https://b.example]" ||
			fmt.Sprint(read["frame_ancestors"]) != fmt.Sprint(changed["frame_ancestors"]) {
			s.Errorf("kept %v, changed to %v", kept, read)
		}
		if none := s.ok(ask("PATCH", path, `{"frame_ancestors":[]}`)); fmt.Sprint(none["frame_ancestors"]) != "[]" {
			s.Errorf("without: %v", none)
		}
	})
}
