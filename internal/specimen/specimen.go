package specimen

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"image"
	"image/jpeg"
	"math/rand/v2"

	"github.com/idem-id/idem"
)

// Order asks for one photograph.
type Order struct {
	Kind     Kind
	Level    string // one of Levels
	Seed     uint64
	Index    int         // tells photographs of one seed, kind and level apart
	Portrait image.Image // nil draws one
}

// Photo is a photograph of a specimen with all that is true about it.
type Photo struct {
	JPEG   []byte
	Card   Card
	Quad   Quad // where the card is in the photograph
	Person Person
}

// Take draws a document and photographs it. An order always gives the same
// photograph. Refusals are SPECIMEN_KIND and SPECIMEN_LEVEL.
func Take(f *Fonts, o Order) (Photo, error) {
	r := o.random("shot " + string(o.Kind))
	shot, ok := Level(o.Level, r)
	if !ok {
		return Photo{}, idem.Errorf(idem.Invalid, "SPECIMEN_LEVEL", "there is no level %q, they are L0 to L4", o.Level)
	}
	p := Photo{Person: o.person()}
	var err error
	if p.Card, err = Draw(f, o.Kind, p.Person, o.Portrait, r); err != nil {
		return Photo{}, err
	}
	picture, quad := Photograph(p.Card.Image, shot, r)
	p.Quad = quad
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: shot.Quality}); err != nil {
		return Photo{}, fmt.Errorf("encode a specimen: %w", err)
	}
	p.JPEG = b.Bytes()
	return p, nil
}

func (o Order) person() Person {
	if o.Kind.back() == Bilingual {
		return NewNative(o.random("person"))
	}
	return NewPerson(o.random("person"))
}

// random returns the source of one purpose. The front and the back of a card
// draw their person from the same one.
func (o Order) random(purpose string) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%s/%s/%d", purpose, o.Kind.back(), o.Level, o.Index)
	return rand.New(rand.NewPCG(o.Seed, h.Sum64()))
}
