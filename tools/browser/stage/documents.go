package main

import (
	"bytes"
	"errors"
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
// passport, front.jpg of a card, whose machine readable zone is on its back,
// selfie.jpg, and below chip the files of a chip with csca.cer, the root that
// issued it.
func (s *set) issue(holder image.Image) error {
	fonts, err := specimen.LoadFonts(specimen.FontFolder)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(11, 11))
	who := specimen.NewPerson(r)
	s.Person = person{who.Surname, who.Given, who.Number, who.PersonalNumber}
	front, err := specimen.Draw(fonts, specimen.TD1Front, who, holder, r)
	if err != nil {
		return err
	}
	passport, err := specimen.Draw(fonts, specimen.TD3, who, holder, r)
	if err != nil {
		return err
	}
	if err := errors.Join(s.picture("front.jpg", shoot(front, 0)), s.picture("document.jpg", shoot(passport, 0)), s.picture("selfie.jpg", holder)); err != nil {
		return err
	}
	if err := s.scene("DOCUMENT", swaying(passport)); err != nil {
		return err
	}
	portrait, err := encode(holder)
	if err != nil {
		return err
	}
	return s.chip(passport.Lines, portrait)
}

// shoot photographs a card, turned by so many degrees more.
func shoot(card specimen.Card, more float64) *image.RGBA {
	shot := specimen.Shot{Width: 1420, Turn: 1 + more, Tilt: 4, Pan: 3, Blur: .5, Light: .1}
	picture, _ := specimen.Photograph(card.Image, shot, rand.New(rand.NewPCG(3, 3))) // always on the same table
	return picture
}

// swaying is what a camera sees that a hand holds over a card.
func swaying(card specimen.Card) (frames []*image.RGBA) {
	for i := range 3 {
		picture, frame := shoot(card, .2*float64(i)), image.NewRGBA(image.Rect(0, 0, frameWidth, frameHeight))
		draw.CatmullRom.Scale(frame, frame.Rect, picture, picture.Rect, draw.Src, nil)
		frames = append(frames, frame)
	}
	return frames
}

func (s *set) picture(name string, im image.Image) error {
	data, err := encode(im)
	if err != nil {
		return err
	}
	return s.write(name, data)
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
