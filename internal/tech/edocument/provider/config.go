package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// setting is one provider in the configuration file.
type setting struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`  // test or signed
	URL   string `json:"url"`   // of kind signed
	Keys  string `json:"keys"`  // file with a JWK set
	Token string `json:"token"` // file with a bearer token
}

// Load reads the providers of a JSON file: a list of objects with name, kind
// ("test" or "signed"), url, keys (file of a JWK set) and token (file). Files
// are relative to the configuration. An empty path is no providers.
func Load(path string) (Set, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read providers: %w", err)
	}
	var settings []setting
	if err := json.Unmarshal(data, &settings); err != nil {
		return nil, fmt.Errorf("read providers: %w", err)
	}
	var set Set
	for _, s := range settings {
		if _, err := set.Find(s.Name); err == nil || s.Name == "" {
			return nil, fmt.Errorf("provider %q: names are given once and not empty", s.Name)
		}
		p, err := s.open(filepath.Dir(path))
		if err != nil {
			return nil, err
		}
		set = append(set, p)
	}
	return set, nil
}

func (s setting) open(dir string) (Provider, error) {
	switch s.Kind {
	case "test":
		return NewTest(s.Name), nil
	case "signed":
		keys, err := readKeys(beside(dir, s.Keys))
		if err != nil {
			return nil, fmt.Errorf("provider %q: %w", s.Name, err)
		}
		token := []byte{}
		if s.Token != "" {
			if token, err = os.ReadFile(beside(dir, s.Token)); err != nil {
				return nil, fmt.Errorf("provider %q: %w", s.Name, err)
			}
		}
		return NewSigned(Signed{Name: s.Name, URL: s.URL, Keys: keys, Token: strings.TrimSpace(string(token))})
	}
	return nil, fmt.Errorf("provider %q: kind is test or signed", s.Name)
}

func beside(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func readKeys(path string) (*jose.JSONWebKeySet, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(data, &keys); err != nil {
		return nil, errors.New("the key file is no JWK set")
	}
	return &keys, nil
}
