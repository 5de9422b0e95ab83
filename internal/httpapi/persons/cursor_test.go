package persons

import (
	"net/url"
	"testing"
)

func FuzzCursor(f *testing.F) {
	mark := listMark("org", Base, url.Values{"state": {"all"}, "limit": {"7"}})
	f.Add(*packCursor(mark, "1732291200000000.0199af00"))
	f.Add("")
	f.Add("AAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		after, err := unpackCursor(mark, text)
		if err != nil {
			if after != "" {
				t.Errorf("refused, but gave %q", after)
			}
			return
		}
		if text == "" {
			return
		}
		if again := packCursor(mark, after); again == nil || *again != text {
			t.Errorf("%q reads as %q, which is written %v", text, after, again)
		}
		if _, err := unpackCursor(listMark("other", Base, nil), text); err == nil {
			t.Errorf("%q fits another list", text)
		}
	})
}

func FuzzBody(f *testing.F) {
	f.Add([]byte(`{"api_key":"k","items":[{"image_b64":"","aliases":[{"type":"phone","value":"1"}]},7]}`))
	f.Add([]byte(`{"items":[[]]}`))
	f.Add([]byte(`{"a":{"b":[1,2,{"c":"d"}]},"api_key":7}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := keyMember(body); err != nil {
			return
		}
		var create createBody
		if err := decode(body, &create); err == nil && create.Image != nil {
			_, _ = create.person()
		}
		items, err := batchItems(body)
		if err != nil {
			return
		}
		for _, item := range items {
			if _, err := keyMember(item); err != nil {
				t.Errorf("item %q of %q is not JSON: %v", item, body, err)
			}
		}
	})
}
