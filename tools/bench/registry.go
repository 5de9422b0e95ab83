package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"path/filepath"
	"strings"
	"time"

	"github.com/idem-id/idem/internal/demo"
)

// The load of the registry: how many clients, how long a round, how many rounds.
const (
	clients = 32
	round   = 3 * time.Second
	rounds  = 3
)

// registryLoad measures reads of persons and durable alias writes over HTTP on
// SQLite, load and server sharing the machine, and reports the median round.
func registryLoad(ctx context.Context, b *bench) ([]row, error) {
	s, err := b.serve(ctx, filepath.Join(b.work, "registry"), "")
	if err != nil {
		return nil, err
	}
	defer s.stop()
	portraits, err := b.portraits(ctx)
	if err != nil {
		return nil, err
	}
	persons, err := s.populate(portraits)
	if err != nil {
		return nil, err
	}
	pick := func(n int64) string { return persons[n%int64(len(persons))] }
	reads := best(func() load {
		return drive(clients, round, func(n int64) error {
			_, err := s.call("GET", "/v1/persons/"+pick(n), "", nil)
			return err
		})
	})
	stamp := time.Now().UnixNano()
	writes := best(func() load {
		stamp++
		return drive(clients, round, func(n int64) error {
			body := fmt.Sprintf(`{"type":"CUSTOM","value":"%d-%d"}`, stamp, n)
			_, err := s.call("POST", "/v1/persons/"+pick(n)+"/aliases", "application/json", strings.NewReader(body))
			return err
		})
	})
	return []row{
		{"registry reads, GET /v1/persons/{id}, SQLite", reads.String(), "≥ 3,000/s, p99 ≤ 50 ms"},
		{"durable alias writes over HTTP, SQLite", writes.String(), "≥ 1,000/s, p99 ≤ 50 ms"},
	}, nil
}

// copies is how often each sample person is enrolled to make a population.
const copies = 10

func (s *server) populate(portraits []demo.Portrait) (persons []string, err error) {
	for _, p := range portraits {
		for seed := range uint64(copies) {
			photo, err := demo.Recapture(p.Image, seed)
			if err != nil {
				return nil, err
			}
			id, err := s.createPerson(photo)
			if err != nil {
				return nil, err
			}
			persons = append(persons, id)
		}
	}
	return persons, nil
}

// best runs the rounds and returns the one of median throughput.
func best(f func() load) load {
	all := make([]load, rounds)
	rates := make([]float64, rounds)
	for i := range all {
		all[i] = f()
		rates[i] = all[i].perSecond
	}
	middle := median(rates)
	for _, l := range all {
		if l.perSecond == middle {
			return l
		}
	}
	return all[0]
}

// createPerson enrols a photo and returns the person's id.
func (s *server) createPerson(photo []byte) (string, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("image", "photo.jpg")
	if err != nil {
		return "", err
	}
	if _, err := part.Write(photo); err != nil {
		return "", err
	}
	if err := form.WriteField("photo_type", "live"); err != nil {
		return "", err
	}
	if err := form.Close(); err != nil {
		return "", err
	}
	answer, err := s.call("POST", "/v1/persons", form.FormDataContentType(), &body)
	if err != nil {
		return "", err
	}
	var person struct {
		ID string `json:"id"`
	}
	return person.ID, json.Unmarshal(answer, &person)
}
