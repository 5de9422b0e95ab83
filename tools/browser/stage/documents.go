package main

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"path/filepath"

	"github.com/idem-id/idem/internal/specimen"
	"github.com/idem-id/idem/internal/tech/edocument/edoctest"
	"golang.org/x/image/draw"
)

// issue makes the holder's documents: the scene DOCUMENT and document.jpg of a
// passport, selfie.jpg, and below chip the files of its chip with csca.cer, the
// root that issued it.
func (s *set) issue(holder image.Image) error {
	fonts, err := specimen.LoadFonts(specimen.FontFolder)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(11, 11))
	who := specimen.NewPerson(r)
	s.Person = person{who.Surname, who.Given, who.Number, who.PersonalNumber}
	card, err := specimen.Draw(fonts, specimen.TD3, who, holder, r)
	if err != nil {
		return err
	}
	if err := s.photograph(card); err != nil {
		return err
	}
	portrait, err := encode(holder)
	if err != nil {
		return err
	}
	if err := s.write("selfie.jpg", portrait); err != nil {
		return err
	}
	return s.chip(card.Lines, portrait)
}

// photograph writes a picture of the card, and the same as a scene: a hand
// moves it a little between its frames.
func (s *set) photograph(card specimen.Card) error {
	var frames []*image.RGBA
	for i := range 3 {
		shot := specimen.Shot{Width: 1420, Turn: 1 + .2*float64(i), Tilt: 4, Pan: 3, Blur: .5, Light: .1}
		picture, _ := specimen.Photograph(card.Image, shot, rand.New(rand.NewPCG(3, 3))) // the same table
		if i == 0 {
			data, err := encode(picture)
			if err != nil {
				return err
			}
			if err := s.write("document.jpg", data); err != nil {
				return err
			}
		}
		frame := image.NewRGBA(image.Rect(0, 0, frameWidth, frameHeight))
		draw.CatmullRom.Scale(frame, frame.Rect, picture, picture.Rect, draw.Src, nil)
		frames = append(frames, frame)
	}
	return s.scene("DOCUMENT", frames)
}

func (s *set) chip(zone []string, portrait []byte) error {
	issuer, err := edoctest.Found(edoctest.P256(), "UT")
	if err != nil {
		return err
	}
	for name, data := range issuer.Chip(edoctest.Groups(zone, portrait)) {
		if err := s.write(filepath.Join("chip", name), data); err != nil {
			return err
		}
	}
	return s.write("csca.cer", issuer.Root)
}

func encode(im image.Image) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, im, &jpeg.Options{Quality: 92}); err != nil {
		return nil, fmt.Errorf("encode a picture: %w", err)
	}
	return out.Bytes(), nil
}
