package capture

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

//go:embed ui/locales/*.json
var localeFiles embed.FS

// texts are those of one language.
type texts struct {
	locale string // name of its file: kz
	byKey  map[string]string
	raw    json.RawMessage // byKey
}

// say returns the text of a key. Every language has all keys of English.
func (t *texts) say(key string) string { return t.byKey[key] }

// lang is the BCP 47 tag, which is not the name of the file: kk of kz.
func (t *texts) lang() string { return t.byKey["lang"] }

// Catalogue is the texts of the page in all its languages. It does not change.
type Catalogue struct {
	languages []texts // the one to fall back on first
	matcher   language.Matcher
	names     json.RawMessage // lang and name of the languages, by locale
	missing   map[string][]string
}

// fallback is the locale of browsers that ask for none of ours, and the one
// whose keys the others must have.
const fallback = "en"

// LoadTexts returns the languages that the binary carries and those of the
// JSON files in a folder, which may not exist. A file there replaces the
// binary's one of its name. It refuses what is no file of texts; keys that a
// file lacks are English, see Missing.
func LoadTexts(folder string) (*Catalogue, error) {
	english, err := readTexts(localeFiles, "ui/locales/"+fallback+".json")
	if err != nil {
		return nil, err
	}
	all := map[string]texts{fallback: english}
	c := &Catalogue{missing: map[string][]string{}}
	for _, from := range []struct {
		files  fs.FS
		folder string
	}{{localeFiles, "ui/locales"}, {os.DirFS(folder), "."}} {
		if err := c.read(from.files, from.folder, english.byKey, all); err != nil {
			return nil, err
		}
	}
	return c, c.arrange(all)
}

// read adds the files of a folder, each of them complete.
func (c *Catalogue) read(files fs.FS, folder string, english map[string]string, all map[string]texts) error {
	entries, err := fs.ReadDir(files, folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for texts: %w", err)
	}
	for _, e := range entries {
		if path.Ext(e.Name()) != ".json" {
			continue
		}
		t, err := readTexts(files, path.Join(folder, e.Name()))
		if err != nil {
			return err
		}
		if c.missing[t.locale], err = t.complete(english); err != nil {
			return fmt.Errorf("texts %s: %w", e.Name(), err)
		}
		all[t.locale] = t
	}
	return nil
}

// localeName is what can stand in the name of a file and in an address.
var localeName = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

const mostTexts = 1 << 20 // bytes of a file

func readTexts(files fs.FS, name string) (texts, error) {
	t := texts{locale: strings.TrimSuffix(path.Base(name), ".json")}
	if !localeName.MatchString(t.locale) {
		return t, fmt.Errorf("texts %s: the name of the file is no locale, such as de or pt-BR", name)
	}
	raw, err := fs.ReadFile(files, name)
	if err == nil && len(raw) > mostTexts {
		err = errors.New("too large")
	}
	if err == nil {
		err = json.Unmarshal(raw, &t.byKey)
	}
	if err != nil {
		return t, fmt.Errorf("read texts %s: %w", name, err)
	}
	return t, nil
}

var place = regexp.MustCompile(`\{\w+\}`)

// complete refuses texts that the page could not show, and takes from English
// what is missing, whose keys it returns.
func (t *texts) complete(english map[string]string) (missing []string, err error) {
	if _, err := language.Parse(t.lang()); err != nil {
		return nil, fmt.Errorf("lang: %q is no language tag", t.lang())
	}
	if t.say("name") == "" {
		return nil, errors.New("name: the language has none")
	}
	for key, text := range english {
		own := t.byKey[key]
		if own == "" {
			missing = append(missing, key)
			t.byKey[key] = text
		} else if a, b := places(own), places(text); !slices.Equal(a, b) {
			return nil, fmt.Errorf("%s: the places are %v, in English %v", key, a, b)
		}
	}
	maps.DeleteFunc(t.byKey, func(key, _ string) bool { return english[key] == "" })
	if dir := t.say("dir"); dir != "ltr" && dir != "rtl" {
		return nil, fmt.Errorf("dir: %q is neither ltr nor rtl", dir)
	}
	slices.Sort(missing)
	t.raw, err = json.Marshal(t.byKey)
	return missing, err
}

func places(text string) []string { return slices.Sorted(slices.Values(place.FindAllString(text, -1))) }

// arrange puts the language to fall back on first.
func (c *Catalogue) arrange(all map[string]texts) error {
	type name struct {
		Lang string `json:"lang"`
		Name string `json:"name"`
	}
	var tags []language.Tag
	names := map[string]name{}
	for _, locale := range append([]string{fallback}, slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(l string) bool { return l == fallback })...) {
		t := all[locale]
		c.languages = append(c.languages, t)
		tags = append(tags, language.MustParse(t.lang()))
		names[locale] = name{t.lang(), t.say("name")}
	}
	c.matcher = language.NewMatcher(tags)
	var err error
	c.names, err = json.Marshal(names)
	return err
}

// Locales are the names of the languages, which sessions may be opened with.
func (c *Catalogue) Locales() (all []string) {
	for i := range c.languages {
		all = append(all, c.languages[i].locale)
	}
	slices.Sort(all)
	return all
}

// Missing returns the keys that are English in a language, in order.
func (c *Catalogue) Missing(locale string) []string { return c.missing[locale] }

// Texts returns the texts of a language by key; nil for one that is unknown.
func (c *Catalogue) Texts(locale string) map[string]string {
	if t := c.find(locale); t != nil {
		return maps.Clone(t.byKey)
	}
	return nil
}

func (c *Catalogue) find(locale string) *texts {
	if i := slices.IndexFunc(c.languages, func(t texts) bool { return t.locale == locale }); i >= 0 {
		return &c.languages[i]
	}
	return nil
}

// choose returns the texts of the locale that the address names, then of the
// session's, then of the browser's language.
func (c *Catalogue) choose(r *http.Request, session string) *texts {
	for _, want := range []string{r.URL.Query().Get("locale"), session} {
		if t := c.find(want); t != nil {
			return t
		}
	}
	_, i := language.MatchStrings(c.matcher, r.Header.Get("Accept-Language"))
	return &c.languages[i]
}
