package main

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"os"
	"path/filepath"

	"github.com/idem-id/idem/internal/demo"
	"github.com/idem-id/idem/internal/face/ort"
	"github.com/idem-id/idem/internal/models"
)

// The numbers of sample people who look at the camera, from 1 on.
const (
	holderNumber   = 14
	strangerNumber = 16
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: stage FOLDER")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "stage:", err)
		os.Exit(1)
	}
}

// run writes everything into the folder, which it makes.
func run(ctx context.Context, folder string) error {
	if err := os.MkdirAll(filepath.Join(folder, "chip"), 0o700); err != nil {
		return err
	}
	cast, err := openCast(ctx)
	if err != nil {
		return err
	}
	defer cast.close()
	s := &set{folder: folder, Width: frameWidth, Height: frameHeight, Scenes: map[string]int{}}
	if err := s.film(ctx, cast); err != nil {
		return err
	}
	if err := s.issue(cast.holder); err != nil {
		return err
	}
	return s.describe()
}

// cast is who plays.
type cast struct {
	engine           *ort.Engine
	holder, stranger image.Image
	live             image.Image // the holder in front of the camera
}

func openCast(ctx context.Context) (*cast, error) {
	folder, err := models.Dir(os.Getenv)
	if err != nil {
		return nil, err
	}
	c := &cast{engine: ort.Open(folder, ort.Options{Workers: 1})}
	people, err := demo.Portraits(ctx, c.engine, models.Files(folder, models.Sample))
	if err == nil && len(people) < strangerNumber {
		err = fmt.Errorf("only %d sample people", len(people))
	}
	if err != nil {
		c.close()
		return nil, fmt.Errorf("cut out the sample people (make models): %w", err)
	}
	c.holder, c.stranger = people[holderNumber-1].Image, people[strangerNumber-1].Image
	if c.live, err = straightened(ctx, c.engine, c.holder); err != nil {
		c.close()
		return nil, fmt.Errorf("straighten the holder: %w", err)
	}
	return c, nil
}

func (c *cast) close() { _ = c.engine.Close() }

// set is what was prepared; its exported part becomes stage.json.
type set struct {
	folder string

	Width  int            `json:"width"`  // of a frame, pixels
	Height int            `json:"height"` // of a frame, pixels
	Scenes map[string]int `json:"scenes"` // frames of NAME.i420
	Person person         `json:"person"`
}

// person is what the documents state about the holder.
type person struct {
	Surname        string `json:"surname"`
	Given          string `json:"given"`
	Number         string `json:"document_number"`
	PersonalNumber string `json:"personal_number"`
}

func (s *set) describe() error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return s.write("stage.json", text)
}

func (s *set) write(name string, data []byte) error {
	return os.WriteFile(filepath.Join(s.folder, name), data, 0o600)
}
