package capture

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

//go:embed ui/locales/*.json
var localeFiles embed.FS

// texts are those of one language.
type texts struct {
	locale string // name of its file: kz
	raw    json.RawMessage
	byKey  map[string]string
}

// say returns the text of a key. A test holds every language to all keys.
func (t *texts) say(key string) string { return t.byKey[key] }

// lang is the BCP 47 tag, which is not the name of the file: kk of kz.
func (t *texts) lang() string { return t.byKey["lang"] }

// catalogue is the texts of all languages.
type catalogue struct {
	languages []texts // the one to fall back on first
	matcher   language.Matcher
	names     json.RawMessage // of the languages, by locale
}

// fallback is the locale of browsers that ask for none of ours.
const fallback = "en"

func loadCatalogue() catalogue {
	files, err := localeFiles.ReadDir("ui/locales")
	if err != nil {
		panic(fmt.Sprintf("read locales: %v", err))
	}
	var c catalogue
	names := map[string]string{}
	for _, f := range files {
		t := readTexts(f.Name())
		names[t.locale] = t.say("name")
		if c.languages = append(c.languages, t); t.locale == fallback {
			last := len(c.languages) - 1
			c.languages[0], c.languages[last] = c.languages[last], c.languages[0]
		}
	}
	var tags []language.Tag
	for i := range c.languages {
		tags = append(tags, language.MustParse(c.languages[i].lang()))
	}
	c.matcher = language.NewMatcher(tags)
	if c.names, err = json.Marshal(names); err != nil {
		panic(fmt.Sprintf("encode names of languages: %v", err))
	}
	return c
}

func readTexts(file string) texts {
	raw, err := localeFiles.ReadFile(path.Join("ui/locales", file))
	t := texts{locale: strings.TrimSuffix(file, ".json"), raw: raw}
	if err == nil {
		err = json.Unmarshal(raw, &t.byKey)
	}
	if err != nil {
		panic(fmt.Sprintf("read locale %s: %v", file, err))
	}
	return t
}

// choose returns the texts of the locale that the address names, then of the
// session's, then of the browser's language.
func (c *catalogue) choose(r *http.Request, session string) *texts {
	for _, want := range []string{r.URL.Query().Get("locale"), session} {
		if i := slices.IndexFunc(c.languages, func(t texts) bool { return t.locale == want }); i >= 0 {
			return &c.languages[i]
		}
	}
	_, i := language.MatchStrings(c.matcher, r.Header.Get("Accept-Language"))
	return &c.languages[i]
}
