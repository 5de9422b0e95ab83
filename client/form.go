package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime/multipart"
	"slices"
)

// withForm gives a call a form: pictures and named files as files, texts as
// they are, all else as JSON. Nil members are left out. Pictures travel a quarter smaller than in
// base64.
func withForm(k call, members map[string]any) (call, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if err := writeMember(form, name, members[name]); err != nil {
			return k, fmt.Errorf("encode request: %w", err)
		}
	}
	if err := form.Close(); err != nil {
		return k, fmt.Errorf("encode request: %w", err)
	}
	k.body, k.contentType = body.Bytes(), form.FormDataContentType()
	return k, nil
}

func writeMember(form *multipart.Writer, name string, value any) error {
	switch v := value.(type) {
	case []byte:
		if v == nil {
			return nil
		}
		return writeFile(form, name, name, v)
	case [][]byte:
		for _, data := range v {
			if err := writeFile(form, name, name, data); err != nil {
				return err
			}
		}
		return nil
	case map[string][]byte:
		for _, file := range slices.Sorted(maps.Keys(v)) {
			if err := writeFile(form, name, file, v[file]); err != nil {
				return err
			}
		}
		return nil
	case string:
		if v == "" {
			return nil
		}
		return form.WriteField(name, v)
	}
	raw, err := json.Marshal(value)
	if err != nil || string(raw) == "null" {
		return err
	}
	return form.WriteField(name, string(raw))
}

func writeFile(form *multipart.Writer, name, file string, data []byte) error {
	part, err := form.CreateFormFile(name, file)
	if err != nil {
		return err
	}
	_, err = part.Write(data)
	return err
}
